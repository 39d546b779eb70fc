"""The Talos API of the network door: gRPC over mutual TLS before the embedded cluster, for the real talosctl."""

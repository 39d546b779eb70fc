"""The network door: the embedded cluster on loopback sockets, for the real talosctl and kubectl."""

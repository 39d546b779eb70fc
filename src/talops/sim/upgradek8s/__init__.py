"""The argv door: `talosctl upgrade-k8s` of 1.13.0. What a node does when it is asked is not here, but told apart."""

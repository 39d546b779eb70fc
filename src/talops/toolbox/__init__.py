"""Finding and installing the external tools: lock file, store, doctor."""

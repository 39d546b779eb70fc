"""The Kubernetes half of the embedded cluster: an object store, and the API that a real server puts before it."""

"""talops: safe day-2 operations for Kubernetes on Talos Linux."""

__version__ = "0.1.0"

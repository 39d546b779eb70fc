"""The cluster's files: generate, check, diff, redact."""

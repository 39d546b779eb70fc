"""Frozen values of the field and the protocols between the edges and the core. Standard library and semver only."""

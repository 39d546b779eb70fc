"""`talops install cni`: what it would change, applying it, and waiting until it is true."""

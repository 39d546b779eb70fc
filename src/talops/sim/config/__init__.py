"""The machine config of a node: what a node makes of its text, and what applying another one does."""

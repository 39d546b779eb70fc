"""Numbers that are promised, measured in one run: `python -m benchmarks`."""

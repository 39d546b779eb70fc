"""Thin adapters, one per external tool: argv or request out, typed values in. No policy, no retry of a mutation."""

"""Carries out a plan: waits on gates, drains, upgrades, verifies, holds the Lease, keeps the journal."""

"""Baselines: search as a shop calls it, and what a Django shop could use instead."""

"""Baselines of recommendation that shopreco itself does not use."""

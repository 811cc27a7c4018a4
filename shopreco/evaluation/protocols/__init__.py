"""Protocols: how a data set is split, asked and scored, and what is reported."""

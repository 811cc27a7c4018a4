"""Benchmarks: how long indexing, searches, saves and category pages take."""

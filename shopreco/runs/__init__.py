"""Runs: long work as a row, which any process can take up where another stopped."""

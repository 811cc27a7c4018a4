"""Edges in files: CSV, and the `.kg` format of RecBole."""

"""The shop of an evaluation: one table of products, read from a folder."""

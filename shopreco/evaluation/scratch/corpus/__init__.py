"""The shop of an evaluation: one table of products, in a scratch database."""

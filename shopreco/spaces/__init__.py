"""Embedding spaces: what they are made of, which one answers, and their vectors."""

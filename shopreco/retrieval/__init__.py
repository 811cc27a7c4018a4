"""Retrievers: what finds items, by words, meaning, pictures, links and numbers."""

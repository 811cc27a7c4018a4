"""What visitors do: events, visitors and their consent. It knows nothing of retrieval."""

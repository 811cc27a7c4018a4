"""shopreco: semantic search and recommendations for a Django shop."""

__version__ = "0.1.0"

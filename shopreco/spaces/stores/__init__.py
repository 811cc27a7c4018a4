"""Vector stores: where the vectors of a space are kept and searched."""

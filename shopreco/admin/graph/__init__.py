"""The knowledge graph in the admin: nodes, edges, kinds of relations, and values found in texts."""

"""The knowledge graph of a catalogue: built with the index, read from files, curated by people."""

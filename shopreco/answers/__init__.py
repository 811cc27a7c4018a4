"""How a page is made: search, blocks, suggestions, facets, hydration, reasons."""

"""One drawing function per kind of product, by department."""

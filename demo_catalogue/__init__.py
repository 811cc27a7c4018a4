"""The products of the demo shop: what reads them from feeds, what invents and draws them, and the
one loader that writes both into the shop."""

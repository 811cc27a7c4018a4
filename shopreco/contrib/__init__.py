"""Optional apps, each for one world beside the shop. Nothing else of shopreco imports them."""

"""What visitors do, in the admin."""

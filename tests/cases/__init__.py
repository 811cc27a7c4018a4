"""Real-world inputs and the right answers."""

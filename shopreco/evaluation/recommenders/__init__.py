"""What recommends the next item: baselines, each in a file, and what is measured beside them."""

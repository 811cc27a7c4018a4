"""Training: what is learned from behaviour. Workers do it; torch is imported where it computes."""

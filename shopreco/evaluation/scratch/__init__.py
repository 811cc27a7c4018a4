"""Scratch databases, the processes that work in them, and the shops that they hold."""

"""Mining: what events say of products, counted once, however late and in whatever order they come.

`slices` reads new events, and hands each slice to `days`, `baskets`, `sequences` and `choices`.
"""

"""The index in the admin: items, spaces, runs, the overview and the search console."""

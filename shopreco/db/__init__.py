"""Where our tables are, how statements reach them, and what a process keeps of them."""

"""The actors of one conversation, and what of it outlives them when they fail and are started again."""

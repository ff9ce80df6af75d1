"""The processes of a server: the launcher, its workers, what they tell each other, and how they end."""

"""Speech to text on this machine by PocketSphinx, which runs in a process of its own."""

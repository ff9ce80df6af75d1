"""What one client may take of a server: how often, and how much at once."""

"""What audio is sent when, and how much of what was sent the caller has heard."""

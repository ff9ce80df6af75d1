"""Text to speech on this machine by eSpeak NG, which runs in a process of its own."""

"""The processes of a server: the launcher, its workers, the pipe between them, signals, and how each process ends."""

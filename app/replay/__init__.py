"""Session files: what turn-taking was told in a session and what it decided, written to a file, read and replayed."""

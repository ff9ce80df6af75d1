"""Where records of sessions are kept: the store in memory, and the wrapper that tells others of each record."""

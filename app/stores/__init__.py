"""Where records of sessions are kept, in memory or in Redis, and the claims by which a worker owns a session."""

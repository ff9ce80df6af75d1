"""How calls outlive their worker: kept for others, taken over from one that died, and drained."""

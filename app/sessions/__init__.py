"""The sessions of a worker: what they are made of, how many there may be, and how they end with their worker."""

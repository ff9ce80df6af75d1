"""WebSockets on Hypercorn: the fast path, reading, writing with backpressure, pings, limits of connections."""

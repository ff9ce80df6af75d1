"""Processes and sockets: launcher, workers and their pipe, signals, logging, Hypercorn, WebSocket backpressure."""

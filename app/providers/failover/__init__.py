"""Engines in pairs: one that is asked first, and one that takes over when it fails, within the same call.

Each has a circuit breaker, so that a provider that is down is not waited for again and again.
"""

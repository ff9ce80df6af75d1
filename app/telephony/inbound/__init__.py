"""Calls that come in: whether they are answered, by which agent, and behind which code."""

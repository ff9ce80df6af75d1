"""MCP servers to talk with in tests: `crm.py` is a good one, `broken.py` goes wrong in whatever way it is told."""

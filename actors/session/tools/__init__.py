"""The tools that a model calls: their rounds, runs, progress and approvals."""

"""The tools that a model calls: their rounds, runs, progress and approvals, and handoffs to other agents."""

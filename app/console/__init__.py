"""The operators' console: what goes on in every worker, what is wrong first, and what an operator can do about it."""

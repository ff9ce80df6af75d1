"""Evaluations: conversations from YAML files, held with an agent in text, and what came of them."""

"""Agents in the app: reading their YAML files, changes by operators, and their fixed phrases kept as audio (TTS)."""

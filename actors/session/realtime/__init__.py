"""Speech to speech: the orchestrator of a model that hears and speaks by itself, and that model's session."""

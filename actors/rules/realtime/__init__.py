"""Speech-to-speech models: how far a conversation with one is, what its failures mean, what was heard of its reply."""

"""The one vocabulary of a session: what its actors tell each other, by the stage of the conversation it is about."""

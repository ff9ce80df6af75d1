"""Text to speech (TTS): the actor that speaks the replies, and what the engine owes of each."""

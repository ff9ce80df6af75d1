"""Voice activity detection (VAD): the Silero model, and the measure of energy that stands in for it."""

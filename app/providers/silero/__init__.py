"""Voice activity detection: the Silero model, and the measure of energy that stands in for it."""

"""When the caller is done speaking: how complete their words are, and how long they pause."""

"""Speech to text (STT): the actors that hear the caller, and the recent audio that they hear again."""

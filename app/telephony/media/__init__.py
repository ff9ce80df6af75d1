"""The media of a call: its connection and who watches it, voices mixed and resampled, keys (DTMF)."""

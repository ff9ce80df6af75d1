"""The Realtime protocol of speech-to-speech services: its commands, its events, its two dialects. Without any I/O."""

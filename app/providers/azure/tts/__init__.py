"""Text to speech by Azure Speech: the synthesizer, its pooled connections, and the audio that comes back."""

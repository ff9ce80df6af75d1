"""The engines behind the ports: speech to text, text to speech, language models, and voice activity detection."""

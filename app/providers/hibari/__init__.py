"""Text to speech (TTS) on this machine: hibari, one American voice, on onnxruntime."""

"""Text to speech on this machine: hibari, one American voice, on onnxruntime."""

"""Speech to text (STT) on this machine: Moonshine tiny, English, on onnxruntime."""

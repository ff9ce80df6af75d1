"""Speech to text on this machine: Moonshine tiny, English, on onnxruntime."""

"""The making of replies (LLM): asking the model, filtering and judging its text, handing it to the synthesizer."""

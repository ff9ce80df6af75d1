"""The keyless language model `script`: dialogues as data, their checks, and what runs them."""

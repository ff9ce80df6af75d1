"""A model's text on its way to the voice: sentences, markup, what is not spoken, pronunciation."""

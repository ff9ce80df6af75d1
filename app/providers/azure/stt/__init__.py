"""Speech to text by Azure Speech: the recognizer, and what its SDK reports."""

"""How much a user may say at once. Pure."""

MAX_UTTERANCE_CHARS = 6_000
"""Characters of one user message, after merging: about seven minutes of speech, or a page and a half of typing."""


def bounded_utterance(text: str) -> str:
    """`text`, or its last words that fit into `MAX_UTTERANCE_CHARS` characters.

    Who goes on adding to an utterance means what came last: the oldest words are left out.
    """
    if len(text) <= MAX_UTTERANCE_CHARS:
        return text
    kept = text[-MAX_UTTERANCE_CHARS:]
    if text[-MAX_UTTERANCE_CHARS - 1].isspace() or kept[0].isspace():
        return kept.strip()
    _, blank, whole_words = kept.partition(" ")
    return whole_words.strip() if blank else kept


def joined_utterance(said: str, more: str) -> str:
    """Two parts of one utterance as one, bounded."""
    return bounded_utterance(f"{said} {more}".strip())

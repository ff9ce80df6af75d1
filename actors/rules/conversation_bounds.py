"""How long a conversation may become: all of it is kept in memory, saved after each turn, and moved with its session.

One that is as long as it may be ends politely, as one that has lasted as long as it may. Nothing of it is left out: who
reads a record has to have what was said, and its beginning is what a summary and a successor stand on. Pure.
"""

from collections.abc import Sequence

from actors.conversation import ChatMessage
from actors.rules.context_budget import chars_of

MAX_MESSAGES = 10_000
"""The most messages of one conversation: a day of talk, or of listening, has fewer."""
MAX_CHARS = 1_000_000
"""The most characters of all texts and tool arguments together: some eighteen hours of speech, 1 MB in each record."""


def is_full(messages: Sequence[ChatMessage]) -> bool:
    """Whether a conversation has as many messages, or characters, as it may have."""
    return len(messages) >= MAX_MESSAGES or sum(map(chars_of, messages)) >= MAX_CHARS

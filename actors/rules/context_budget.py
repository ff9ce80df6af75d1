"""How much of a conversation a language model reads with each request. Pure."""

from collections.abc import Sequence

from actors.conversation import ChatMessage, Role

MAX_CONTEXT_CHARS = 48_000
"""The most characters of a conversation that a model reads: about 12,000 tokens, an hour of talk. Every turn costs
money and time for all of it."""
MAX_CONTEXT_MESSAGES = 200


def within_budget(messages: Sequence[ChatMessage], max_chars: int = MAX_CONTEXT_CHARS) -> Sequence[ChatMessage]:
    """The newest messages that fit, in order: the user's last words and all behind them, and what there is room for.

    A tool's result never comes without the call that it answers, and a note at the beginning is never left out: it
    stands for what came before.
    """
    if messages and messages[0].role is Role.NOTE:
        return (messages[0], *within_budget(messages[1:], max_chars - chars_of(messages[0])))
    chars, start = 0, len(messages)
    owed = next((at for at in range(len(messages) - 1, -1, -1) if messages[at].role is Role.USER), 0)
    for at in range(len(messages) - 1, -1, -1):
        chars += chars_of(messages[at])
        fits = chars <= max_chars and len(messages) - at <= MAX_CONTEXT_MESSAGES
        if not fits and at < owed:
            break
        start = at
    while start < len(messages) and messages[start].role is Role.TOOL:
        start += 1
    return messages[start:]


def chars_of(message: ChatMessage) -> int:
    """How much of a budget a message takes."""
    chars = len(message.text)
    # Asked of each message after each reply: hardly any of them calls tools.
    return chars + sum(len(request.arguments) for request in message.tool_requests) if message.tool_requests else chars

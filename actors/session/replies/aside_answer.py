"""The short answer of a language model to a question of our own, which is asked beside the conversation."""

from contextlib import aclosing
from typing import Any, cast

import msgspec

from actors.ports.llm import LanguageModel, ModelRequest, ReplyGenerated, TextGenerated
from actors.session.replies.spending import CHARS_PER_TOKEN


class AsideAnswer(msgspec.Struct):
    """What has come of one answer; also of one that breaks off, which is paid for all the same."""

    text: str = ""
    tokens: int = 0
    """What it cost, as the model has told it; 0 until then."""
    is_complete: bool = False
    """The model has told that this is all."""

    async def read(self, model: LanguageModel, request: ModelRequest, most_chars: int) -> None:
        """Ask, and read the answer to its end, or until it is longer than `most_chars`.

        Raises:
            ModelError: as in `LanguageModel`.
        """
        async with aclosing(cast(Any, model.reply(request))) as events:
            async for event in events:
                match event:
                    case TextGenerated(piece):
                        self.text += piece
                    case ReplyGenerated():
                        self.tokens = event.prompt_tokens + event.completion_tokens
                        self.is_complete = True
                        break
                if len(self.text) > most_chars:
                    break

    def cost(self, asked_chars: int) -> int:
        """The tokens that it cost; an estimate, with a question of `asked_chars`, where the model has told none."""
        return self.tokens or (asked_chars + len(self.text)) // CHARS_PER_TOKEN

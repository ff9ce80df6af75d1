"""What an agent may do about the language in which it converses."""

from typing import Annotated

from msgspec import Meta

from actors.rules.agent_language import matching
from actors.tools import ToolContext, ToolOutcome, tool

Language = Annotated[str, Meta(min_length=2, max_length=35)]


@tool
async def switch_language(language: Language, context: ToolContext) -> ToolOutcome:
    """Converse in another language from now on. Call it when the user asks for it, then answer in that language.

    Args:
        language: A language tag, such as de-DE.
    """
    found = matching(language, context.languages)
    if not found:
        known = ", ".join(context.languages) or "no other language"
        return ToolOutcome({"error": f"you cannot speak {language}: you speak {known}"}, failed=True)
    return ToolOutcome({"status": f"the conversation goes on in {found}"}, language=found)

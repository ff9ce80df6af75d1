"""In which language an agent converses, and how it speaks in it. Pure.

An agent with several languages begins in the one that is known of the caller, else in its first. It follows a caller
who speaks another of them: at once where an utterance is long enough for its language to be sure, else at the second
one, for a name or a "no" is the same in many languages.
"""

from collections.abc import Sequence

import msgspec

from actors.agent import Agent

SURE_WORDS = 4
"""An utterance of at least this many words changes the language of the conversation by itself."""
SURE_CHARS = 10
"""An utterance of at least this many characters does so in scripts without blanks between words."""


class LanguageHeard(msgspec.Struct, frozen=True):
    """The language of the caller's last utterance, where it is not the one of the conversation; empty if it is."""

    language: str = ""


def matching(wanted: str, languages: Sequence[str]) -> str:
    """The one of `languages` that is meant by a language tag: the same, else one of the same language; else nothing."""
    tag = wanted.strip().replace("_", "-").lower()
    same = (each for each in languages if each.lower() == tag)
    alike = (each for each in languages if tag and each.partition("-")[0].lower() == tag.partition("-")[0])
    return next(same, "") or next(alike, "")


def followed(heard: LanguageHeard, present: str, text: str, spoken: str) -> tuple[str, LanguageHeard]:
    """The language of the conversation after an utterance, and what is to be known with the next one.

    Args:
        heard: what was known before.
        present: the language of the conversation.
        text: the caller's words.
        spoken: the language in which they were said, one of the agent's; empty if it is not known.
    """
    if not spoken or spoken == present:
        return present, LanguageHeard()
    words = text.split()
    is_sure = len(words) >= SURE_WORDS or (len(words) == 1 and len(text) >= SURE_CHARS and not text.isascii())
    if is_sure or heard.language == spoken:
        return spoken, LanguageHeard()
    return present, LanguageHeard(spoken)


def speaking(agent: Agent, language: str) -> Agent:
    """The agent as it speaks one of its languages: with the greeting, the phrases and the voice that it has for it."""
    own = agent.in_language.get(language)
    if own is None:
        return agent
    return msgspec.structs.replace(
        agent,
        greeting=own.greeting or agent.greeting,
        introduction=own.introduction or agent.introduction,
        phrases=own.phrases,
        voice=own.voice or agent.voice,
    )


def in_all_languages(agent: Agent) -> tuple[Agent, ...]:
    """The agent as it speaks each of its languages, each way once, that of its first language before the others."""
    return (agent, *(speaking(agent, language) for language in agent.in_language))

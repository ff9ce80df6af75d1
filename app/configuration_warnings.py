"""What works as it was set, and is likely not meant: a line each, for the log at the start and for `check`."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import msgspec

from actors.agent import OnFailure, Phrases
from actors.rules.agent_language import speaking
from actors.rules.guardrail_verdicts import has_topics
from app.agents.phrases_by_language import left_in_english
from app.auth.acs import NO_PROOF, AcsAccess, acs_configured
from app.auth.browser import browser_auth
from app.auth.exposure import Exposure
from app.auth.origins import is_loopback
from app.configuration import Configuration, realtime_not_installed
from app.dialogue.schema import dialogue_of
from config.groups.access import BrowserAuth
from config.settings import Settings


def warnings_of(settings: Settings) -> Iterator[str]:
    """The settings that are likely not meant: a line each."""
    if "*" in settings.access.allowed_origins:
        yield "ALLOWED_ORIGINS is *: the pages of every site may open conversations in their visitors' browsers"
    if "*" in settings.access.allowed_hosts:
        yield "ALLOWED_HOSTS is *: a page can have its own name resolve to this server and use it (DNS rebinding)"
    if not_installed := realtime_not_installed(settings):
        yield f"REALTIME_MODEL is none, though one is configured: {not_installed}"
    state = settings.server.state_directory
    if state is not None and not _can_be_written(state):
        yield "STATE_DIRECTORY cannot be written: the calls that are up when the server ends would be forgotten"
    acs_access = AcsAccess(settings)
    if acs_access.on and not _is_guid(settings.acs.audience):
        yield (
            "ACS_AUDIENCE is no GUID, and ACS is refused: it is the immutable id of the resource, not its name or path"
        )
    if acs_access.on and not acs_access.knows_event_grid:
        yield f"no call that comes in is answered, as Event Grid deliveries are refused: {NO_PROOF}"
    exposure = Exposure(settings)
    if not exposure.public:
        return
    is_public = f"{exposure.public_by} is public"
    if browser_auth(settings) is BrowserAuth.OFF:
        yield f"BROWSER_AUTH is off, and {is_public}: everybody may talk, and watch a session by its id"
    if acs_configured(settings) and not acs_access.on and settings.access.enable_auth_validation is None:
        yield "no call that comes in is answered: HOST is public, BASE_URL is local, ENABLE_AUTH_VALIDATION is unset"
    if settings.access.enable_auth_validation is False:
        yield f"ENABLE_AUTH_VALIDATION is off, and {is_public}: everybody may act as the network"
    if settings.access.operator_token is None and browser_auth(settings) is not BrowserAuth.ENTRA:
        yield f"OPERATOR_TOKEN is unset, and {is_public}: operators' routes answer nobody"
    if settings.server.base_url.startswith("http:") and not is_loopback(
        settings.server.base_url.split("/")[2].rsplit(":", 1)[0]
    ):
        yield "BASE_URL is http: tokens and voices go over the network for everybody to read; use https"


def _can_be_written(directory: Path) -> bool:
    """Whether files can be made in a directory, which itself is made when it is needed."""
    there = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def agents_without_words(configuration: Configuration) -> Iterator[str]:
    """The agents that cannot answer, since the keyless language model speaks dialogues and they have none."""
    if configuration.engines["language_model"].name != "script":
        return
    for agent in configuration.agents.values():
        if dialogue_of(agent) is None:
            yield f"the agent {agent.name} has no dialogue, which is all that LANGUAGE_MODEL script can speak"


def topics_without_judge(configuration: Configuration) -> Iterator[str]:
    """The agents whose guardrails need a language model to judge by them, where there is none."""
    if configuration.engines["language_model"].name != "script":
        return
    for agent in configuration.agents.values():
        if has_topics(agent):
            effect = "all is spoken" if agent.guardrail_model.on_failure is OnFailure.OPEN else "no reply is spoken"
            yield f"LANGUAGE_MODEL script cannot judge by the topics in guardrails of the agent {agent.name}: {effect}"


def languages_not_understood(configuration: Configuration, settings: Settings) -> Iterator[str]:
    """The agents of whose callers some speak what the recognizer does not understand: a line each."""
    recognizer = configuration.engines["speech_recognizer"]
    for agent in configuration.agents.values():
        spoken = settings.agents.recognized_language or agent.languages
        strange = [each for each in spoken if each.lower().split("-")[0] not in recognizer.languages]
        if recognizer.languages and strange:
            yield (
                f"SPEECH_RECOGNIZER: {recognizer.name} understands {', '.join(recognizer.languages)} only, and callers "
                f"of the agent {agent.name} may speak {', '.join(strange)} too"
            )


def phrases_left_in_english(configuration: Configuration) -> Iterator[str]:
    """What agents would say in English, or in their first language, to callers of another: a line for each."""
    for agent in configuration.agents.values():
        for number, language in enumerate(agent.languages):
            if not left_in_english((language,)):
                continue
            if number and language not in agent.in_language:
                yield f"the agent {agent.name} has no phrases for callers who speak {language}"
            elif left := _left_as_they_are(speaking(agent, language).phrases):
                some = "" if len(left) == len(_USUAL) else f" ({', '.join(left)})"
                yield f"the phrases of the agent {agent.name} are English, and its callers speak {language}{some}"


_USUAL = {name: said for name, said in msgspec.structs.asdict(Phrases()).items() if said}


def _left_as_they_are(phrases: Phrases) -> list[str]:
    return [name for name, said in _USUAL.items() if getattr(phrases, name) == said]

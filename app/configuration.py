"""Whether the server can work as it is configured: the one function that `serve` and `check` both ask.

What is found here stops the start with one line, so that no caller is the first to meet it.
"""

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from actors.agent import Agent, OnFailure, Phrases
from actors.rules.agent_language import in_all_languages, speaking
from actors.rules.guardrail_verdicts import has_topics
from actors.tools import AnyTool
from app.agents.agent_files import load_agents
from app.agents.phrases_by_language import left_in_english
from app.agents.roster import require_default_agent
from app.auth.acs import NO_PROOF, AcsAccess, acs_configured, validation_on
from app.auth.browser import browser_auth
from app.auth.exposure import Exposure
from app.auth.origins import is_loopback
from app.carrier import carrier_of
from app.dialogue.schema import dialogue_of
from app.engines.built_in import ABSENT, BuiltIn, configured_in_vain
from app.engines.choice import chosen, require_loadable
from app.engines.ports import FALLBACK
from app.providers.openai_chat.resource import azure_resource
from app.replay.audio_lanes import AUDIO_PACKAGES
from app.server.tls import tls_files
from app.sessions.modes import Modes
from app.stores.redis_address import redis_address
from app.telemetry.exporting import require_usable_variables
from app.telephony.call_context import require_agents_by_number
from app.tools import load_tools
from config.errors import SettingsError
from config.groups.access import BrowserAuth
from config.groups.records import Records
from config.settings import Settings


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """What the server works with. `engines` is by setting, such as `speech_recognizer`."""

    agents: Mapping[str, Agent]
    tools: Mapping[str, AnyTool]
    engines: Mapping[str, BuiltIn]


def usable_configuration(settings: Settings) -> Configuration:
    """The agents, tools and engines of these settings.

    Raises:
        AgentFileError, ToolDefinitionError: an agent's file or a tool cannot be used.
        SettingsError: an engine cannot be loaded, something is missing, or does not fit together; names the variable.
    """
    carrier_of(settings)
    if acs_configured(settings) and not settings.server.base_url:
        raise SettingsError("ACS is configured, and does not know how to reach this server: set BASE_URL")
    _require_webhook(settings.records)
    _require_directory(settings.records)
    redis_address(settings)
    tls_files(settings)
    require_usable_variables(settings.telemetry)
    engines = chosen(settings)
    require_loadable(engines)
    try:
        has_realtime = engines["realtime_model"] is not ABSENT["realtime_model"]
        Modes(settings.agents.streaming_mode, speech_to_speech=has_realtime).usable_mode("")
    except ValueError as error:
        raise SettingsError(f"ACS_STREAMING_MODE: {_realtime_not_installed(settings) or error}") from None
    tools = load_tools()
    agents = load_agents(settings.agents.directory, tools)
    require_default_agent(settings, agents)
    require_agents_by_number(settings, agents)
    for agent in agents.values():
        _require_model(settings, engines, agent)
        _require_language(settings, engines["speech_recognizer"], agent)
        _require_voice(engines["speech_synthesizer"], agent)
    return Configuration(agents=agents, tools=tools, engines=engines)


def _realtime_not_installed(settings: Settings) -> str:
    """What a speech-to-speech model lacks that is configured; empty if one is used, named or not configured."""
    if settings.engines.realtime_model:
        return ""
    return next(configured_in_vain("realtime_model", settings), "")


def _require_webhook(records: Records) -> None:
    """Records are signed, and go over the network encrypted."""
    if not records.url:
        return
    if records.secret is None:
        raise SettingsError("CALL_RECORD_URL is set, and nothing to sign the records with: set CALL_RECORD_SECRET")
    parts = urlsplit(records.url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise SettingsError("CALL_RECORD_URL must be https://...: http would send the records unencrypted")


def _require_directory(records: Records) -> None:
    """Session files have somewhere to be written, and a place that they fit into."""
    if records.transcribed_audio and not records.audio:
        raise SettingsError("RECORD_TRANSCRIBED_AUDIO is on, and no audio is kept: set RECORD_AUDIO")
    if not records.records_sessions:
        if records.audio:
            raise SettingsError("RECORD_AUDIO is on, and no session is recorded: set RECORD_SESSIONS")
        return
    if records.directory is None:
        raise SettingsError(f"RECORD_SESSIONS is {records.sessions}, and nowhere to write to: set RECORD_DIRECTORY")
    if records.file_mb > records.total_mb:
        raise SettingsError("RECORD_FILE_MB is above RECORD_TOTAL_MB: one file would be more than all may be")
    if records.audio:
        _require_audio(records)
    try:
        records.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"RECORD_DIRECTORY cannot be made: {error.strerror}") from None
    if not os.access(records.directory, os.W_OK | os.X_OK):
        raise SettingsError("RECORD_DIRECTORY cannot be written to")


def _require_audio(records: Records) -> None:
    """The audio of a session fits into the place of all, and what lays both sides down is installed."""
    if records.audio_mb > records.total_mb:
        raise SettingsError("RECORD_AUDIO_MB is above RECORD_TOTAL_MB: one file would be more than all may be")
    if missing := [package for package in AUDIO_PACKAGES if find_spec(package) is None]:
        raise SettingsError(f"RECORD_AUDIO needs {' and '.join(missing)}, of the extra local")


def _require_model(settings: Settings, engines: Mapping[str, BuiltIn], agent: Agent) -> None:
    """Azure OpenAI has no model of its own accord: each agent names a deployment, or the settings do for all."""
    if not any(setting in engines and engines[setting].name == "azure" for setting in MODELS):
        return
    resource = azure_resource(settings)
    if resource is not None and not (resource.model or agent.model.deployment_id):
        raise SettingsError(
            f"AZURE_OPENAI_CHAT_DEPLOYMENT_ID is unset, and the agent {agent.name} names no model.deployment_id"
        )


MODELS = ("language_model", "language_model" + FALLBACK)


def _require_language(settings: Settings, recognizer: BuiltIn, agent: Agent) -> None:
    if not recognizer.languages:
        return
    by_setting = settings.agents.recognized_language
    spoken, where = (by_setting, " (RECOGNIZED_LANGUAGE)") if by_setting else (agent.languages, "")
    if not any(language.lower().split("-")[0] in recognizer.languages for language in spoken):
        raise SettingsError(
            f"SPEECH_RECOGNIZER: {recognizer.name} understands {', '.join(recognizer.languages)} only, and callers of "
            f"the agent {agent.name} speak {', '.join(spoken)}{where}"
        )


def _require_voice(synthesizer: BuiltIn, agent: Agent) -> None:
    """The voice of the agent, and each that it has for another language."""
    for spoken in in_all_languages(agent):
        language = spoken.voice.language
        if synthesizer.languages and language.lower().split("-")[0] not in synthesizer.languages:
            raise SettingsError(
                f"SPEECH_SYNTHESIZER: {synthesizer.name} speaks {', '.join(synthesizer.languages)} only, and the voice "
                f"of the agent {agent.name} is to speak {language}"
            )


def warnings_of(settings: Settings) -> Iterator[str]:
    """What works as it was set, and is likely not meant: a line each, for the log at the start and for `check`."""
    if "*" in settings.access.allowed_origins:
        yield "ALLOWED_ORIGINS is *: the pages of every site may open conversations in their visitors' browsers"
    if "*" in settings.access.allowed_hosts:
        yield "ALLOWED_HOSTS is *: a page can have its own name resolve to this server and use it (DNS rebinding)"
    if not_installed := _realtime_not_installed(settings):
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


def features(settings: Settings, configuration: Configuration) -> Iterator[str]:
    """What is on, a line for each feature."""
    yield f"agents: {', '.join(sorted(configuration.agents))}"
    yield from (f"{setting.upper()}: {engine.name}" for setting, engine in configuration.engines.items())
    yield f"BROWSER_AUTH: {browser_auth(settings)}"
    yield f"operators: {_operators(settings)}"
    signed_with = "TOKEN_SIGNING_KEY" if settings.access.token_signing_key else "a random key of this server"
    yield f"tokens of browsers: {signed_with}"
    yield f"ENABLE_AUTH_VALIDATION: {'on' if validation_on(settings) else 'off'}"
    yield f"session files: {_session_files(settings)}"
    yield f"telephone: {_telephone(settings)}"
    yield f"access code of calls: {'on' if settings.telephony.access_code else 'off'}"
    handed_on = "on" if settings.telephony.handoff_phone_number else "off (HANDOFF_PHONE_NUMBER)"
    yield f"handing callers to a person: {handed_on}"


def _operators(settings: Settings) -> str:
    ways = ["OPERATOR_TOKEN"] if settings.access.operator_token else []
    ways += ["the Entra role"] if browser_auth(settings) is BrowserAuth.ENTRA else []
    nobody = "nobody (OPERATOR_TOKEN)" if Exposure(settings).public else "this machine"
    return ", ".join(ways) or nobody


def _session_files(settings: Settings) -> str:
    records = settings.records
    if not records.records_sessions:
        return "off (RECORD_SESSIONS)"
    words = "with what is said (LOG_CONTENT)" if settings.logs.content else "words and keys masked"
    audio = ", and the audio of both sides" if records.audio else ""
    return f"{records.sessions}, in {records.directory}, {words}{audio}"


def _telephone(settings: Settings) -> str:
    if not acs_configured(settings):
        return "off (ACS_CONNECTION_STRING or ACS_ENDPOINT)"
    return (
        "in and out" if settings.telephony.source_phone_number else "in; out with caller_id (ACS_SOURCE_PHONE_NUMBER)"
    )

"""Whether the server can work as it is configured: the one function that `serve` and `check` both ask.

What is found here stops the start with one line, so that no caller is the first to meet it.
"""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

import msgspec

from actors.agent import Agent
from actors.rules.agent_language import in_all_languages
from actors.tools import AnyTool
from app.agents.agent_files import load_agents
from app.agents.roster import require_default_agent
from app.auth.acs import acs_configured
from app.auth.origins import is_loopback
from app.carrier import carrier_of
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
        raise SettingsError(f"ACS_STREAMING_MODE: {realtime_not_installed(settings) or error}") from None
    tools = load_tools()
    agents = load_agents(settings.agents.directory, tools)
    require_default_agent(settings, agents)
    require_agents_by_number(settings, agents)
    for agent in agents.values():
        _require_model(settings, engines, agent)
        _require_language(settings, engines["speech_recognizer"], agent)
        _require_voice(engines["speech_synthesizer"], agent)
    return Configuration(agents=agents, tools=tools, engines=engines)


def realtime_not_installed(settings: Settings) -> str:
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

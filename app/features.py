"""What a server with these settings has on, and what is missing for what is off: for `check`."""

from collections.abc import Iterator

from app.auth.acs import acs_configured, validation_on
from app.auth.browser import browser_auth
from app.auth.exposure import Exposure
from app.configuration import Configuration
from config.groups.access import BrowserAuth
from config.settings import Settings


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

"""Settings: who may use which routes, and what they prove it with."""

from enum import StrEnum
from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class BrowserAuth(StrEnum):
    """How a browser proves who it is."""

    OFF = "off"
    TOKEN = "token"
    ENTRA = "entra"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may use which routes, and what they prove it with."""

    operator_token: Annotated[
        Secret | None,
        Variable(
            "OPERATOR_TOKEN",
            "Opens the routes that change or reveal; unset: they answer this machine, if HOST and BASE_URL are local",
            kinds.hard_to_guess(16),
        ),
    ] = None
    browser_auth: Annotated[
        BrowserAuth | None,
        Variable(
            "BROWSER_AUTH",
            "What browsers bring: nothing, a token of this server, or one of Microsoft Entra; "
            "unset: off for this machine if HOST and BASE_URL are local, else token",
            kinds.one_of(BrowserAuth),
        ),
    ] = None
    token_signing_key: Annotated[
        Secret | None,
        Variable(
            "TOKEN_SIGNING_KEY",
            "Signs the tokens of browsers, for several servers behind one address; unset: a random key of this server",
            kinds.hard_to_guess(32),
        ),
    ] = None
    allowed_origins: Annotated[
        tuple[str, ...],
        Variable(
            "ALLOWED_ORIGINS",
            "Other origins whose pages may use this server; unset: its own page only",
            kinds.origins(),
        ),
    ] = ()
    allowed_hosts: Annotated[
        tuple[str, ...],
        Variable(
            "ALLOWED_HOSTS",
            "Other names in the Host header that this server answers to; unset: local names and that of BASE_URL if "
            "HOST is loopback, else all",
            kinds.host_names(),
        ),
    ] = ()
    enable_auth_validation: Annotated[
        bool | None,
        Variable(
            "ENABLE_AUTH_VALIDATION",
            "Whether ACS and Event Grid have to prove who they are; "
            "unset: on if ACS is configured and BASE_URL is not loopback",
            kinds.switch(),
        ),
    ] = None

"""The REST API's agents: what is answered about one, and what may be changed of it."""

from typing import Annotated, Any, Literal

import msgspec

from protocol.problems import FieldError
from protocol.request_decoding import RequestError, decode_body

Text = Annotated[str, msgspec.Meta(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*\Z")]


# changing


class ModelChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the language model; null leaves one as it is."""

    deployment_id: Text | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=16_384)] | None = None


class VoiceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the voice; null leaves one as it is, and an empty name is the engine's own voice."""

    voice_name: Text | None = None
    voice_style: Text | None = None


class AgentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of PUT /agents/{name}: the fields to change."""

    model: ModelChange | None = None
    voice: VoiceChange | None = None

    def given(self) -> dict[str, Any]:
        """The new values by field, `model.temperature` and so on."""
        return {
            f"{section}.{field}": value
            for section, change in msgspec.structs.asdict(self).items()
            if change is not None
            for field, value in msgspec.structs.asdict(change).items()
            if value is not None
        }


class AgentChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that an agent was changed, for sessions that start from now on. `updated_fields` as in
    `AgentChange.given`.
    """

    agent_name: str
    updated_fields: tuple[str, ...]
    message: str
    status: Literal["success"] = "success"


_SECTIONS: dict[str, type[ModelChange] | type[VoiceChange]] = {"model": ModelChange, "voice": VoiceChange}


def decode_change(body: bytes) -> AgentChange:
    """Read the body of PUT /agents/{name}.

    Raises:
        RequestError: names every field that nobody knows, else the first that is wrong.
    """
    raw = decode_body(body, dict[str, Any])
    unknown = [name for name in raw if name not in _SECTIONS]
    for section, change in _SECTIONS.items():
        if isinstance(given := raw.get(section), dict):
            unknown += [f"{section}.{field}" for field in given if field not in change.__struct_fields__]
    if unknown:
        raise RequestError(*(FieldError(name[:128], "there is no such field", "unknown") for name in unknown[:16]))
    return decode_body(body, AgentChange)


# describing


class AgentModel(msgspec.Struct, frozen=True, kw_only=True):
    """The language model of an agent, as operators are shown it."""

    deployment_id: str
    temperature: float
    top_p: float
    max_tokens: int


class AgentVoice(msgspec.Struct, frozen=True, kw_only=True):
    """The voice of an agent, the engine's own if the name is empty; `rate` and `pitch` are relative to it."""

    current_voice: str
    voice_style: str
    language: str
    rate: float
    pitch: float
    voice_configurable: bool = True


class AgentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One agent, as it is listed. `default` is true for the agent of sessions that ask for none."""

    name: str
    label: str
    description: str
    default: bool
    model: AgentModel
    voice: AgentVoice
    tools: tuple[str, ...]
    handoffs: tuple[str, ...]
    """The agents that it may hand a conversation off to."""
    modifiable_settings: dict[str, Any]
    """What may be changed, each with its JSON schema."""
    status: Literal["loaded"] = "loaded"


class AgentList(msgspec.Struct, frozen=True, kw_only=True):
    """All agents; `available_voices` by language, empty when the engine cannot tell its voices."""

    agents_count: int
    agents: tuple[AgentEntry, ...]
    available_voices: dict[str, tuple[str, ...]]
    response_time_ms: float
    status: Literal["success"] = "success"


def _schema(change: type[msgspec.Struct], field: str) -> dict[str, Any]:
    (component,) = msgspec.json.schema_components([change])[1].values()
    schema: dict[str, Any] = next(
        alternative for alternative in component["properties"][field]["anyOf"] if alternative["type"] != "null"
    )
    return schema


MODIFIABLE_SETTINGS: dict[str, Any] = {
    field: _schema(change, field) for change in _SECTIONS.values() for field in change.__struct_fields__
} | {"model_deployment": _schema(ModelChange, "deployment_id")}
"""The fields that may be changed, each with its JSON schema. Known clients look for `model_deployment`."""

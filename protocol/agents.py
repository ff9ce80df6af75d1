"""Messages of the REST API about agents: the description of an agent, and the changes that an operator makes to one."""

from typing import Annotated, Any, Literal

import msgspec

from protocol.problems import FieldError
from protocol.request_decoding import RequestError, decode_body

Text = Annotated[str, msgspec.Meta(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*\Z")]


# changing


class ModelChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of an agent's language model; a field that is null or absent keeps its value."""

    deployment_id: Text | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=16_384)] | None = None


class VoiceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of an agent's voice; a field that is null or absent keeps its value.

    An empty `voice_name` selects the engine's default voice.
    """

    voice_name: Text | None = None
    voice_style: Text | None = None


class AgentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of PUT /agents/{name}: the fields to change."""

    model: ModelChange | None = None
    voice: VoiceChange | None = None

    def given(self) -> dict[str, Any]:
        """Return the values that are not null, by the dotted name of their field, such as `model.temperature`."""
        return {
            f"{section}.{field}": value
            for section, change in msgspec.structs.asdict(self).items()
            if change is not None
            for field, value in msgspec.structs.asdict(change).items()
            if value is not None
        }


class AgentChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to PUT /agents/{name}: the agent is changed for sessions that start from now on.

    `updated_fields` has the dotted names of the changed fields, such as `model.temperature`.
    """

    agent_name: str
    updated_fields: tuple[str, ...]
    message: str
    status: Literal["success"] = "success"


_SECTIONS: dict[str, type[ModelChange] | type[VoiceChange]] = {"model": ModelChange, "voice": VoiceChange}


def decode_change(body: bytes) -> AgentChange:
    """Read the body of PUT /agents/{name}.

    Raises:
        RequestError: for the unknown fields, 16 of them at most; if there are none, for the first wrong value.
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
    """The settings of an agent's language model; an empty `deployment_id` is the one in the server's settings."""

    deployment_id: str
    temperature: float
    top_p: float
    max_tokens: int


class AgentVoice(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an agent's voice; an empty `current_voice` is the engine's default voice.

    `rate` and `pitch` are factors: 1.0 is the speed and the pitch that the voice has by itself.
    """

    current_voice: str
    voice_style: str
    language: str
    rate: float
    pitch: float
    voice_configurable: bool = True


class AgentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One agent in the list of agents. `default` is true for the agent of sessions that name none."""

    name: str
    label: str
    description: str
    default: bool
    model: AgentModel
    voice: AgentVoice
    tools: tuple[str, ...]
    handoffs: tuple[str, ...]
    """The names of the agents that it may hand a conversation off to."""
    modifiable_settings: dict[str, Any]
    """The JSON schema of each setting that may be changed, by the setting's name."""
    status: Literal["loaded"] = "loaded"


class AgentList(msgspec.Struct, frozen=True, kw_only=True):
    """All agents, and the engine's voices by language, which are none if the engine cannot list them."""

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
"""The JSON schema of each setting that may be changed, by name. `model_deployment` is `deployment_id` once more:
clients expect that name."""

"""The parts of the Speech SDK that its adapters use, without the service: what they are told, and signals to give."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class Signal:
    """A signal of the SDK, with whoever is connected to it."""

    def __init__(self) -> None:
        self.connected: list[Callable[[Any], object]] = []

    def connect(self, handler: Callable[[Any], object]) -> None:
        self.connected.append(handler)

    def disconnect_all(self) -> None:
        self.connected.clear()

    def give(self, **event: Any) -> None:
        """Tell an event with these fields."""
        for handler in self.connected:
            handler(SimpleNamespace(**event))


class Pending:
    """What the SDK returns for what goes on. `fails`: waiting for it raises."""

    def __init__(self, *, fails: bool = False) -> None:
        self.waits = 0
        self._fails = fails

    def get(self) -> None:
        self.waits += 1
        if self._fails:
            raise RuntimeError("the SDK's side is over")


class Connection:
    """The connection of a recognizer or synthesizer."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.connected, self.disconnected = Signal(), Signal()
        self.opened = self.closed = 0
        owner.connection = self

    @classmethod
    def from_recognizer(cls, owner: Any) -> "Connection":
        return cls(owner)

    @classmethod
    def from_speech_synthesizer(cls, owner: Any) -> "Connection":
        return cls(owner)

    def open(self, for_continuous: bool) -> None:
        self.opened += 1
        if self.owner.is_broken:
            raise RuntimeError("no connection")

    def close(self) -> None:
        self.closed += 1
        if self.owner.is_broken:
            raise RuntimeError("no connection")


class Properties(dict[Any, str]):
    """The properties of an object of the SDK."""

    def set_property(self, name: Any, value: str) -> None:
        self[name] = value


class Listener:
    """Told what an adapter tells, by name, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.told.append((name, *arguments))

"""Faults put into fake engines: at a named place, the n-th time, in one of three ways."""

import asyncio
from collections import Counter
from enum import StrEnum

import msgspec


class Fault(StrEnum):
    """How a call goes wrong."""

    STALL = "stall"
    FAIL = "fail"
    NOTHING = "nothing"  # it returns, and nothing comes of it


class Plan(msgspec.Struct, frozen=True):
    """`fault` at `place`, from its `first` call on (counted from 1), `times` times."""

    place: str
    fault: Fault
    first: int = 1
    times: int = 1


class Faults:
    """The faults of one session's engines."""

    def __init__(self, *plans: Plan) -> None:
        self._plans = plans
        self.calls: Counter[str] = Counter()
        self.struck: list[str] = []

    def heal(self) -> None:
        """No fault strikes from now on."""
        self._plans = ()

    def take(self, place: str) -> Fault | None:
        """Count a call of `place`; the fault that is due, if any."""
        self.calls[place] += 1
        for plan in self._plans:
            if plan.place == place and plan.first <= self.calls[place] < plan.first + plan.times:
                self.struck.append(place)
                return plan.fault
        return None

    def raise_now(self, place: str, error: Exception) -> None:
        """For synchronous calls: raise `error` if any fault is due."""
        if self.take(place) is not None:
            raise error

    async def at(self, place: str, error: Exception) -> bool:
        """For asynchronous calls: stall for ever, raise `error`, or (True) let nothing come of the call."""
        match self.take(place):
            case Fault.STALL:
                await asyncio.Event().wait()
            case Fault.FAIL:
                raise error
            case Fault.NOTHING:
                return True
            case None:
                pass
        return False

"""Judges the access codes that callers key in, for all calls of a server, and keeps the audit log of it."""

import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto

from actors.ports.clock import Clock
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.log_context import content
from app.server.lifecycle import Lifecycle
from app.server.processes.worker_bus import WorkerBusError
from app.server.processes.worker_pipe import WorkerNotice
from app.telephony.inbound.code_limits import CodeLimits
from config.secret import Secret

log = logging.getLogger("earshot.audit")

TOPIC = "access_code_wrong"


class Verdict(Enum):
    """What becomes of a caller who has keyed in a code."""

    ACCEPTED = auto()
    WRONG = auto()
    LOCKED = auto()
    """The code was not looked at: too many wrong ones came from this caller, or from all callers together."""


class AccessCodes:
    """Checks the access codes that the callers of one worker key in; workers tell each other of wrong ones, also those
    of other servers that share Redis (`app/cluster/wrong_codes.py`)."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        clock: Clock,
        background: BackgroundTasks,
        *,
        log_content: bool,
        limits: CodeLimits | None = None,
    ) -> None:
        self._lifecycle = lifecycle
        self._clock = clock
        self._background = background
        self._log_content = log_content
        self._limits = limits or CodeLimits()
        self.tell_other_servers: Callable[[str], Awaitable[None]] | None = None
        """Tells servers that share Redis with this one of a caller's wrong code; None if there are none"""
        lifecycle.worker_bus.on_notice(self._on_notice)

    def judge(self, code: Secret, caller: str, keys: str) -> Verdict:
        """Compare the keys that a caller pressed with the access code, unless too many wrong ones came before.

        `caller` is the caller's number, or the raw id of somebody without one. A wrong code is told to all workers.
        """
        name = self._name(caller)
        shown: dict[str, object] = content(caller=caller) if self._log_content else {"caller": name}
        if not self._limits.may_try(name, self._clock.now()):
            log.warning("access code refused: too many wrong ones", extra=shown | {"everybody": self._limits.exhausted})
            return Verdict.LOCKED
        if code.matches(keys):
            log.info("access code accepted", extra=shown)
            return Verdict.ACCEPTED
        log.warning("access code wrong", extra=shown)
        if not self._background.run(self._tell(name, caller), what="the telling of a wrong access code"):
            # A busy worker counts it too, though others do not hear of it.
            self._limits.wrong(name, self._clock.now())
        return Verdict.WRONG

    def count_wrong(self, caller: str) -> None:
        """Count a wrong code that a caller has keyed in at another server."""
        self._limits.wrong(self._name(caller), self._clock.now())

    def _name(self, caller: str) -> str:
        """Return a keyed hash (HMAC) that stands for a caller in the log and among workers.

        A hash without a key would name the caller: there are so few telephone numbers that all can be tried.
        """
        key = self._lifecycle.server_secret.reveal().encode()
        return hmac.new(key, caller.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:16]

    async def _tell(self, name: str, caller: str) -> None:
        try:
            await self._lifecycle.worker_bus.tell(TOPIC, {"caller": name})
        except WorkerBusError:
            self._limits.wrong(name, self._clock.now())
        if self.tell_other_servers is not None:
            await self.tell_other_servers(caller)

    def _on_notice(self, notice: WorkerNotice) -> None:
        caller = notice.fields.get("caller")
        if notice.topic == TOPIC and isinstance(caller, str):
            self._limits.wrong(caller, self._clock.now())

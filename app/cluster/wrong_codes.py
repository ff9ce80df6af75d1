"""Tells servers that share Redis of each other's wrong access codes: else each would listen to as many as all may."""

import logging

import msgspec

from actors.errors import StoreError
from actors.runtime.failure_counters import Failure, report_failure
from app.cluster.cluster import Cluster
from app.telephony.inbound.access_code_check import AccessCodes

log = logging.getLogger(__name__)

WRONG_CODE = "wrong access code"


class WrongCode(msgspec.Struct, frozen=True):
    """A wrong access code that a caller has keyed in at a server; the records of calls in Redis hold numbers, too."""

    server: str
    caller: str


class WrongCodeSharing:
    """Tells other servers of the wrong access codes that one worker hears. It is made before the cluster starts.

    Args:
        cluster: the other workers.
        codes: those of this worker.
        server: the id of this server, whose workers tell each other by themselves.
    """

    def __init__(self, cluster: Cluster, codes: AccessCodes, server: str) -> None:
        self._cluster = cluster
        self._codes = codes
        self._server = server
        codes.tell_other_servers = self._tell
        cluster.on_notice(WRONG_CODE, self._hear)

    async def _tell(self, caller: str) -> None:
        try:
            await self._cluster.tell_all(WRONG_CODE, msgspec.msgpack.encode(WrongCode(self._server, caller)))
        except StoreError as error:
            line = "other servers do not count a wrong access code: %s"
            report_failure(Failure.STORE, log, line, error.detail, operation="wrong code")

    def _hear(self, payload: bytes) -> None:
        told = msgspec.msgpack.decode(payload, type=WrongCode)
        if told.server != self._server:
            self._codes.count_wrong(told.caller)

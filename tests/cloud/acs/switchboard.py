"""The calls of one ACS resource: who rings, who is called, which calls there are."""

import asyncio
import json
import secrets
import uuid
from collections.abc import Callable

import aiohttp

from tests.cloud.acs.behaviour import Behaviour, Pickup
from tests.cloud.acs.callbacks import Callbacks
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.calls import Call, CallPlan
from tests.cloud.acs.events import BUSY, DECLINED, NO_ANSWER, UNREACHABLE, Result, opaque
from tests.cloud.acs.faults import Faults
from tests.cloud.acs.identifiers import Identifier, user
from tests.cloud.acs.refusals import Refusal
from tests.cloud.background import Background
from tests.cloud.journal import Journal
from tests.cloud.tokens import TokenIssuer

SOCKET_TOKEN_S = 24 * 3600
CONTEXT_BYTES = 6_500
"""Random bytes in an incomingCallContext: the whole is about 9 KB, as recorded."""
OUTCOMES = {"busy": BUSY, "no_answer": NO_ANSWER, "unreachable": UNREACHABLE, "declined": DECLINED}
Decide = Callable[[Caller], Pickup]


class Ringing:
    """A call that came in and waits for an answer."""

    def __init__(self, caller: Caller, to: Identifier) -> None:
        self.caller = caller
        self.to = to
        self.correlation_id = str(uuid.uuid4())
        self.server_call_id = opaque(f"https://conv.invalid/{uuid.uuid4()}")
        # Shaped as the service's: an unsigned token that nobody but the service can read.
        header = opaque(json.dumps({"alg": "none", "typ": "JWT"}))
        self.context = f"{header}.{secrets.token_urlsafe(CONTEXT_BYTES)}."
        self.settled = False


class Switchboard:
    """Everything the operations work on."""

    def __init__(
        self, session: aiohttp.ClientSession, tokens: TokenIssuer, faults: Faults, background: Background
    ) -> None:
        self.session = session
        self.tokens = tokens
        self.faults = faults
        self.background = background
        self.behaviour = Behaviour()
        self.callbacks = Callbacks(session, tokens, faults, background)
        self.application = user(f"8:acs:{uuid.uuid4()}_{uuid.uuid4()}")
        self.calls: dict[str, Call] = {}
        self.callers: Journal[Caller] = Journal()
        self.decide: Decide = lambda _: Pickup()
        self._ringing: dict[str, Ringing] = {}

    def ring(self, caller: Caller, to: Identifier) -> Ringing:
        """Somebody calls `to`."""
        ringing = Ringing(caller, to)
        self._ringing[ringing.context] = ringing
        self.callers.append(caller)
        return ringing

    def settle(self, context: str) -> Ringing:
        """The incoming call of that context, which is now dealt with.

        Raises:
            Refusal: there is none, or it was dealt with before.
        """
        ringing = self._ringing.get(context)
        if ringing is None:
            raise Refusal(400, "8523", "The incoming call context is not valid.", "incomingCallContext")
        if ringing.settled:
            raise Refusal(404, "8522", "Call not found: it was answered, redirected or rejected before.")
        if ringing.caller.gave_up:
            raise Refusal(404, "8522", "Call not found: the caller gave up.")
        ringing.settled = True
        return ringing

    def open(self, plan: CallPlan) -> Call:
        """A call that connects later."""
        call = Call(self, plan)
        self.calls[call.connection_id] = call
        return call

    def call(self, connection_id: str, *, connected: bool = True) -> Call:
        """The call of that id.

        Raises:
            Refusal: there is none; or it is not connected, and has to be.
        """
        call = self.calls.get(connection_id)
        if call is None or call.ended:
            raise Refusal(404, "8522", "Call not found.")
        if connected and call.state != "connected":
            raise Refusal(400, "8501", f"Action is invalid when call is not in Established state: it is {call.state}.")
        return call

    def by_server_id(self, server_call_id: str | None) -> Call:
        """The call of that server call id.

        Raises:
            Refusal: there is none.
        """
        for call in self.calls.values():
            if call.server_call_id == server_call_id and not call.ended:
                return call
        raise Refusal(404, "8522", "Call not found.")

    def connect_later(self, call: Call, caller: Caller) -> None:
        """An answered call connects."""

        async def connect() -> None:
            if call.ended:
                return
            if caller.gave_up:
                call.emit("AnswerFailed", {}, Result(487, 0, "The caller gave up."), call.order)
                call.end(Result(487), tell=False)
                return
            call.connect([caller])

        self.background.later(self.behaviour.connect_delay_s, connect())

    def call_out(self, caller: Caller, then: Callable[[Result | None], None]) -> asyncio.Task[None]:
        """Call somebody; `then` is told None when they answer, or why they did not."""
        self.callers.append(caller)

        async def ring() -> None:
            await asyncio.sleep(self.behaviour.connect_delay_s)
            pickup = self.decide(caller)
            await asyncio.sleep(pickup.after_s)
            then(OUTCOMES.get(pickup.outcome))

        return self.background.start(ring())

    def socket_token(self) -> str:
        """For a socket of the service's; empty if none is to be sent."""
        forged = self.faults.socket_token
        return self.tokens.forge(forged) if forged else self.tokens.issue(ttl_s=SOCKET_TOKEN_S)

"""Operations on whole calls: make, answer, redirect, reject, connect, look at, end, transfer."""

from collections.abc import Callable
from typing import Any

from tests.cloud.acs.caller import Caller
from tests.cloud.acs.calls import Call, CallPlan
from tests.cloud.acs.events import ENDED_BY_APP, OK, TRANSFERRED, Result
from tests.cloud.acs.identifiers import Identifier, user
from tests.cloud.acs.refusals import Refusal
from tests.cloud.acs.requests import AnswerCall, ConnectCall, CreateCall, RedirectCall, RejectCall, Transfer
from tests.cloud.acs.switchboard import Switchboard

Answer = dict[str, Any] | None
REJECTED = Result(603, 560603, "The call was rejected.")
REDIRECTED = Result(200, 0, "The call was redirected.")


class CallOperations:
    """Each takes what the path and the body say and returns the body of the answer. `silent`: do nothing after it."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._board = switchboard

    def create(self, body: CreateCall, silent: bool) -> Answer:
        """Call somebody, or several at once: who answers first is in the call."""
        source_id = body.source_caller_id_number
        plan = CallPlan(
            source=user(body.source.id) if body.source else self._board.application,
            targets=[target.completed() for target in body.targets],
            callback_uri=body.callback_uri,
            application=user(body.source.id) if body.source else self._board.application,
            operation_context=body.operation_context,
            media=body.media_streaming_options,
            transcription=body.transcription_options,
            source_caller_id=source_id,
            source_display_name=body.source_display_name,
        )
        call = self._board.open(plan)
        if not silent:
            for target in plan.targets:
                callee = Caller(target)
                call.ringing[callee] = self._board.call_out(callee, self._answered(call, callee))
        return call.properties()

    def answer(self, body: AnswerCall, silent: bool) -> Answer:
        """Answer an incoming call."""
        ringing = self._board.settle(body.incoming_call_context)
        called = ringing.to
        plan = CallPlan(
            source=ringing.caller.identity,
            targets=[called],
            callback_uri=body.callback_uri,
            application=user(body.answered_by.id) if body.answered_by else self._board.application,
            operation_context=body.operation_context,
            media=body.media_streaming_options,
            transcription=body.transcription_options,
            correlation_id=ringing.correlation_id,
            server_call_id=ringing.server_call_id,
            answered_by=body.answered_by,
            answered_for=called.phone_number,
        )
        call = self._board.open(plan)
        call.ringing[ringing.caller] = None
        if not silent:
            self._board.connect_later(call, ringing.caller)
        return call.properties()

    def redirect(self, body: RedirectCall, silent: bool) -> Answer:
        """Send an incoming call elsewhere."""
        self._board.settle(body.incoming_call_context).caller.over(REDIRECTED)
        return None

    def reject(self, body: RejectCall, silent: bool) -> Answer:
        """Refuse an incoming call."""
        self._board.settle(body.incoming_call_context).caller.over(REJECTED)
        return None

    def connect(self, body: ConnectCall, silent: bool) -> Answer:
        """Join a call that runs; one known by its server id brings its callers along."""
        locator = body.call_locator
        known = locator.kind == "serverCallLocator"
        running = self._board.by_server_id(locator.server_call_id) if known else None
        plan = CallPlan(
            source=running.plan.source if running else self._board.application,
            targets=running.plan.targets if running else [],
            callback_uri=body.callback_uri,
            application=self._board.application,
            operation_context=body.operation_context,
            media=body.media_streaming_options,
            transcription=body.transcription_options,
            server_call_id=running.server_call_id if running else "",
        )
        call = self._board.open(plan)

        async def join() -> None:
            call.connect([])

        if not silent:
            self._board.background.later(self._board.behaviour.connect_delay_s, join())
        return call.properties()

    def properties(self, connection_id: str, silent: bool) -> Answer:
        """What is known of a call."""
        return self._board.call(connection_id, connected=False).properties()

    def leave(self, connection_id: str, silent: bool) -> Answer:
        """The application leaves the call, which ends with it unless several others are there."""
        call = self._board.call(connection_id, connected=False)
        if len(call.callers()) < 2:
            return self.terminate(connection_id, silent)
        call.leave_to_others(ENDED_BY_APP, tell=not silent)
        return None

    def terminate(self, connection_id: str, silent: bool) -> Answer:
        """End the call for everybody."""
        call = self._board.call(connection_id, connected=False)
        call.end(ENDED_BY_APP, tell=not silent)
        return None

    def transfer(self, connection_id: str, body: Transfer, silent: bool) -> Answer:
        """Connect the caller with somebody else, and leave."""
        call = self._board.call(connection_id)
        transferee = self._transferee(call, body)
        if silent:
            return {"operationContext": body.operation_context}
        call.state = "transferring"
        for stream in (call.media, call.transcription):
            if self._board.behaviour.transfer_ends_streaming and stream is not None and stream.busy:
                self._board.background.start(stream.stop(body))

        async def establish_again() -> None:
            if not call.ended:
                call.state = "connected"

        def done(failure: Result | None) -> None:
            if call.ended:
                return
            if failure is not None:
                call.emit("CallTransferFailed", {}, failure, body)
                # Told before it is so: orders are still refused for a while.
                self._board.background.later(self._board.behaviour.establish_again_s, establish_again())
                return
            about = {"transferTarget": body.target_participant.wire(), "transferee": transferee.wire()}
            call.emit("CallTransferAccepted", about, OK, body)
            if len(call.callers()) > 1:
                # Who is put through is out of the call; the others and the application are still in it.
                call.remove(transferee.raw, TRANSFERRED)
                call.state = "connected"
            else:
                call.end(TRANSFERRED)

        self._board.call_out(Caller(body.target_participant), done)
        return {"operationContext": body.operation_context}

    def _transferee(self, call: Call, body: Transfer) -> Identifier:
        if body.transferee is not None and body.transferee.raw not in call.participants:
            raise Refusal(400, "8523", "The transferee is not in the call.", "transferee")
        callers = call.callers()
        if body.transferee is None and len(callers) != 1:
            raise Refusal(400, "8523", "Which of the participants to transfer must be said.", "transferee")
        transferee = body.transferee or callers[0].identity
        dialled = body.target_participant.phone_number is not None and body.source_caller_id_number is None
        if dialled and transferee.completed().phone_number is None:
            # Who is on a telephone has a number to be shown; anybody else needs one.
            raise Refusal(400, "8523", "A caller id is needed to call a telephone number.", "sourceCallerIdNumber")
        return transferee

    def _answered(self, call: Call, callee: Caller) -> Callable[[Result | None], None]:
        def done(failure: Result | None) -> None:
            if failure is None:
                call.connect([callee])
                return
            del call.ringing[callee]
            callee.over(failure)
            if not call.ringing:
                call.emit("CreateCallFailed", {}, failure, call.order)
                call.end(failure, tell=False)

        return done

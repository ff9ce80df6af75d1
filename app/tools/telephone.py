"""What an agent may do with the telephone call it is in. In a browser each of these fails, and says so to the model."""

from typing import Annotated

from msgspec import Meta

from actors.conversation import KeyPattern
from actors.ports.call_controls import CallControls, CallError, CallTrouble
from actors.tools import OnInterruption, ToolContext, ToolEnding, ToolOutcome, tool
from protocol.phone_numbers import TARGET_PATTERN

Target = Annotated[str, Meta(pattern=TARGET_PATTERN)]
Keys = Annotated[str, Meta(pattern=r"^[0-9*#A-D]{1,32}\Z")]
Terminator = Annotated[str, Meta(pattern=r"^[0-9*#A-D]?\Z")]

Briefing = Annotated[str, Meta(min_length=1, max_length=1_000)]

TRANSFER_S = 60.0
WARM_TRANSFER_S = 150.0
"""Seconds for a warm transfer: it rings, the person is briefed and decides, and both are put on one call."""
HOLD_S = 20.0
"""Seconds for an order to hold or unhold: the agent finishes speaking, then come the order and its event."""


@tool(timeout_s=TRANSFER_S, on_interruption=OnInterruption.FINISH)
async def transfer_call(number: Target, context: ToolContext) -> ToolOutcome:
    """Put the caller through to a telephone number. The conversation ends when the other side takes the call.

    Args:
        number: The number in international format, such as +12065550100, or an id such as 8:acs:... or 8:orgid:...
    """
    return await _transfer(context, number)


@tool(timeout_s=TRANSFER_S, on_interruption=OnInterruption.FINISH)
async def transfer_to_person(context: ToolContext) -> ToolOutcome:
    """Put the caller through to a member of staff. The conversation with the assistant ends."""
    if context.call is None:
        # There is no line to put a browser through on: whoever runs the page sees that a person is wanted.
        return ToolOutcome({"status": "transferring"}, ToolEnding.HANDOFF)
    return await _transfer(context, "")


@tool(timeout_s=WARM_TRANSFER_S, on_interruption=OnInterruption.FINISH, connects=True)
async def transfer_with_briefing(briefing: Briefing, context: ToolContext, number: Target | None = None) -> ToolOutcome:
    """Put the caller through to a member of staff who is asked before. Tell the caller first that they will wait.

    The person is called and hears the briefing. When they take the call, they and the caller hear each other: then say
    in one short sentence to both who is on the line, and say goodbye. Otherwise the caller is still yours: tell them.

    Args:
        briefing: Who is calling and what they want, in two or three sentences, as you would tell a colleague.
        number: The number in international format; leave it out to reach the usual member of staff.
    """
    try:
        await _line(context).transfer_with_briefing(briefing, number or "")
    except CallError as error:
        return _failed(error)
    return ToolOutcome({"status": "connected", "next": "introduce them in one sentence, and leave"}, ToolEnding.HANDOFF)


async def _transfer(context: ToolContext, number: str) -> ToolOutcome:
    try:
        await _line(context).transfer(number)
    except CallError as error:
        return _failed(error)
    return ToolOutcome({"status": "transferred"}, ToolEnding.HANDOFF)


@tool(timeout_s=HOLD_S, on_interruption=OnInterruption.FINISH)
async def put_on_hold(context: ToolContext) -> ToolOutcome:
    """Put the caller on hold, once what you say before it was heard. Tell them first that they will wait.

    The caller hears and says nothing until you call take_off_hold. Do so in every case, before you speak again.
    """
    try:
        await _line(context).hold()
    except CallError as error:
        return _failed(error)
    return ToolOutcome({"status": "on_hold", "next": "call take_off_hold before you speak to the caller"})


@tool(timeout_s=HOLD_S, on_interruption=OnInterruption.FINISH)
async def take_off_hold(context: ToolContext) -> ToolOutcome:
    """Take the caller off hold, so that you hear each other again."""
    try:
        await _line(context).unhold()
    except CallError as error:
        return _failed(error)
    return ToolOutcome({"status": "connected"})


@tool(timeout_s=30)
async def send_keys(keys: Keys, context: ToolContext) -> ToolOutcome:
    """Send key tones to the other side of the call, as a person pressing keys would.

    Args:
        keys: One or more of 0-9 * # A-D.
    """
    try:
        await _line(context).send_keys(keys)
    except CallError as error:
        return _failed(error)
    return ToolOutcome({"status": "sent"})


@tool
async def collect_digits(
    context: ToolContext, length: int = 0, terminator: Terminator = "#", timeout_s: float = 5.0
) -> ToolOutcome:
    """Have the caller key in a number. Ask for it in the same reply; the digits are the caller's next message.

    Args:
        length: How many digits, if that is known; 0 for any number of them.
        terminator: The key that ends the number; empty for none.
        timeout_s: Seconds between two keys after which the number is complete.
    """
    if context.call is None:
        return _failed(CallError(CallTrouble.NOT_CONNECTED, "there is no telephone call: ask for it to be typed"))
    pattern = KeyPattern(max(0, min(32, length)), terminator, max(0.5, min(60.0, timeout_s)))
    return ToolOutcome({"status": "waiting for keys"}, keys=pattern)


@tool(timeout_s=15)
async def start_recording(context: ToolContext) -> ToolOutcome:
    """Record the call from here on. Callers have to be told first."""
    try:
        recording = await _line(context).start_recording()
    except CallError as error:
        return _failed(error)
    return ToolOutcome({"status": "recording", "recording_id": recording})


@tool(timeout_s=15)
async def stop_recording(context: ToolContext) -> ToolOutcome:
    """Record the call no longer."""
    try:
        await _line(context).stop_recording()
    except CallError as error:
        return _failed(error)
    return ToolOutcome({"status": "stopped"})


def _line(context: ToolContext) -> CallControls:
    if context.call is None:
        raise CallError(CallTrouble.NOT_CONNECTED, "there is no telephone call: this conversation is in a browser")
    return context.call


def _failed(error: CallError) -> ToolOutcome:
    return ToolOutcome({"error": str(error)}, failed=True)

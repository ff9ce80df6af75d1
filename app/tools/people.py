"""Handing a caller over to a person."""

from actors.tools import Ending, ToolOutcome, tool


@tool
async def transfer_to_person() -> ToolOutcome:
    """Put the caller through to a member of staff. The conversation with the assistant ends."""
    return ToolOutcome({"status": "transferring"}, Ending.HANDOFF)

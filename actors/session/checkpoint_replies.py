"""The part of a checkpoint about the agent's replies: what is still to be heard, and what tools have answered."""

import msgspec

from actors.messages.model import ToolFinished
from actors.messages.playback import PlaybackFinished, PlaybackPosition
from actors.rules.pending_reply import PendingReply


class CheckpointReplies(msgspec.Struct, kw_only=True):
    """The replies of a session that outlive each of its actors. It is changed only through its methods."""

    pending_replies: dict[int, PendingReply] = {}
    """The replies whose playback has not ended, with what was heard of each, by their numbers."""
    stopped_through: int = 0
    """Replies up to this number were silenced: what is still queued for them is dropped."""
    failed_reply: int = 0
    """The number of the last reply at which the synthesizer's engine failed."""
    text_before_tools: str = ""
    """The text of the reply in hand before the model called tools; the reply continues behind it."""
    tool_results: dict[str, ToolFinished] = {}
    """The results of tools that are not in the conversation yet, by the id of the call."""

    # what is written

    def reply_begun(self, pending: PendingReply) -> None:
        """Add a reply that is about to be written and spoken."""
        self.pending_replies[pending.reply] = pending

    def reply_written(self, reply: int, text: str) -> None:
        """Add a piece of text to a reply that was begun."""
        self.pending_replies[reply].pieces.append(text)

    def reply_retracted(self, reply: int, text: str) -> None:
        """Make `text`, the beginning of what was written of a reply, all of it."""
        if (pending := self.pending_replies.get(reply)) is not None:
            pending.pieces = [text] if text else []

    def reply_finished(self, reply: int) -> bool:
        """Note that all text of a reply is written; False if that reply is not pending."""
        pending = self.pending_replies.get(reply)
        if pending is not None:
            pending.finished = True
        return pending is not None

    def reply_cut_at_sentence(self, reply: int, begun: int) -> int:
        """Drop the text of a reply behind the sentence in which its character `begun` lies; the length of the rest."""
        return self.pending_replies[reply].cut_at_sentence(begun)

    # what is heard

    def reply_heard(self, position: PlaybackPosition) -> None:
        """Note how far a reply was heard, unless more of it was heard before."""
        pending = self.pending_replies.get(position.reply)
        # A synthesizer that took a reply up says some of it again: that was heard before.
        if pending is not None and (pending.heard is None or pending.heard.text_end < position.text_end):
            pending.heard = position

    def reply_resumes_at(self, reply: int, text_start: int) -> None:
        """Note the character of a reply from which a new synthesizer would go on speaking."""
        pending = self.pending_replies.get(reply)
        if pending is not None and text_start > pending.resume_at:
            pending.resume_at = text_start

    def playback_finished(self, report: PlaybackFinished) -> None:
        """Keep the report that all of a reply was heard, until that is in the conversation."""
        pending = self.pending_replies.get(report.reply)
        if pending is not None:
            pending.playback_finished = report

    def reply_over(self, reply: int) -> PendingReply | None:
        """Take a reply out of those that are pending; None if it is none of them."""
        return self.pending_replies.pop(reply, None)

    def replies_recorded(self) -> None:
        """Drop the pending replies: what was heard of them is in the conversation."""
        self.pending_replies.clear()

    def replies_stopped(self, through_reply: int) -> None:
        """Note that replies up to this number are silenced."""
        self.stopped_through = max(self.stopped_through, through_reply)

    def synthesis_failed(self, reply: int) -> bool:
        """Note that the synthesizer's engine failed at a reply; True if that was the first time at this reply."""
        is_first, self.failed_reply = self.failed_reply != reply, reply
        return is_first

    # tools

    def tools_called_after(self, text: str) -> None:
        """Note the text of the reply in hand, behind which the model's next words follow; empty for a new reply."""
        self.text_before_tools = text

    def tool_finished(self, finished: ToolFinished) -> None:
        """Keep the result of a tool until it is recorded in the conversation."""
        self.tool_results[finished.call_id] = finished

    def tool_recorded(self, call_id: str) -> None:
        """Drop the result of a tool, which is in the conversation now."""
        self.tool_results.pop(call_id, None)

    def tools_given_up(self) -> None:
        """Drop all results of tools: nobody will record them."""
        self.tool_results.clear()

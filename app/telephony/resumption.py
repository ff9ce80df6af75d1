"""What the next session of a call goes on from: it had one before, at this worker or at another one."""

from actors.conversation import SessionRecord
from actors.rules.turn_taking.moving import only_listens
from actors.session.checkpoint import Checkpoint


class Resumption:
    """What is kept of the sessions of one call for those that follow."""

    conversation: SessionRecord | None = None
    """The record of the call's session as it was stored last; None if there is none."""
    checkpoint: Checkpoint | None = None
    """The checkpoint from which the next session goes on, if another worker had the session; else None."""
    taken_over: bool = False
    """Whether the call was taken over from a worker that died, so that the caller heard nothing for a while."""

    def take_checkpoint(self) -> Checkpoint | None:
        """The checkpoint, which one session alone goes on from; None if there is none, or it was taken."""
        checkpoint, self.checkpoint = self.checkpoint, None
        return checkpoint

    @property
    def was_cut_off(self) -> bool:
        """Whether the caller was talking at another worker before, and is to be greeted as somebody who was cut off."""
        if self.checkpoint is None:
            return self.taken_over
        return self.checkpoint.turn is None or not only_listens(self.checkpoint.turn)

    @property
    def resumable(self) -> SessionRecord | None:
        """The stored session of a caller who was cut off, if one can go on from it."""
        former = self.conversation
        return former if self.taken_over and former is not None and former.resumable else None

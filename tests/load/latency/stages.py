"""Where the time of an answer went: what callers saw, joined with what the cloud noted. Times in ms. Pure."""

from itertools import pairwise

import msgspec

from tests.load.latency.callers import Answer
from tests.load.latency.cloud import Notes


class Stages(msgspec.Struct, frozen=True):
    """One answer, from the end of the caller's speech to its first sound, in the order in which things happen."""

    endpointing: float
    """Of silence, which end an utterance: the agent's setting."""
    upload: float
    """Ours: until the service was shown that silence as well."""
    recognition: float
    """The recognizer's: until its final text went out."""
    request: float
    """Ours: until the model was asked."""
    model: float
    """The model's: until its first token went out."""
    clause: float
    """Waiting for tokens: until that one went out which completes the first clause."""
    text: float
    """Ours: until the synthesizer had the clause."""
    synthesis: float
    """The synthesizer's: until its first sound went out."""
    sound: float
    """Ours: until the caller had it."""

    @property
    def total(self) -> float:
        """From the last voiced frame to the first sound."""
        times: tuple[float, ...] = msgspec.structs.astuple(self)
        return sum(times)

    @property
    def own(self) -> float:
        """Ours and the SDKs': all that neither a provider nor the rules of the conversation took."""
        return self.upload + self.request + self.text + self.sound


def stages(answers: list[Answer], notes: Notes, endpointing_ms: float, clause_token: int) -> list[Stages]:
    """Of each answer whose every stage was noted; those that began before the notes did are left out."""
    found = (_stages(answer, notes, endpointing_ms / 1000, clause_token) for answer in answers)
    return [stage for stage in found if stage is not None]


def _stages(answer: Answer, notes: Notes, endpointing_s: float, clause_token: int) -> Stages | None:
    begun, over = answer.spoken_at, answer.answered_at
    recognized = [r for r in notes.recognized if r.caller == answer.caller and begun < r.ended_at < over]
    if len(recognized) != 1:
        return None
    heard = recognized[0]
    replies = [r for r in notes.answered if (r.caller, r.turn) == (heard.caller, heard.turn)]
    spoken = [s for s in notes.spoken if s.caller == answer.caller and heard.told_at < s.asked_at < over]
    if len(replies) != 1 or len(spoken) != 1 or len(replies[0].tokens_at) <= clause_token:
        return None
    reply, clause = replies[0], spoken[0]
    times = (
        begun,
        begun + endpointing_s,
        heard.ended_at,
        heard.told_at,
        reply.asked_at,
        reply.tokens_at[0],
        reply.tokens_at[clause_token],
        clause.asked_at,
        clause.sounded_at,
        over,
    )
    return Stages(*((later - earlier) * 1000 for earlier, later in pairwise(times)))

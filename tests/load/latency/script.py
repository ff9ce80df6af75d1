"""What the latency benchmark's cloud does, and when: fixed, so that it can be taken out of what callers wait for.

The latencies of `tests.load.script` are the providers': recognition from the silence that ends an utterance to its
final text, the answer from the request to its first token, synthesis from the text to its first sound.
"""

from itertools import pairwise

from actors.rules.text.sentences import SentenceSplitter
from tests.cloud.chat.scripted import Reply
from tests.load.script import ANSWER_MS, RATE_HZ, tone

TOKENS_PER_S = 50.0
SPEED = 4.0
"""Sound is made so many times as fast as it is heard."""
CONNECT_MS = 100
"""What opening a connection to a synthesizer takes, as across a network."""
LOUD = 9_000
LOWEST_HZ, STEP_HZ, PITCHES = 200, 20, 30
"""Callers speak at a pitch of their own, by which the recognizer tells who it is. None is near 1000 Hz, where the
detector, which looks at every eighth sample, hears nothing."""


def pitched(caller: int, duration_ms: int) -> bytes:
    """So much of a caller's voice."""
    return tone(duration_ms, LOWEST_HZ + STEP_HZ * (caller % PITCHES), LOUD)


def caller_of(pcm: bytes) -> int:
    """Who speaks; `pcm` is 100 ms or more of a voice, 16-bit mono."""
    signs = [sample > 0 for sample in memoryview(pcm).cast("h")]
    crossings = sum(a != b for a, b in pairwise(signs))
    return round((crossings * RATE_HZ / 2 / len(signs) - LOWEST_HZ) / STEP_HZ)


def question(caller: int, turn: int) -> str:
    """What a caller is recognised to say."""
    return f"Caller {caller} turn {turn}."


def answer(caller: int) -> Reply:
    """What the model says to it. Its first clause names the caller."""
    text = (
        f"Caller {caller} asks a good question, and the answer takes a little while to tell, so please listen to all of"
        " it, unless you would rather talk yourself."
    )
    return Reply(text, first_token_s=ANSWER_MS / 1000, tokens_per_s=TOKENS_PER_S)


def clause_token(reply: Reply) -> int:
    """The index of the token that completes the first clause: until it is there, there is nothing to be spoken."""
    splitter = SentenceSplitter()
    return next(index for index, token in enumerate(reply.pieces) if splitter.push(token))

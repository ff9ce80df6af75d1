"""Spoken conversations with the running server on the engines of this machine.

`python -m tests.eval.local [COUNT] [AT_ONCE]` (`make eval-local`) speaks COUNT seeded conversations (50) with a
synthetic voice at two speeds into white noise at 20 dB, in real time, AT_ONCE side by side (4), and prints a table.
What callers say are paraphrases that are not in the agent's file.
"""

import asyncio
import re
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from websockets.asyncio.client import connect

from app.dialogue.words import plain
from tests.eval.callers import Caller, Goal, ToolRun
from tests.eval.text import script
from tests.kit.clients.spoken_caller import SpokenCaller
from tests.kit.serving import EARSHOT, serving
from tests.kit.speech import HIBARI, HIBARI_FAST, say_aside

VOICES = (HIBARI, HIBARI_FAST)
SNR_DB = 20.0
REPLY_TIMEOUT_S = 40.0
LATE_S = 0.5
"""A microphone whose frames come later than this is that of a machine that does not keep up."""
SERVER_IS_LATE = ("this machine is too slow", "the final transcript of an utterance did not come")
"""What the server says of itself where its recognizer does not keep up."""
WRONG_SHARE = 0.05
REACHED_SHARE = 0.9


class Utterance(msgspec.Struct, frozen=True):
    """A sentence as it was spoken and as it was understood, and what the agent answered."""

    said: str
    understood: str
    confidence: float
    reply: str
    unrelated: bool
    refused: bool
    """The agent gave its fallback."""
    wants: bool
    """It says what the caller wants, or something outside the domain; other sentences answer the agent's questions."""
    wrong: bool
    """Of one that wants: taken for an intent that it does not have."""


class Outcome(msgspec.Struct, frozen=True):
    """How one conversation went."""

    seed: int
    voice: str
    goal: str
    reached: bool
    utterances: tuple[Utterance, ...]
    first_audio_ms: tuple[float, ...]
    late_s: float
    """By how much a frame of their microphone was late at most."""


async def call(url: str, seed: int) -> Outcome:
    """One seeded caller, from the greeting to the end."""
    voice = VOICES[seed // 4 % len(VOICES)]
    today = datetime.now(UTC)
    caller = Caller(seed, today.date())
    utterances: list[Utterance] = []
    line: str | None = ""
    async with connect(f"{url}/api/v1/realtime/conversation?agent=dentist", max_size=None, open_timeout=60) as socket:
        person = SpokenCaller(socket, snr_db=SNR_DB, seed=seed)
        try:
            heard = await person.reply(0, REPLY_TIMEOUT_S)
            while not person.closed and (line := caller.next_line(heard)) is not None:
                before = len(person.events)
                await person.say(await say_aside(line, voice))
                heard = await person.reply(before, REPLY_TIMEOUT_S)
                understood = " ".join(person.understood(before))
                confidence = min(person.confidences(before), default=1.0)
                unrelated = caller.interjected_after == len(utterances) + 1
                meant = None if not (unrelated or caller.opening) else _meant(line, caller, today, unrelated=unrelated)
                utterances.append(_judged(line, understood, heard, today, meant, confidence))
        except (TimeoutError, ConnectionError):
            utterances.append(_judged(line or "", "", "", today, None, 1.0))
        metrics = [e["first_audio_ms"] for e in person.events if e["type"] == "turn_metrics"]
        runs = [_run(event) for event in person.tools()]
        await person.leave()
    first_audio_ms = tuple(ms for ms in metrics if ms is not None)
    reached = caller.task_reached(runs)
    return Outcome(seed, voice, caller.goal, reached, tuple(utterances), first_audio_ms, person.late_s)


def _meant(line: str, caller: Caller, now: datetime, *, unrelated: bool) -> str:
    """The intent of a sentence: nothing of ours, what the caller calls for, or what the question is about."""
    if unrelated:
        return ""
    return _intent(line, 1.0, now) if caller.goal is Goal.QUESTION else caller.goal.value


def _judged(said: str, understood: str, reply: str, now: datetime, meant: str | None, confidence: float) -> Utterance:
    wrong = meant is not None and _intent(understood, confidence, now) not in ("", meant)
    # On a busy machine it comes behind a filler.
    refused = re.search(r"(^|[.?!] )(Sorry|I am sorry)", reply) is not None
    return Utterance(said, understood, confidence, reply, meant == "", refused, meant is not None, wrong)


def _intent(text: str, confidence: float, now: datetime) -> str:
    match = script().intent_of(text, now.date(), confidence) if text else None
    return match.intent if match else ""


def _run(event: dict[str, Any]) -> ToolRun:
    return ToolRun(event["tool"], event["args"], event["result"])


async def calls(url: str, seeds: Sequence[int], at_once: int) -> list[Outcome]:
    """All conversations, so many side by side."""
    free = asyncio.Semaphore(at_once)

    async def one(seed: int) -> Outcome:
        async with free:
            return await call(url, seed)

    return await asyncio.gather(*(one(seed) for seed in seeds))


def spoken(seeds: Sequence[int], at_once: int) -> tuple[list[Outcome], bool]:
    """The conversations of `seeds` with a server of its own, and whether this machine had time for them."""
    with serving(EARSHOT, DEFAULT_AGENT="dentist") as server:
        outcomes = asyncio.run(calls(server.url.replace("http", "ws"), seeds, at_once))
        log = server.log()
    return outcomes, had_time(log, *(outcome.late_s for outcome in outcomes))


def had_time(log: str, *late_s: float) -> bool:
    """Whether this machine had time for callers who were late by that, going by them and by the log of their server."""
    return max(late_s) <= LATE_S and not any(line in log for line in SERVER_IS_LATE)


def wrong_share(outcomes: Sequence[Outcome]) -> float:
    """Of the utterances that want something, the share that was taken for something else."""
    all_ = [utterance for outcome in outcomes for utterance in outcome.utterances if utterance.wants]
    return sum(utterance.wrong for utterance in all_) / max(1, len(all_))


def refused_share(outcomes: Sequence[Outcome]) -> float:
    """The share of utterances outside the domain that got the fallback."""
    all_ = [u for outcome in outcomes for u in outcome.utterances if u.unrelated]
    return sum(u.refused for u in all_) / max(1, len(all_))


def table(outcomes: Sequence[Outcome]) -> str:
    """The figures by voice, and of all."""
    rows = [f"{'voice':<28}{'calls':>6}{'reached':>9}{'turns':>7}{'wrong':>8}{'outside refused':>17}{'exact':>8}"]
    for voice in (*VOICES, "all"):
        part = [outcome for outcome in outcomes if voice in ("all", outcome.voice)]
        if part:
            rows.append(_row(voice, part))
    times = [ms for outcome in outcomes for ms in outcome.first_audio_ms]
    if times:
        median_ms = statistics.median(times)
        rows.append(f"first audio after the end of speech: median {median_ms:.0f} ms, {len(times)} replies")
    return "\n".join(rows)


def _row(voice: str, outcomes: Sequence[Outcome]) -> str:
    utterances = [utterance for outcome in outcomes for utterance in outcome.utterances]
    reached = sum(outcome.reached for outcome in outcomes) / len(outcomes)
    exact = sum(plain(u.said) == plain(u.understood) for u in utterances) / max(1, len(utterances))
    turns = len(utterances) / len(outcomes)
    return (
        f"{voice:<28}{len(outcomes):>6}{reached:>9.0%}{turns:>7.1f}{wrong_share(outcomes):>8.1%}"
        f"{refused_share(outcomes):>17.0%}{exact:>8.0%}"
    )


def main(count: int = 50, at_once: int = 4) -> int:
    """Print the table; 1 if the figures are not what they should be."""
    outcomes, in_time = spoken(range(count), at_once)
    for outcome in outcomes:
        if not outcome.reached:
            print(f"seed {outcome.seed} ({outcome.voice}, {outcome.goal}) did not reach its goal:")
            for utterance in outcome.utterances:
                heard = f"understood {utterance.understood!r} ({utterance.confidence:.2f})"
                print(f"    said {utterance.said!r}, {heard}, was told {utterance.reply!r}")
    for utterance in (u for outcome in outcomes for u in outcome.utterances if u.wrong):
        print(f"wrong: said {utterance.said!r}, understood {utterance.understood!r} ({utterance.confidence:.2f})")
    print(table(outcomes))
    if not in_time:
        print("this machine had no time for so many at once: what was reached says little of the agent")
    reached = sum(outcome.reached for outcome in outcomes) / len(outcomes)
    return int(reached < REACHED_SHARE or wrong_share(outcomes) > WRONG_SHARE)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

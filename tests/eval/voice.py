"""How well the local recognizer understands people and synthetic callers: `make eval-voice`.

People are recordings: a folder of WAV files at 16 kHz with a `transcripts.tsv` (columns `file`, `group`, `transcript`),
which VOICES names; nothing is printed of them where there is none. Synthetic callers say sentences that are not in the
agent's file. All are heard clean, over a telephone line with the noise of a kitchen 20 dB below it, and in a kitchen.
A second table says whether callers reach what they call for (`tests/eval/tasks.py`), a third one when their turns are
taken for over (`tests/eval/turn_ends.py`). `python -m tests.eval.voice clean telephone` prints only what is understood
under these conditions.
"""

import asyncio
import csv
import os
import sys
import time
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from actors.messages.transcript import FinalTranscript, NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionOptions, SpeechRecognizer
from app.dialogue.caller_phrases import caller_phrases
from app.providers.moonshine.recognizer import create
from tests.eval import tasks, turn_ends
from tests.eval.corpus import Sentence, read_corpus
from tests.eval.lines import CONDITIONS
from tests.eval.progress import Progress
from tests.eval.text import dialogue, tally
from tests.eval.word_errors import WordErrors, word_errors
from tests.kit.source import ROOT
from tests.kit.speech import FLITE, FLITE_ALSO, HIBARI, HIBARI_FAST, say, silence

RECORDINGS = Path(os.environ.get("VOICES") or ROOT.parent / "shared" / "voices")
VOICES = (HIBARI, HIBARI_FAST, FLITE, FLITE_ALSO, "flite:slt")
EVERY = 3
"""One sentence in so many of the corpus is spoken."""
BEFORE_MS, AFTER_MS = 500, 600
WITHIN_S = 60.0

JOINED = "digits8k"
"""The group of recordings that were put together from single digits, which nobody says like that."""


class Recording(msgspec.Struct, frozen=True):
    """What somebody says in a file."""

    path: Path
    transcript: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One voice under one condition."""

    voice: str
    condition: str
    count: int
    errors: WordErrors
    right: int | None = None
    """Sentences that were taken for what they mean; None for recordings, which mean nothing to the agent."""
    wrong: int | None = None
    """Sentences that were taken for something else."""
    cpu_s: float
    """Of the whole process, for each second of audio."""


def recordings(folder: Path = RECORDINGS, *, joined: bool = False) -> list[Recording]:
    """Those that have a transcript, of one kind; none where there is no such folder."""
    index = folder / "transcripts.tsv"
    if not index.exists():
        return []
    with index.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        Recording(folder / row["file"], row["transcript"].strip())
        for row in rows
        if row["transcript"].strip() and (row["group"] == JOINED) is joined
    ]


def speeches(folder: Path = RECORDINGS) -> list[Path]:
    """All recordings in which people speak as they do, also those of which no transcript tells the words."""
    joined = {recording.path for recording in recordings(folder, joined=True)}
    return [path for path in sorted(folder.glob("*.wav")) if path not in joined]


def sentences() -> list[Sentence]:
    """Of the held-out corpus: the agent's, and some that are none of its business."""
    corpus = read_corpus("held_out")
    return [*corpus.ours[::EVERY], *corpus.unrelated[::EVERY]]


def samples_of(path: Path) -> bytes:
    """The PCM of a WAV file at 16 kHz."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2), path
        return bytes(file.readframes(file.getnframes()))


async def heard(engine: SpeechRecognizer, pcm: bytes, phrases: tuple[str, ...]) -> str:
    """What the recognizer makes of one utterance; nothing where it recognizes no speech."""
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def report(event: RecognitionEvent) -> None:
        match event:
            case FinalTranscript(text=text):
                outcome.set_result(text)
            case NoSpeechRecognized():
                outcome.set_result("")
            case RecognitionFailed(_, detail):
                outcome.set_exception(RuntimeError(detail))

    stream = await engine.open(RecognitionOptions(session_id="eval", phrases=phrases), report)
    stream.push(pcm)
    stream.finish_utterance()
    try:
        return await asyncio.wait_for(outcome, WITHIN_S)
    finally:
        await stream.close()


async def row_of_recordings(
    engine: SpeechRecognizer, spoken: Sequence[Recording], condition: str, voice: str = "people"
) -> Row:
    """Real people, of whose words the agent knows nothing."""
    errors, audio_s, began = WordErrors(), 0.0, time.process_time()
    for recording in spoken:
        pcm = CONDITIONS[condition](silence(BEFORE_MS) + samples_of(recording.path) + silence(AFTER_MS), 0)
        audio_s += len(pcm) / 32_000
        errors += word_errors(recording.transcript, await heard(engine, pcm, ()))
    cpu_s = (time.process_time() - began) / audio_s
    return Row(voice=voice, condition=condition, count=len(spoken), errors=errors, cpu_s=cpu_s)


async def row_of_callers(engine: SpeechRecognizer, voice: str, condition: str, phrases: tuple[str, ...]) -> Row:
    """A synthetic caller, of whose sentences the agent knows some that mean the same."""
    errors, audio_s, began = WordErrors(), 0.0, time.process_time()
    understood = []
    for sentence in sentences():
        pcm = CONDITIONS[condition](silence(BEFORE_MS) + say(sentence.say, voice) + silence(AFTER_MS), 0)
        audio_s += len(pcm) / 32_000
        text = await heard(engine, pcm, phrases)
        errors += word_errors(sentence.say, text)
        understood.append(msgspec.structs.replace(sentence, say=text))
    cpu_s = (time.process_time() - began) / audio_s
    taken = tally(voice, understood)
    return Row(
        voice=voice,
        condition=condition,
        count=taken.count,
        errors=errors,
        right=taken.right,
        wrong=taken.wrong,
        cpu_s=cpu_s,
    )


async def rows(progress: Progress, conditions: Iterable[str] = tuple(CONDITIONS)) -> list[Row]:
    """What people and synthetic callers say, in the order of the table."""
    engine = create()
    phrases = caller_phrases(dialogue())
    await engine.prepare(phrases)
    try:
        measured = []
        for condition in conditions:
            for voice, people in (("people", recordings()), ("joined digits", recordings(joined=True))):
                progress(f"words: {voice}, {condition}")
                if people:
                    measured.append(await row_of_recordings(engine, people, condition, voice))
            for voice in VOICES:
                progress(f"words: {voice}, {condition}")
                measured.append(await row_of_callers(engine, voice, condition, phrases))
        return measured
    finally:
        await engine.close()


def table(measured: Iterable[Row]) -> str:
    """For people to read."""
    written = sentences()
    itself = tally("text", written)
    lines = [f"{'voice':14}{'condition':16}{'clips':>6}{'WER':>9}{'exact':>7}{'right':>7}{'wrong':>7}{'CPU a s':>9}"]
    for row in measured:
        understood = f"{row.right:>7}{row.wrong:>7}" if row.right is not None else " " * 14
        lines.append(
            f"{row.voice:14}{row.condition:16}{row.count:>6}{row.errors.rate:>9.1%}{row.errors.exact:>7}{understood}"
            f"{row.cpu_s:>9.3f}"
        )
    lines.append(f"the text itself: {itself.right} right, {itself.wrong} wrong of {itself.count}")
    return "\n".join(lines)


def main(*conditions: str) -> None:
    """Print the tables; of some conditions, only what is understood under them."""
    if not recordings():
        print(f"no recordings of people in {RECORDINGS.name} (VOICES=folder)", file=sys.stderr)
    progress = Progress()
    print(table(asyncio.run(rows(progress, conditions or CONDITIONS))), flush=True)
    if conditions:
        return
    print(f"\n{tasks.tables(progress)}", flush=True)
    print(f"\n{turn_ends.tables([samples_of(path) for path in speeches()], progress)}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What a record has of a session that ended in the midst of what its caller said."""

import asyncio
from unittest import mock

import msgspec
import pytest

from actors.conversation import Ending, Role, UtteranceKind
from actors.messages.caller import EndSession, InputMessage, InterruptRequested, KeyPressed, TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ReplyGenerated, TextGenerated
from actors.ports.tts import SpokenPhrase
from actors.runtime.clock import run_virtual
from actors.session.modes.media import MEDIA
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.orchestrator import Orchestrator
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.fakes import FakeModel, FakeStore
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import AGENT, FRAME, LONG, QUIET, Stage, stage


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def saved(on: Stage) -> list[tuple[Role, str]]:
    """The messages of the record that was saved last."""
    assert isinstance(on.engines.store, FakeStore)
    record = on.engines.store.saved[-1]
    assert record.state == "ended"
    return [(message.role, message.text) for message in record.messages]


async def hang_up(on: Stage) -> None:
    """The caller is gone."""
    on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
    await asyncio.sleep(1)


@pytest.mark.parametrize("mode", [MEDIA, TRANSCRIPTION])
@pytest.mark.parametrize("moment", ["in mid-word", "while the final is owed"])
def test_what_was_understood_of_the_callers_last_words_is_in_it(mode: str, moment: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, mode=mode, utterances=["that is all"]) as on:
            await asyncio.sleep(0.3)
            on.talking = True
            await asyncio.sleep(0.7)
            if moment != "in mid-word":
                on.talking = False
                await asyncio.sleep(0.42)
            await hang_up(on)
            assert saved(on) == [(Role.USER, "that is all")]
            assert [m.text for m in on.ear.of(FinalTranscript)] == ["that is all"]

    run_virtual(main())


@pytest.mark.parametrize("mode", [MEDIA, TRANSCRIPTION])
def test_what_was_told_is_not_in_it_twice(mode: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, mode=mode, utterances=["that is all"], model=FakeModel(lambda _: [60.0])) as on:
            await asyncio.sleep(0.3)
            await on.talk(700)
            await on.ear.until_count(FinalTranscript, 1)
            await hang_up(on)
            assert saved(on) == [(Role.USER, "that is all")]

    run_virtual(main())


@pytest.mark.parametrize("how", ["hang up", "line lost"])
def test_a_word_that_waited_for_the_end_of_the_reply_is_in_it(how: str) -> None:
    async def main() -> None:
        model = FakeModel(lambda _: [0.1, TextGenerated(LONG), ReplyGenerated()])
        async with stage(agent=QUIET, utterances=["tuesday"], model=model) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("your hours"))
            await on.ear.until_count(AudioFrame, 1)
            await asyncio.sleep(1)
            await on.talk(240)
            await asyncio.sleep(1.2)
            if how == "hang up":
                await hang_up(on)
            else:
                on.detach()
                await asyncio.sleep(AGENT.limits.reconnect_s + 1)
            said, heard, word = saved(on)
            assert (said, word) == ((Role.USER, "your hours"), (Role.USER, "tuesday"))
            assert heard[0] is Role.ASSISTANT
            assert LONG.startswith(heard[1])

    run_virtual(main())


@pytest.mark.parametrize("how", ["a word that waits", "into the goodbye", "typed into the goodbye", "too late"])
def test_what_the_goodbye_leaves_unanswered_is_in_it(how: str) -> None:
    async def main() -> None:
        limits = msgspec.structs.replace(QUIET.limits, max_session_s=4, no_input_s=60)
        agent = msgspec.structs.replace(QUIET, limits=limits if how == "too late" else QUIET.limits)
        model = FakeModel(lambda _: [0.1, TextGenerated(LONG), ReplyGenerated()])
        async with stage(agent=agent, utterances=["on tuesday then"], model=model) as on:
            await asyncio.sleep(0.3)
            if how != "too late":
                on.entry.deliver(TextEntered("your hours"))
                await asyncio.sleep(1.2)
            if how == "a word that waits":
                on.engines.recognizer.utterances[:] = ["tuesday"]  # type: ignore[attr-defined]  # a fake
                await on.talk(240)
                await asyncio.sleep(1)
            if how == "too late":
                await asyncio.sleep(3)
                await on.talk(1_000)
            else:
                on.entry.deliver(EndSession(Ending.ERROR))
                await asyncio.sleep(0.1)
            if how == "into the goodbye":
                await on.talk(700)
            elif how == "typed into the goodbye":
                on.entry.deliver(TextEntered("on tuesday then"))
            await on.ear.until(lambda ear: ear.ended is not None)
            await asyncio.sleep(1)
            word = "tuesday" if how == "a word that waits" else "on tuesday then"
            assert saved(on)[-1] == (Role.USER, word)
            assert [m.text for m in on.ear.of(FinalTranscript)][-1] == word

    run_virtual(main())


@pytest.mark.parametrize("how", ["hang up", "goodbye"])
def test_keys_of_an_input_that_was_not_complete_are_in_it(how: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(KeyPressed("4"))
            on.entry.deliver(KeyPressed("7"))
            await asyncio.sleep(0.1)
            if how == "hang up":
                await hang_up(on)
            else:
                on.entry.deliver(EndSession(Ending.ERROR))
                await on.ear.until(lambda ear: ear.ended is not None)
                await asyncio.sleep(1)
            assert saved(on)[-1] == (Role.USER, "4 7")

    run_virtual(main())


@pytest.mark.parametrize(
    ("entered", "words"),
    [
        ([KeyPressed("4"), KeyPressed("7")], "4 7"),
        ([TextEntered("on tuesday")], "on tuesday"),
        ([TextEntered("on tuesday"), KeyPressed("4")], "on tuesday 4"),
    ],
)
@pytest.mark.parametrize("first", [(), (KeyPressed("9"),)])
def test_what_is_entered_in_the_moment_in_which_the_caller_hangs_up_is_in_it(
    first: tuple[KeyPressed, ...], entered: list[InputMessage], words: str
) -> None:
    async def main() -> None:
        async with stage(agent=QUIET) as on:
            await asyncio.sleep(0.3)
            for key in first:
                on.entry.deliver(key)
                await asyncio.sleep(0.1)
            for message in entered:
                on.entry.deliver(message)
            await hang_up(on)
            assert saved(on) == [(Role.USER, f"9 {words}" if first else words)]
            assert [m.text for m in on.ear.of(FinalTranscript)] == [saved(on)[0][1]]

    run_virtual(main())


def test_keys_of_a_session_that_only_listens_are_not() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, mode=TRANSCRIPTION) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(KeyPressed("4"))
            await hang_up(on)
            assert saved(on) == []

    run_virtual(main())


@pytest.mark.parametrize("mode", [MEDIA, VOICE_LIVE])
@pytest.mark.parametrize("fails", ["", "orchestrator", "session"])
def test_what_is_typed_by_who_hangs_up_at_once_is_in_it_once(mode: str, fails: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, mode=mode, realtime=FakeRealtime()) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("on tuesday then"))
            if fails:
                on.entry.addresses[fails].tell(Poison())
            on.entry.deliver(KeyPressed("4"))
            await hang_up(on)
            assert " ".join(text for _, text in saved(on)) == "on tuesday then 4"

    run_virtual(main())


def test_what_is_typed_by_who_is_cut_off_at_once_waits_for_them() -> None:
    async def main() -> None:
        async with stage(agent=QUIET) as on:
            on.entry.deliver(TextEntered("are you open"))
            on.detach()
            await asyncio.sleep(1)
            on.attach("connection-2")
            await on.ear.until_count(ReplyHeard, 1)
            assert [m.text for m in on.ear.of(ReplyHeard)] == ["You said are you open. What else?"]

    run_virtual(main())


@pytest.mark.parametrize("word", ["yeah okay", "goodbye"])
def test_a_sign_of_listening_to_the_goodbye_is_not(word: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=[word]) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(EndSession(Ending.NORMAL))
            await asyncio.sleep(0.1)
            await on.talk(500)
            await on.ear.until(lambda ear: ear.ended is not None)
            await asyncio.sleep(1)
            assert [role for role, _ in saved(on)] == [Role.ASSISTANT]

    run_virtual(main())


@pytest.mark.parametrize("again", ["are you open on sundays", "open on sundays", ""])
def test_what_was_asked_and_is_said_again_is_in_it_once(again: str) -> None:
    """The model fails, the caller is asked to say it again, and hangs up while they do, or before."""

    async def main() -> None:
        faults = Faults(Plan("model.reply", Fault.FAIL, 1, 10))
        model = FakeModel(faults=faults)
        async with stage(agent=QUIET, model=model, utterances=[again]) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("are you open on sundays"))
            await on.ear.until(lambda ear: any(m.kind is UtteranceKind.APOLOGY for m in ear.of(ReplyHeard)))
            on.talking = bool(again)
            await asyncio.sleep(0.7)
            await hang_up(on)
            assert [text for role, text in saved(on) if role is Role.USER] == ["are you open on sundays"]

    run_virtual(main())


def test_what_is_asked_once_more_when_the_orchestrator_fails_for_good_is_in_it_once() -> None:
    """The first one has written some of the reply, of which nothing was heard; its successors come to nothing."""

    async def main() -> None:
        model = FakeModel(lambda _: [0.1, TextGenerated(LONG), 60.0])
        faults = Faults(Plan("synthesizer.write", Fault.STALL, 1, 10))
        kept = {QUIET.phrases.apology: SpokenPhrase(FRAME * 10)}
        async with stage(agent=QUIET, model=model, faults=faults, kept=kept) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("are you open on sundays"))
            await asyncio.sleep(0.3)
            with mock.patch.object(Orchestrator, "on_receive", side_effect=RuntimeError("fake")):
                on.entry.deliver(InterruptRequested())
                await asyncio.sleep(5)
            assert on.ear.ended is Ending.ERROR
            assert [text for role, text in saved(on) if role is Role.USER] == ["are you open on sundays"]
            assert [m.text for m in on.ear.of(FinalTranscript)] == ["are you open on sundays"]

    run_virtual(main())

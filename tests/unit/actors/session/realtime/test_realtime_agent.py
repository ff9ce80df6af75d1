"""A session with a speech-to-speech model, on virtual time: it hears and speaks, and turn-taking decides."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from actors.conversation import Ending, Role
from actors.messages.caller import ConnectionAttached, EndSession, KeyPressed, TextEntered
from actors.messages.output import AudioDiscarded, AudioFrame, ReplyHeard, ToolStarted
from actors.messages.transcript import FinalTranscript, SpeechStopped
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.runtime.clock import run_virtual
from actors.tools import tool
from actors.turn_taking_settings import BargeIn, Endpointing
from app.providers.absent import AbsentRecognizer
from tests.kit.fake_realtime import MS_PER_CHAR, SOUND, FakeRealtime, FakeRealtimeSession
from tests.kit.fakes import FakeRecognizer
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.unit.actors.session.realtime.realtime_kit import LONG, SILENT, heard, messages, speaking


@on_virtual_time
async def test_the_model_hears_the_caller_from_before_the_onset_and_answers() -> None:
    model = FakeRealtime("It is open.", words="are you open")
    async with speaking(model) as on:
        await on.talk(800)
        (reply,) = await heard(on)
        (session,) = model.sessions
        assert reply.text == "It is open."
        assert len(session.turns) == 1
        # The pre-roll, the voice, and the silence that ended it.
        assert 800 + 250 <= session.turns[0] <= 800 + 300 + 460
        audio = on.ear.samples(reply.turn)
        assert audio == [1 + n % 30_000 for n in range(len(audio))]
        assert [m.text for m in on.ear.of(FinalTranscript)] == ["are you open"]
        assert messages(on) == [(Role.USER, "are you open"), (Role.ASSISTANT, "It is open.")]


@on_virtual_time
async def test_words_that_never_come_are_not_waited_for() -> None:
    model = FakeRealtime("It is open.", "Yes.")
    async with speaking(model) as on:
        await on.talk(800)
        await heard(on)
        await on.talk(400)
        await heard(on, 2)
        assert messages(on)[0] == (Role.USER, "[speech]")
        assert len(model.sessions[0].turns) == 2


@on_virtual_time
async def test_the_greeting_is_ours_and_the_model_is_told_of_it() -> None:
    model = FakeRealtime("It is open.")
    async with speaking(model, AGENT) as on:
        await heard(on)
        await on.talk(800)
        replies = await heard(on, 2)
        assert [reply.text for reply in replies] == ["Hello there.", "It is open."]
        assert [(m.role, m.text) for m in model.sessions[0].added] == [(Role.ASSISTANT, "Hello there.")]
        assert model.sessions[0].asked == [[Role.ASSISTANT, SOUND]], "before what the caller said to it"


@pytest.mark.parametrize("after_ms", [700, 1_500, 2_600])
@on_virtual_time
async def test_an_interruption_truncates_to_what_was_heard(after_ms: int) -> None:
    model = FakeRealtime(LONG, "Certainly.")
    async with speaking(model) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 1)
        await asyncio.sleep(after_ms / 1_000)
        await on.talk(1_200)
        cut, answer = await heard(on, 2)
        (session,) = model.sessions
        shown = [message for _, message in on.ear.shown]
        until = next(at for at, message in enumerate(shown) if isinstance(message, AudioDiscarded))
        # While the voice that paused it was not confirmed yet, all that was on its way has been heard.
        sent_ms = 20 * sum(isinstance(message, AudioFrame) for message in shown[:until])
        assert cut.interrupted
        assert answer.text == "Certainly."
        assert abs(session.truncated["item-1"] - sent_ms) <= 20
        share = session.truncated["item-1"] / MS_PER_CHAR
        assert abs(len(cut.text) - share) <= max(12, share * 0.35)
        assert on.ear.audio_after_clear() == 0


@on_virtual_time
async def test_a_response_that_is_being_made_is_cancelled_and_its_late_audio_dropped() -> None:
    model = FakeRealtime(LONG * 8, "Certainly.")
    async with speaking(model) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 1)
        await asyncio.sleep(1)
        await on.talk(1_200)
        _, answer = await heard(on, 2)
        assert answer.text == "Certainly."
        assert model.sessions[0].cancelled == ["response-1"]
        assert on.ear.audio_after_clear() == 0


@on_virtual_time
async def test_a_cough_pauses_and_loses_nothing() -> None:
    model = FakeRealtime(LONG)
    async with speaking(model, msgspec.structs.replace(SILENT, barge_in=BargeIn())) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 1)
        await asyncio.sleep(1)
        await on.talk(220)
        (reply,) = await heard(on)
        audio = on.ear.samples(*{m.reply for m in on.ear.of(AudioFrame)})
        assert reply.text == LONG
        assert not reply.interrupted
        assert len(audio) >= len(LONG) * MS_PER_CHAR * 16 - 80
        assert model.sessions[0].truncated == {}
        assert model.sessions[0].cleared == 1
        assert len(model.sessions[0].turns) == 1


@on_virtual_time
async def test_typed_text_and_keys_are_added_and_answered() -> None:
    model = FakeRealtime("One.", "Two.")
    async with speaking(model) as on:
        on.entry.deliver(TextEntered("hello"))
        await heard(on)
        on.entry.deliver(KeyPressed("4"))
        on.entry.deliver(KeyPressed("#"))
        await heard(on, 2)
        assert [m.text for m in model.sessions[0].added] == ["hello", "4"]


def test_a_tool_is_run_and_its_result_answered() -> None:
    @tool
    async def opening_hours(day: str) -> dict[str, str]:
        """Tell when we are open.

        Args:
            day: the day of the week.
        """
        return {"open": f"{day}, nine to five"}

    async def main() -> None:
        call = ToolCalled(call_id="c1", name="opening_hours", arguments='{"day":"Monday"}')
        model = FakeRealtime(call, "From nine to five.")
        async with speaking(model, tools={"opening_hours": opening_hours}) as on:
            await on.talk(600)
            (reply,) = await heard(on)
            assert reply.text == "From nine to five."
            assert len(on.ear.of(ToolStarted)) == 1
            (result,) = model.sessions[0].added
            assert result.call_id == "c1"
            assert "nine to five" in result.text

    run_virtual(main())


@on_virtual_time
async def test_the_session_ends_politely() -> None:
    model = FakeRealtime()
    async with speaking(model) as on:
        on.entry.deliver(EndSession(Ending.NORMAL, politely=True))
        await on.ear.until(lambda ear: ear.ended)
        await asyncio.sleep(0.2)
        assert on.ear.ended is Ending.NORMAL
        assert model.sessions[0].is_closed


@on_virtual_time
async def test_the_words_of_a_recognizer_beside_stand_where_the_model_tells_none() -> None:
    model = FakeRealtime("It is open, from nine to five.", "Yes.")
    beside = FakeRecognizer(["are you open", "even on monday"], delay_s=0.4)
    async with speaking(model, transcriber=beside) as on:
        await on.talk(800)
        await heard(on)
        await on.talk(600)
        await heard(on, 2)
        await asyncio.sleep(1)
        assert messages(on)[::2] == [(Role.USER, "are you open"), (Role.USER, "even on monday")]
        assert [m.text for m in on.ear.of(FinalTranscript)] == ["are you open", "even on monday"]
        assert [m.turn for m in on.ear.of(FinalTranscript)] == [1, 2]
        assert len(model.sessions[0].turns) == 2


@pytest.mark.parametrize("rest", ["open on monday", ""])
def test_what_a_recognizer_beside_has_finished_with_in_mid_utterance_is_answered_once(rest: str) -> None:
    """An engine may cut an utterance in two: as voice it is answered as one, and its words are those of both parts."""

    async def main() -> None:
        model = FakeRealtime("It is open.", "Yes.")
        beside = FakeRecognizer([rest], delay_s=0.4) if rest else AbsentRecognizer()
        async with speaking(model, transcriber=beside) as on:
            talks = asyncio.ensure_future(on.talk(1_000))
            await asyncio.sleep(0.6)
            begun = FinalTranscript(text="are you", start_ms=300.0, end_ms=800.0)
            on.entry.addresses["orchestrator"].tell(begun)
            await talks
            (reply,) = await heard(on)
            said = f"are you {rest}".strip()
            assert messages(on) == [(Role.USER, said), (Role.ASSISTANT, "It is open.")]
            assert [m.text for m in on.ear.of(FinalTranscript)] == [said]
            assert (len(model.sessions[0].turns), reply.interrupted) == (1, False)

    run_virtual(main())


@on_virtual_time
async def test_words_that_the_model_has_told_are_not_told_twice() -> None:
    model = FakeRealtime("It is open, from nine to five.", words="are you open")
    async with speaking(model, transcriber=FakeRecognizer(["are you hoping"], delay_s=1.0)) as on:
        await on.talk(800)
        await heard(on)
        await asyncio.sleep(1)
        assert [m.text for m in on.ear.of(FinalTranscript)] == ["are you open"]


@on_virtual_time
async def test_a_short_answer_into_a_question_is_heard_by_the_model_when_that_is_over() -> None:
    question = "Shall I book it for you now, at nine?"
    model = FakeRealtime(question, "It is booked.")
    async with speaking(model) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 1)
        await asyncio.sleep(1)
        await on.talk(300)
        asked, answer = await heard(on, 2)
        assert (asked.text, asked.interrupted) == (question, False)
        assert answer.text == "It is booked."
        (session,) = model.sessions
        assert (session.cleared, len(session.turns)) == (1, 2)
        assert session.turns[1] >= 300


@on_virtual_time
async def test_who_comes_back_with_another_sample_rate_hears_the_model_at_that() -> None:
    model = FakeRealtime("It is open.", "Yes, it is open.", words="are you open")
    async with speaking(model) as on:
        await on.talk(600)
        await heard(on)
        on.detach()
        await asyncio.sleep(0.5)
        on.entry.connection.output = on.ear
        on.entry.deliver(ConnectionAttached(connection_id="connection-2", lead=on.lead, rate_hz=24_000))
        await asyncio.sleep(0.5)
        before = len(on.ear.of(AudioFrame))
        await on.talk(600)
        await heard(on, 2)
        frames = on.ear.of(AudioFrame)[before:]
        assert model.sessions[-1].options.speaks_hz == 24_000
        spoken_ms = sum(len(frame.pcm) for frame in frames) / 48
        assert spoken_ms == pytest.approx(len("Yes, it is open.") * MS_PER_CHAR, abs=100)
        assert on.session.tree()[0].restarts == 0


class Slow(FakeRealtime):
    """Takes its time to open a session."""

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> FakeRealtimeSession:
        await asyncio.sleep(3)
        return await super().open(options, report)


@on_virtual_time
async def test_what_is_said_while_a_session_is_opened_is_told_to_it() -> None:
    model = Slow("It is open.")
    async with speaking(model, AGENT) as on:
        await heard(on)
        on.entry.deliver(TextEntered("are you open"))
        await on.ear.until(lambda ear: ear.of(ReplyHeard)[-1].text == "It is open.")
        assert [message.text for message in model.sessions[0].added] == [AGENT.greeting, "are you open"]


class Knowing(FakeRealtime):
    """Tells of ends of turns by what is said."""

    @property
    def abilities(self) -> port.RealtimeAbilities:
        return port.RealtimeAbilities(finds_ends=True)


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_model_that_takes_a_turn_for_complete_is_waited_for_no_longer(goes_on: bool) -> None:
    patient = msgspec.structs.replace(SILENT, endpointing=Endpointing(end_silence_ms=2_000, min_silence_ms=200))

    async def main() -> None:
        model = Knowing("It is open.")
        async with speaking(model, patient) as on:
            (far,) = model.sessions
            assert (far.options.detect_turns, far.options.silence_ms) == (True, 200)
            await on.talk(600)
            await asyncio.sleep(0.3)
            silent_at = asyncio.get_running_loop().time() - 0.3
            far.tell(SpeechStopped(start_ms=0, end_ms=600, voiced_ms=600, silence_ms=200))
            far.tell(reported.CallerCommitted(item_id="early", start_ms=0, end_ms=600))
            if goes_on:
                await on.talk(400)
                silent_at = asyncio.get_running_loop().time()
            await on.ear.until_count(AudioFrame, 1)
            waited_s = asyncio.get_running_loop().time() - silent_at
            assert waited_s > 2.0 if goes_on else waited_s < 0.6
            assert len(far.turns) == goes_on
            assert far.cleared == (not goes_on)

    run_virtual(main())

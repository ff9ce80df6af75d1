"""Which windows voice activity has judged, in which order, and what becomes of those of which it says nothing."""

from typing import Any

import pytest

from actors.session.recognition.voice_judge import AT_ONCE, MOST_UNJUDGED_MS, Judged, VoiceJudge

WINDOW_MS = 20.0


class Activity:
    """Answers with the number of a window, in hundredths, but for those in `never`; not at all while it `is_down`."""

    rate_hz = 16_000
    window_samples = 320

    def __init__(self, answer: Any = None, never: tuple[int, ...] = ()) -> None:
        self.answer = answer
        self.never = never
        self.is_down = False
        self.asked: list[int] = []
        self.resets = 0
        self.cannot_reset = False

    def probability(self, window: bytes) -> float:
        self.asked.append(window[0])
        if not self.is_down and window[0] not in self.never:
            return window[0] / 100
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]

    def reset(self) -> None:
        self.resets += 1
        if self.cannot_reset:
            raise RuntimeError("fake")


class Listening:
    """Hears windows as a recognizer does."""

    def __init__(self, activity: Activity) -> None:
        self.judge = VoiceJudge(activity, WINDOW_MS)
        self.judged: list[int] = []

    def hear(self, *numbers: int) -> None:
        for number in numbers:
            window = bytes([number])
            if not self.judge.is_behind:
                probability = self.judge.ask(window)
                if probability is not None:
                    self.judged.append(round(probability * 100))
                else:
                    self.judge.put_off(window, -float(number))
                continue
            self.judge.put_off(window, -float(number))
            late = list(self.judge.catch_up())
            assert len(late) <= AT_ONCE
            self.judged += [round(each.probability * 100) for each in late]


@pytest.mark.parametrize("answer", [None, "0.5", float("nan"), -0.1, 1.5, RuntimeError("fake"), SystemExit(1)])
def test_windows_without_an_answer_are_judged_in_their_order_when_there_is_one_again(answer: Any) -> None:
    activity = Activity(answer)
    listening = Listening(activity)
    listening.hear(1, 2)
    activity.is_down = True
    listening.hear(*range(3, 13))
    assert listening.judged == [1, 2]
    assert activity.resets > 0
    activity.is_down = False
    listening.hear(*range(13, 20))
    assert listening.judged == list(range(1, 20))
    assert not listening.judge.is_behind


def test_the_loop_is_not_held_up_by_what_was_put_off() -> None:
    activity = Activity()
    listening = Listening(activity)
    activity.is_down = True
    listening.hear(*range(1, 31))
    activity.is_down = False
    listening.hear(31)
    assert listening.judged == list(range(1, 1 + AT_ONCE))
    assert listening.judge.is_behind


def test_one_window_that_has_no_answer_by_itself_is_silence() -> None:
    activity = Activity(never=(3,))
    listening = Listening(activity)
    listening.hear(*range(1, 8))
    assert listening.judged == [1, 2, 0, 4, 5, 6, 7]
    assert not listening.judge.is_behind


def test_a_window_is_judged_with_the_echo_of_its_own_time() -> None:
    activity = Activity()
    judge = VoiceJudge(activity, WINDOW_MS)
    for number in (1, 2):
        judge.put_off(bytes([number]), -float(number))
    assert list(judge.catch_up()) == [Judged(b"\x01", 0.01, -1.0), Judged(b"\x02", 0.02, -2.0)]


@pytest.mark.parametrize("error", [RuntimeError("fake"), SystemExit(1), GeneratorExit(), None])
def test_a_detector_that_has_no_answer_for_long_has_failed_with_what_it_raises(error: BaseException | None) -> None:
    activity = Activity(error)
    activity.is_down = True
    listening = Listening(activity)
    listening.hear(*range(1, int(MOST_UNJUDGED_MS / WINDOW_MS)))
    with pytest.raises(TypeError if error is None else type(error)):
        listening.hear(99)


def test_what_was_put_off_can_be_forgotten() -> None:
    activity = Activity()
    listening = Listening(activity)
    activity.is_down = True
    listening.hear(1, 2, 3)
    listening.judge.forget()
    activity.is_down = False
    listening.hear(4)
    assert listening.judged == [4]


def test_a_detector_that_cannot_even_be_reset_costs_itself() -> None:
    activity = Activity()
    activity.is_down = activity.cannot_reset = True
    assert VoiceJudge(activity, WINDOW_MS).ask(b"\x01") is None

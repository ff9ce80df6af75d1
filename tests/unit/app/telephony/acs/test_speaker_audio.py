"""The audio of each participant by itself."""

from actors.rules.speakers import CALLER, OTHERS, SPEAKERS
from actors.runtime.clock import run_virtual
from actors.session.modes.transcription import TRANSCRIPTION
from app.telephony.acs.speaker_audio import SpeakerAudio
from tests.kit.session_kit import FRAME, SILENCE, stage


def test_four_are_told_apart_and_all_others_are_heard_as_one() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, caller=False) as on:
            audio = SpeakerAudio("+15550100", 16_000)
            for _ in range(10):
                for participant in ("4:+15550100", *(f"8:acs:{number}" for number in range(6))):
                    audio.push(on.entry, participant, FRAME)
            lengths = {speaker: on.entry.tracks.of(speaker).kept_bytes for speaker in SPEAKERS}
            assert lengths[CALLER] == 10 * len(FRAME)
            # Three speak at once, and time passes once.
            assert 9 * len(FRAME) <= lengths[OTHERS] <= 10 * len(FRAME)

    run_virtual(main())


def test_each_voice_is_resampled_by_itself() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, caller=False) as on:
            audio = SpeakerAudio("+15550100", 24_000)
            for _ in range(50):
                for participant in ("4:+15550100", "8:acs:guest"):
                    audio.push(on.entry, participant, bytes(960))
            for speaker in SPEAKERS[:2]:
                assert abs(on.entry.tracks.of(speaker).end_bytes - 32_000) < 2_000

    run_virtual(main())


def test_who_speaks_among_the_others_gets_a_place_of_their_own_in_a_pause() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, caller=False) as on:
            audio = SpeakerAudio("+15550100", 16_000)
            guests = [f"8:acs:{number}" for number in range(4)]

            def send(pcm: bytes, *participants: str) -> None:
                for participant in participants:
                    audio.push(on.entry, participant, pcm)

            send(FRAME, *guests)
            assert on.entry.tracks.of(OTHERS).kept_bytes == len(FRAME)
            on.entry.checkpoint.track("speaker 2").is_open = False
            send(FRAME, guests[3])
            assert on.entry.tracks.of(OTHERS).kept_bytes == 2 * len(FRAME), "in the midst of a word"
            send(SILENCE, guests[3])
            assert on.entry.checkpoint.participants["speaker 5"] == guests[3]
            assert on.entry.tracks.of("speaker 5").kept_bytes == len(SILENCE)

    run_virtual(main())

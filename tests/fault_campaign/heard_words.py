"""Which words of us a caller has heard, read from the audio that was sent and played."""

import re

from actors.messages.output import AudioDiscarded, AudioFrame
from actors.session.modes.voice_live import VOICE_LIVE
from tests.fault_campaign.evidence import Evidence
from tests.fault_campaign.speaking_faults import BREAKS_OFF, SpeakingFault
from tests.fault_campaign.speaking_response import SPOKEN_OF_MANY
from tests.fault_campaign.speech_as_text import read

FRAME_S = 0.02
WORD = re.compile(r"r\d+w\d+")
NEAR_A_CUT = 3
"""Words that may be remembered otherwise than heard, each time that playback is cut or a connection lost."""
WORDS_OF_AN_ANSWER = 18
ABOUT_A_CUT = 9
"""The same where a model that speaks by itself does not tell where its words lie: half a reply."""


def heard_words(evidence: Evidence) -> tuple[list[str], set[str], int]:
    """The model's words that were heard, those that were sent at all, and how often playback was cut."""
    if evidence.played is not None:
        sent = read(m.pcm for _, m in evidence.shown if isinstance(m, AudioFrame))
        discards = sum(isinstance(m, AudioDiscarded) for _, m in evidence.shown)
        heard = read(m.pcm for _, m in evidence.played)
        return WORD.findall(heard), set(WORD.findall(sent)), discards + evidence.lost_connections + 1
    frames: list[tuple[float, AudioFrame]] = []
    cut: set[str] = set()
    plays_until, cuts = 0.0, evidence.lost_connections + 1
    for at, message in evidence.shown:
        if isinstance(message, AudioFrame):
            plays_until = max(at, plays_until) + FRAME_S
            frames.append((plays_until, message))
        elif isinstance(message, AudioDiscarded):
            cuts += 1
            cut |= set(WORD.findall(read(m.pcm for _, m in frames)))
            frames = [(end, m) for end, m in frames if end <= at]
            plays_until = at
    text = read(m.pcm for _, m in frames)
    return WORD.findall(text), cut | set(WORD.findall(text)), cuts


def near_a_cut(evidence: Evidence, cuts: int) -> int:
    """How many words may be told otherwise than heard where playback was cut so often."""
    scenario = evidence.scenario
    is_estimated = scenario.mode == VOICE_LIVE and not scenario.mishaps.word_times
    if is_estimated and scenario.mishaps.speaking in BREAKS_OFF:
        # Where the words lie in a response that breaks off is estimated as where it is cut.
        cuts += len({m.reply for _, m in evidence.shown if isinstance(m, AudioFrame)})
    near = (ABOUT_A_CUT if is_estimated else NEAR_A_CUT) * cuts
    if is_estimated and scenario.mishaps.speaking is SpeakingFault.ENDLESS_WORDS:
        near += SPOKEN_OF_MANY * len(scenario.mishaps.responses)
    if is_estimated and scenario.mishaps.speaking is SpeakingFault.ENDLESS:
        # Of audio that says the same words again and again nobody can tell which they are, but for their model.
        near += WORDS_OF_AN_ANSWER * len(scenario.mishaps.responses)
    return near

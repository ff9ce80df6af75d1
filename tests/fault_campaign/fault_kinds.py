"""How each kind of fault of the campaign changes a plain conversation."""

from random import Random

from msgspec.structs import replace

from actors.agent import GuardrailAction, OnFailure
from actors.messages.caller import MARKED, KeyPressed, TextEntered
from actors.messages.transcript import FinalTranscript
from actors.runtime.restart_budget import RestartPolicy
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.modes.voice_live import VOICE_LIVE
from tests.fault_campaign.careless_engines import AnswerFault, VoiceFault
from tests.fault_campaign.crashes import ERRORS, Crash, Moment
from tests.fault_campaign.faulty_engines import HAND_OFF, McpFault, ModelFault, ToolFault
from tests.fault_campaign.guardrails import Guards, JudgeFault
from tests.fault_campaign.hearing_recognizer import RecognizerFault
from tests.fault_campaign.marking_client import ClientFault
from tests.fault_campaign.scenario import Ask, Disturbance, Finish, How, Kind, Operator, Scenario, When
from tests.kit.faults import Fault, Plan

MESSAGES = {"recognizer": 900, "orchestrator": 150, "synthesizer": 900, "session": 15, "transcriber": 300}
"""About how many messages each actor handles in a conversation."""
SPEAKING = 4
"""So many times more come to the orchestrator whose model speaks by itself, with the audio of its replies."""
LASTING = 1_000
"""So often means: from then on always."""
ESCALATION = RestartPolicy().max_restarts + 1


def often(rng: Random) -> int:
    return rng.choice([1, 1, 1, 2, LASTING])


def window(rng: Random) -> range:
    first = rng.randint(1, 4)
    return range(first, first + often(rng))


def any_message(scenario: Scenario, rng: Random, victim: str) -> int:
    """One of those that come to this actor, rather an early one."""
    return int((MESSAGES[victim] * times(scenario, victim)) ** rng.random())


def times(scenario: Scenario, victim: str) -> int:
    return SPEAKING if scenario.mode == VOICE_LIVE and victim == "orchestrator" else 1


def crash(scenario: Scenario, rng: Random, *, victim: str, moment: Moment) -> None:
    at_life = moment in (Moment.AT_START, Moment.AT_END)
    first = 1 if at_life else any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=moment, first=first, error=rng.choice(ERRORS)))


def crash_in_restart(scenario: Scenario, rng: Random, *, victim: str) -> None:
    """Once at a message, and once more when it starts again."""
    first = any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=Moment.AFTER_MESSAGE, first=first))
    scenario.crashes.append(Crash(victim=victim, moment=Moment.AT_START, first=2))


def crash_for_good(scenario: Scenario, rng: Random, *, victim: str) -> None:
    """From some message on it fails at every one."""
    first = any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=Moment.BEFORE_MESSAGE, first=first, times=LASTING))


def plan(scenario: Scenario, rng: Random, *, place: str, fault: Fault) -> None:
    scenario.plans.append(Plan(place, fault, rng.randint(1, 3), often(rng)))


def model(scenario: Scenario, rng: Random, *, fault: ModelFault) -> None:
    scenario.model_fault, scenario.faulty_requests = fault, window(rng)


def recognizer(scenario: Scenario, rng: Random, *, fault: RecognizerFault) -> None:
    scenario.recognizer_fault, scenario.faulty_finals = fault, window(rng)


def tool(scenario: Scenario, rng: Random, *, fault: ToolFault) -> None:
    scenario.tool_fault = fault
    scenario.asks.append(Ask(how=How.TYPED, when=When.IN_QUIET, text=f"do book the slot t{len(scenario.asks)}"))


def calls_somebody(scenario: Scenario, rng: Random, *, fault: ToolFault | None) -> None:
    """The tool calls somebody, to whom the caller is put through; or nobody answers, or not in time."""
    scenario.tool_connects = True
    scenario.tool_fault = fault
    how = rng.choice([How.TYPED, How.VOICE])
    scenario.asks.append(Ask(how=how, when=When.IN_QUIET, text=f"do book the slot t{len(scenario.asks)}"))


def crash_beside_tool(scenario: Scenario, rng: Random, *, victim: str) -> None:
    """At any message from the one that brings the wish to the end of its answer."""
    scenario.tool_fault = rng.choice([None, ToolFault.SLOW])
    scenario.asks = [Ask(how=How.TYPED, when=When.IN_QUIET, text="do book the slot t0")]
    first = rng.randint(4, 30 * times(scenario, victim)) if victim == "orchestrator" else rng.randint(1, 4)
    scenario.crashes.append(Crash(victim=victim, moment=rng.choice(list(Moment)[:2]), first=first))


def crash_at_input(scenario: Scenario, rng: Random, *, how: How, moment: Moment) -> None:
    """At something that is typed or keyed, and sometimes at the same once more."""
    message, text = (TextEntered, "what about this i0") if how is How.TYPED else (KeyPressed, "4711#")
    scenario.asks.append(Ask(how=how, when=rng.choice([When.IN_QUIET, When.OVER_REPLY]), text=text))
    first, times = (1 if how is How.TYPED else rng.randint(1, 5)), rng.choice([1, 1, 2])
    scenario.crashes.append(Crash(victim="orchestrator", moment=moment, first=first, times=times, messages=(message,)))


def cut_audio(scenario: Scenario, rng: Random, *, share: float) -> None:
    scenario.kept_share, scenario.cut_writes = share, window(rng)


def disturb(scenario: Scenario, rng: Random, *, what: Disturbance) -> None:
    scenario.disturbances.append((rng.uniform(0.2, 15.0), what))


def finish(scenario: Scenario, rng: Random, *, finish: Finish) -> None:
    scenario.finish = finish


def early(scenario: Scenario, rng: Random, *, how: How) -> None:
    text = "4711#" if how is How.KEYS else "what about this early"
    scenario.asks.insert(0, Ask(how=how, when=When.BEFORE_ANYTHING, text=text))


def hand_off(scenario: Scenario, rng: Random) -> None:
    """Once or twice, so that it may come back to the first agent."""
    for number in range(rng.choice([1, 1, 2])):
        how = rng.choice([How.VOICE, How.TYPED])
        when = rng.choice([When.IN_QUIET, When.IN_QUIET, When.OVER_REPLY])
        ask = Ask(how=how, when=when if scenario.asks else When.IN_QUIET, text=f"give me {HAND_OFF} h{number}")
        scenario.asks.insert(rng.randint(0, len(scenario.asks)), ask)


def crash_at_handoff(scenario: Scenario, rng: Random, *, victim: str) -> None:
    """At any message from the wish for another agent to its first words."""
    take_over_first(scenario)
    firsts = {"orchestrator": rng.randint(4, 40 * times(scenario, victim)), "session": rng.randint(1, 4)}
    first = firsts.get(victim, rng.randint(1, 400))
    scenario.crashes.append(Crash(victim=victim, moment=rng.choice(list(Moment)[:2]), first=first))


def take_over_first(scenario: Scenario) -> None:
    """Another agent is wished for as soon as the first one has greeted.

    In five words, as many as the recognizer guesses while they are said: where no final comes, those stand.
    """
    text = f"give me {HAND_OFF} first{len(scenario.asks)}"
    scenario.asks = [Ask(how=How.TYPED, when=When.IN_QUIET, text=text), *scenario.asks]


def engine_at_handoff(scenario: Scenario, rng: Random) -> None:
    """At what is opened, closed or said for the other agent."""
    take_over_first(scenario)
    place = rng.choice(["recognizer.open", "recognizer.close", "synthesizer.open", "synthesizer.close"])
    written = Plan("synthesizer.write", rng.choice(list(Fault)), rng.randint(2, 4), rng.choice([1, 2]))
    opened = Plan(place, rng.choice([Fault.FAIL, Fault.STALL]), 1 if place.endswith("close") else 2, rng.choice([1, 2]))
    scenario.plans.append(rng.choice([opened, opened, written]))


def model_at_handoff(scenario: Scenario, rng: Random) -> None:
    """When the wish is read, or at the first answers of the other agent."""
    take_over_first(scenario)
    first = rng.randint(1, 3)
    scenario.model_fault, scenario.faulty_requests = (
        rng.choice(list(ModelFault)),
        range(first, first + rng.randint(1, 2)),
    )


def disturb_at_handoff(scenario: Scenario, rng: Random) -> None:
    """From the wish to the end of the other agent's first words."""
    take_over_first(scenario)
    scenario.disturbances.append((rng.uniform(1.0, 5.0), rng.choice(list(Disturbance))))


def lost_then_crash(scenario: Scenario, rng: Random) -> None:
    scenario.finish = Finish.LOST
    scenario.crashes.append(Crash(victim="session", moment=Moment.AFTER_MESSAGE, first=rng.randint(2, 12)))


def hang_up_in_backoff(scenario: Scenario, rng: Random) -> None:
    """Two failures in a row: the third start waits, and the caller leaves."""
    victim = rng.choice(["recognizer", "orchestrator", "synthesizer"])
    first = any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=Moment.BEFORE_MESSAGE, first=first, times=ESCALATION - 1))
    scenario.finish = Finish.HANG_UP_OVER_REPLY


def marking(scenario: Scenario, rng: Random, *, fault: ClientFault | None) -> None:
    scenario.lead, scenario.client_fault = MARKED, fault


def voice_activity(scenario: Scenario, rng: Random, *, fault: AnswerFault) -> None:
    first = rng.randint(1, 900)
    scenario.vad_fault, scenario.faulty_windows = (
        fault,
        range(first, first + rng.choice([1, 2, 10, 30, 45, 60, LASTING])),
    )


def end_of_turn(scenario: Scenario, rng: Random, *, fault: AnswerFault) -> None:
    first = rng.randint(1, 20)
    scenario.turn_end_fault, scenario.faulty_ends = fault, range(first, first + rng.choice([1, 10, LASTING]))


def voice(scenario: Scenario, rng: Random, *, fault: VoiceFault) -> None:
    scenario.voice_fault = fault


def wants_booking(scenario: Scenario) -> None:
    scenario.asks.append(Ask(how=How.TYPED, when=When.IN_QUIET, text=f"do book the slot t{len(scenario.asks)}"))


def approval(scenario: Scenario, rng: Random, *, operator: Operator) -> None:
    scenario.operator = operator
    scenario.tool_fault = rng.choice([None, None, ToolFault.RAISES, ToolFault.HANGS])
    wants_booking(scenario)


def crash_while_approval_waits(scenario: Scenario, rng: Random, *, victim: str) -> None:
    crash_beside_tool(scenario, rng, victim=victim)
    scenario.operator = rng.choice(list(Operator))


def mcp(scenario: Scenario, rng: Random, *, fault: McpFault) -> None:
    scenario.mcp_fault = fault
    wants_booking(scenario)


def pausing(scenario: Scenario, rng: Random) -> None:
    """The caller stops in mid-sentence: a reply is begun ahead, or a turn taken for over, and both were wrong."""
    scenario.asks.append(Ask(how=How.VOICE, when=When.IN_QUIET, text=f"what about this p{len(scenario.asks)}"))
    scenario.asks = [
        replace(ask, silent_s=rng.uniform(0.1, 0.9)) if ask.how is How.VOICE else ask for ask in scenario.asks
    ]


def short_session(scenario: Scenario, rng: Random) -> None:
    """The longest session is over in the midst of what is said, or while nothing is."""
    scenario.max_session_s = rng.uniform(0.5, 20.0)


def outbound(scenario: Scenario, rng: Random) -> None:
    """Whoever we have called says something first, or waits to be greeted."""
    scenario.is_outbound = True
    if rng.random() < 0.7:
        scenario.asks.insert(
            0, Ask(how=How.VOICE, when=When.AT_ONCE, text="who is this", pause_s=rng.uniform(0.0, 1.5))
        )


def few_tools(scenario: Scenario, rng: Random) -> None:
    """The session has used up what it may cost when the first or second tool is called."""
    scenario.max_tool_calls = rng.choice([1, 1, 2])
    for _ in range(scenario.max_tool_calls):
        wants_booking(scenario)


def keys_without_end(scenario: Scenario, rng: Random) -> None:
    """The key that ends an input never comes, and sometimes other words do in its place."""
    for _ in range(rng.choice([1, 1, 2])):
        text, when = str(rng.randint(1, 99_999)), rng.choice([When.IN_QUIET, When.IN_QUIET, When.OVER_REPLY])
        ask = Ask(how=How.KEYS, when=when if scenario.asks else When.IN_QUIET, text=text, has_end=False)
        scenario.asks.insert(rng.randint(0, len(scenario.asks)), ask)


def said_again(scenario: Scenario, rng: Random) -> None:
    """What the model has failed to answer is said once more, in the same words."""
    ask = Ask(how=rng.choice([How.VOICE, How.TYPED]), when=When.IN_QUIET, text="what about this again")
    scenario.asks = [ask, ask]
    scenario.model_fault, scenario.faulty_requests = ModelFault.RAISES, range(1, 2)


def typed_in_restart(scenario: Scenario, rng: Random, *, victim: str, how: How) -> None:
    first = any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=Moment.BEFORE_MESSAGE, first=first, times=2))
    text = "4711#" if how is How.KEYS else "what about this in between"
    scenario.ask_in_restart = Ask(how=how, when=When.IN_QUIET, text=text)


def many_turns(scenario: Scenario, rng: Random) -> None:
    scenario.asks = [Ask(how=How.TYPED, when=When.IN_QUIET, text=f"what about this m{n}") for n in range(24)]


def transcribed(scenario: Scenario, rng: Random, *, kind: Kind) -> None:
    """What the kind does, in a session that only listens."""
    scenario.mode = TRANSCRIPTION
    kind(scenario, rng)


def resumed(scenario: Scenario, rng: Random) -> None:
    scenario.is_resumed = True


def crash_at_final(scenario: Scenario, rng: Random, *, moment: Moment) -> None:
    first = rng.randint(1, max(1, len(scenario.asks)))
    scenario.crashes.append(Crash(victim="transcriber", moment=moment, first=first, messages=(FinalTranscript,)))


FORBIDDEN_PLACES = (0, 7, 16)
"""At the beginning of an answer, in the middle of one of its sentences, and near its end."""


def guarded(scenario: Scenario, rng: Random, *, action: GuardrailAction) -> None:
    """A pattern forbids a word of each answer."""
    scenario.guards = Guards(word=rng.choice(FORBIDDEN_PLACES), action=action)


def judged(scenario: Scenario, rng: Random, *, fault: JudgeFault | None) -> None:
    """A topic forbids a word of each answer, and the model that judges by it may go wrong."""
    first = rng.randint(1, 6)
    scenario.guards = Guards(
        word=rng.choice(FORBIDDEN_PLACES),
        fault=fault,
        faulty=range(first, first + often(rng)),
        on_failure=rng.choice(list(OnFailure)),
    )

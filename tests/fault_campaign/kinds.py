"""Every kind of fault of the campaign: its name, and how it changes a plain conversation."""

from functools import partial
from random import Random

from msgspec.structs import replace

from actors.messages.caller import MARKED, PACED, KeyPressed, TextEntered
from actors.messages.transcript import FinalTranscript
from actors.runtime.restart_budget import RestartPolicy
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.modes.voice_live import VOICE_LIVE
from tests.fault_campaign.careless_engines import AnswerFault, VoiceFault
from tests.fault_campaign.crashes import ERRORS, Crash, Moment
from tests.fault_campaign.faulty_engines import HAND_OFF, McpFault, ModelFault, ToolFault
from tests.fault_campaign.hearing_recognizer import RecognizerFault
from tests.fault_campaign.marking_client import ClientFault
from tests.fault_campaign.scenario import Ask, Disturbance, Finish, How, Kind, Operator, Scenario, When, plain
from tests.fault_campaign.voice_live_kinds import in_voice_live
from tests.kit.faults import Fault, Plan

MESSAGES = {"recognizer": 900, "orchestrator": 150, "synthesizer": 900, "session": 15, "transcriber": 300}
"""About how many messages each actor handles in a conversation."""
SPEAKING = 4
"""So many times more come to the orchestrator whose model speaks by itself, with the audio of its replies."""
LASTING = 1_000
"""So often means: from then on always."""
CONVERSING = ("recognizer", "orchestrator", "synthesizer", "session")
LISTENING = ("recognizer", "transcriber", "session")
ESCALATION = RestartPolicy().max_restarts + 1


def _often(rng: Random) -> int:
    return rng.choice([1, 1, 1, 2, LASTING])


def _window(rng: Random) -> range:
    first = rng.randint(1, 4)
    return range(first, first + _often(rng))


def _any_message(scenario: Scenario, rng: Random, victim: str) -> int:
    """One of those that come to this actor, rather an early one."""
    return int((MESSAGES[victim] * _times(scenario, victim)) ** rng.random())


def _times(scenario: Scenario, victim: str) -> int:
    return SPEAKING if scenario.mode == VOICE_LIVE and victim == "orchestrator" else 1


def _crash(scenario: Scenario, rng: Random, *, victim: str, moment: Moment) -> None:
    at_life = moment in (Moment.AT_START, Moment.AT_END)
    first = 1 if at_life else _any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=moment, first=first, error=rng.choice(ERRORS)))


def _crash_in_restart(scenario: Scenario, rng: Random, *, victim: str) -> None:
    """Once at a message, and once more when it starts again."""
    first = _any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=Moment.AFTER_MESSAGE, first=first))
    scenario.crashes.append(Crash(victim=victim, moment=Moment.AT_START, first=2))


def _crash_for_good(scenario: Scenario, rng: Random, *, victim: str) -> None:
    """From some message on it fails at every one."""
    first = _any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=Moment.BEFORE_MESSAGE, first=first, times=LASTING))


def _plan(scenario: Scenario, rng: Random, *, place: str, fault: Fault) -> None:
    scenario.plans.append(Plan(place, fault, rng.randint(1, 3), _often(rng)))


def _model(scenario: Scenario, rng: Random, *, fault: ModelFault) -> None:
    scenario.model_fault, scenario.faulty_requests = fault, _window(rng)


def _recognizer(scenario: Scenario, rng: Random, *, fault: RecognizerFault) -> None:
    scenario.recognizer_fault, scenario.faulty_finals = fault, _window(rng)


def _tool(scenario: Scenario, rng: Random, *, fault: ToolFault) -> None:
    scenario.tool_fault = fault
    scenario.asks.append(Ask(how=How.TYPED, when=When.IN_QUIET, text=f"do book the slot t{len(scenario.asks)}"))


def _calls_somebody(scenario: Scenario, rng: Random, *, fault: ToolFault | None) -> None:
    """The tool calls somebody, to whom the caller is put through; or nobody answers, or not in time."""
    scenario.tool_connects = True
    scenario.tool_fault = fault
    how = rng.choice([How.TYPED, How.VOICE])
    scenario.asks.append(Ask(how=how, when=When.IN_QUIET, text=f"do book the slot t{len(scenario.asks)}"))


def _crash_beside_tool(scenario: Scenario, rng: Random, *, victim: str) -> None:
    """At any message from the one that brings the wish to the end of its answer."""
    scenario.tool_fault = rng.choice([None, ToolFault.SLOW])
    scenario.asks = [Ask(how=How.TYPED, when=When.IN_QUIET, text="do book the slot t0")]
    first = rng.randint(4, 30 * _times(scenario, victim)) if victim == "orchestrator" else rng.randint(1, 4)
    scenario.crashes.append(Crash(victim=victim, moment=rng.choice(list(Moment)[:2]), first=first))


def _crash_at_input(scenario: Scenario, rng: Random, *, how: How, moment: Moment) -> None:
    """At something that is typed or keyed, and sometimes at the same once more."""
    message, text = (TextEntered, "what about this i0") if how is How.TYPED else (KeyPressed, "4711#")
    scenario.asks.append(Ask(how=how, when=rng.choice([When.IN_QUIET, When.OVER_REPLY]), text=text))
    first, times = (1 if how is How.TYPED else rng.randint(1, 5)), rng.choice([1, 1, 2])
    scenario.crashes.append(Crash(victim="orchestrator", moment=moment, first=first, times=times, messages=(message,)))


def _cut_audio(scenario: Scenario, rng: Random, *, share: float) -> None:
    scenario.kept_share, scenario.cut_writes = share, _window(rng)


def _disturb(scenario: Scenario, rng: Random, *, what: Disturbance) -> None:
    scenario.disturbances.append((rng.uniform(0.2, 15.0), what))


def _finish(scenario: Scenario, rng: Random, *, finish: Finish) -> None:
    scenario.finish = finish


def _early(scenario: Scenario, rng: Random, *, how: How) -> None:
    text = "4711#" if how is How.KEYS else "what about this early"
    scenario.asks.insert(0, Ask(how=how, when=When.BEFORE_ANYTHING, text=text))


def _hand_off(scenario: Scenario, rng: Random) -> None:
    """Once or twice, so that it may come back to the first agent."""
    for number in range(rng.choice([1, 1, 2])):
        how = rng.choice([How.VOICE, How.TYPED])
        when = rng.choice([When.IN_QUIET, When.IN_QUIET, When.OVER_REPLY])
        ask = Ask(how=how, when=when if scenario.asks else When.IN_QUIET, text=f"give me {HAND_OFF} h{number}")
        scenario.asks.insert(rng.randint(0, len(scenario.asks)), ask)


def _crash_at_handoff(scenario: Scenario, rng: Random, *, victim: str) -> None:
    """At any message from the wish for another agent to its first words."""
    _take_over_first(scenario)
    firsts = {"orchestrator": rng.randint(4, 40 * _times(scenario, victim)), "session": rng.randint(1, 4)}
    first = firsts.get(victim, rng.randint(1, 400))
    scenario.crashes.append(Crash(victim=victim, moment=rng.choice(list(Moment)[:2]), first=first))


def _take_over_first(scenario: Scenario) -> None:
    """Another agent is wished for as soon as the first one has greeted.

    In five words, as many as the recognizer guesses while they are said: where no final comes, those stand.
    """
    text = f"give me {HAND_OFF} first{len(scenario.asks)}"
    scenario.asks = [Ask(how=How.TYPED, when=When.IN_QUIET, text=text), *scenario.asks]


def _engine_at_handoff(scenario: Scenario, rng: Random) -> None:
    """At what is opened, closed or said for the other agent."""
    _take_over_first(scenario)
    place = rng.choice(["recognizer.open", "recognizer.close", "synthesizer.open", "synthesizer.close"])
    written = Plan("synthesizer.write", rng.choice(list(Fault)), rng.randint(2, 4), rng.choice([1, 2]))
    opened = Plan(place, rng.choice([Fault.FAIL, Fault.STALL]), 1 if place.endswith("close") else 2, rng.choice([1, 2]))
    scenario.plans.append(rng.choice([opened, opened, written]))


def _model_at_handoff(scenario: Scenario, rng: Random) -> None:
    """When the wish is read, or at the first answers of the other agent."""
    _take_over_first(scenario)
    first = rng.randint(1, 3)
    scenario.model_fault, scenario.faulty_requests = (
        rng.choice(list(ModelFault)),
        range(first, first + rng.randint(1, 2)),
    )


def _disturb_at_handoff(scenario: Scenario, rng: Random) -> None:
    """From the wish to the end of the other agent's first words."""
    _take_over_first(scenario)
    scenario.disturbances.append((rng.uniform(1.0, 5.0), rng.choice(list(Disturbance))))


def _lost_then_crash(scenario: Scenario, rng: Random) -> None:
    scenario.finish = Finish.LOST
    scenario.crashes.append(Crash(victim="session", moment=Moment.AFTER_MESSAGE, first=rng.randint(2, 12)))


def _hang_up_in_backoff(scenario: Scenario, rng: Random) -> None:
    """Two failures in a row: the third start waits, and the caller leaves."""
    victim = rng.choice(["recognizer", "orchestrator", "synthesizer"])
    first = _any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=Moment.BEFORE_MESSAGE, first=first, times=ESCALATION - 1))
    scenario.finish = Finish.HANG_UP_OVER_REPLY


def _marking(scenario: Scenario, rng: Random, *, fault: ClientFault | None) -> None:
    scenario.lead, scenario.client_fault = MARKED, fault


def _voice_activity(scenario: Scenario, rng: Random, *, fault: AnswerFault) -> None:
    first = rng.randint(1, 900)
    scenario.vad_fault, scenario.faulty_windows = (
        fault,
        range(first, first + rng.choice([1, 2, 10, 30, 45, 60, LASTING])),
    )


def _end_of_turn(scenario: Scenario, rng: Random, *, fault: AnswerFault) -> None:
    first = rng.randint(1, 20)
    scenario.turn_end_fault, scenario.faulty_ends = fault, range(first, first + rng.choice([1, 10, LASTING]))


def _voice(scenario: Scenario, rng: Random, *, fault: VoiceFault) -> None:
    scenario.voice_fault = fault


def _wants_booking(scenario: Scenario) -> None:
    scenario.asks.append(Ask(how=How.TYPED, when=When.IN_QUIET, text=f"do book the slot t{len(scenario.asks)}"))


def _approval(scenario: Scenario, rng: Random, *, operator: Operator) -> None:
    scenario.operator = operator
    scenario.tool_fault = rng.choice([None, None, ToolFault.RAISES, ToolFault.HANGS])
    _wants_booking(scenario)


def _crash_while_approval_waits(scenario: Scenario, rng: Random, *, victim: str) -> None:
    _crash_beside_tool(scenario, rng, victim=victim)
    scenario.operator = rng.choice(list(Operator))


def _mcp(scenario: Scenario, rng: Random, *, fault: McpFault) -> None:
    scenario.mcp_fault = fault
    _wants_booking(scenario)


def _pausing(scenario: Scenario, rng: Random) -> None:
    """The caller stops in mid-sentence: a reply is begun ahead, or a turn taken for over, and both were wrong."""
    scenario.asks.append(Ask(how=How.VOICE, when=When.IN_QUIET, text=f"what about this p{len(scenario.asks)}"))
    scenario.asks = [
        replace(ask, silent_s=rng.uniform(0.1, 0.9)) if ask.how is How.VOICE else ask for ask in scenario.asks
    ]


def _short_session(scenario: Scenario, rng: Random) -> None:
    """The longest session is over in the midst of what is said, or while nothing is."""
    scenario.max_session_s = rng.uniform(0.5, 20.0)


def _outbound(scenario: Scenario, rng: Random) -> None:
    """Whoever we have called says something first, or waits to be greeted."""
    scenario.is_outbound = True
    if rng.random() < 0.7:
        scenario.asks.insert(
            0, Ask(how=How.VOICE, when=When.AT_ONCE, text="who is this", pause_s=rng.uniform(0.0, 1.5))
        )


def _few_tools(scenario: Scenario, rng: Random) -> None:
    """The session has used up what it may cost when the first or second tool is called."""
    scenario.max_tool_calls = rng.choice([1, 1, 2])
    for _ in range(scenario.max_tool_calls):
        _wants_booking(scenario)


def _keys_without_end(scenario: Scenario, rng: Random) -> None:
    """The key that ends an input never comes, and sometimes other words do in its place."""
    for _ in range(rng.choice([1, 1, 2])):
        text, when = str(rng.randint(1, 99_999)), rng.choice([When.IN_QUIET, When.IN_QUIET, When.OVER_REPLY])
        ask = Ask(how=How.KEYS, when=when if scenario.asks else When.IN_QUIET, text=text, has_end=False)
        scenario.asks.insert(rng.randint(0, len(scenario.asks)), ask)


def _said_again(scenario: Scenario, rng: Random) -> None:
    """What the model has failed to answer is said once more, in the same words."""
    ask = Ask(how=rng.choice([How.VOICE, How.TYPED]), when=When.IN_QUIET, text="what about this again")
    scenario.asks = [ask, ask]
    scenario.model_fault, scenario.faulty_requests = ModelFault.RAISES, range(1, 2)


def _typed_in_restart(scenario: Scenario, rng: Random, *, victim: str, how: How) -> None:
    first = _any_message(scenario, rng, victim)
    scenario.crashes.append(Crash(victim=victim, moment=Moment.BEFORE_MESSAGE, first=first, times=2))
    text = "4711#" if how is How.KEYS else "what about this in between"
    scenario.ask_in_restart = Ask(how=how, when=When.IN_QUIET, text=text)


def _many_turns(scenario: Scenario, rng: Random) -> None:
    scenario.asks = [Ask(how=How.TYPED, when=When.IN_QUIET, text=f"what about this m{n}") for n in range(24)]


def _transcribed(scenario: Scenario, rng: Random, *, kind: Kind) -> None:
    """What the kind does, in a session that only listens."""
    scenario.mode = TRANSCRIPTION
    kind(scenario, rng)


def _resumed(scenario: Scenario, rng: Random) -> None:
    scenario.is_resumed = True


def _in_transcription() -> dict[str, Kind]:
    kinds: dict[str, Kind] = {"nothing at all": lambda scenario, rng: None, "it is resumed": _resumed}
    for victim in LISTENING:
        for moment in Moment:
            kinds[f"{victim} crashes {moment}"] = partial(_crash, victim=victim, moment=moment)
        kinds[f"{victim} crashes while it restarts"] = partial(_crash_in_restart, victim=victim)
        kinds[f"{victim} crashes for good"] = partial(_crash_for_good, victim=victim)
    for moment in (Moment.BEFORE_MESSAGE, Moment.AFTER_MESSAGE):
        kinds[f"transcriber crashes {moment} that is a final"] = partial(_crash_at_final, moment=moment)
    for place in ("recognizer.open", "recognizer.push", "recognizer.finish_utterance", "store.save"):
        kinds[f"{place}: {Fault.FAIL}"] = partial(_plan, place=place, fault=Fault.FAIL)
        kinds[f"{place}: {Fault.STALL}"] = partial(_plan, place=place, fault=Fault.STALL)
    for fault in RecognizerFault:
        kinds[f"recognizer: {fault}"] = partial(_recognizer, fault=fault)
    for answer_fault in AnswerFault:
        kinds[f"voice activity: {answer_fault}"] = partial(_voice_activity, fault=answer_fault)
    for what in Disturbance:
        kinds[f"caller: {what}"] = partial(_disturb, what=what)
    for finish in Finish:
        kinds[f"end: {finish}"] = partial(_finish, finish=finish)
    return {f"transcription: {name}": partial(_transcribed, kind=kind) for name, kind in kinds.items()}


def _crash_at_final(scenario: Scenario, rng: Random, *, moment: Moment) -> None:
    first = rng.randint(1, max(1, len(scenario.asks)))
    scenario.crashes.append(Crash(victim="transcriber", moment=moment, first=first, messages=(FinalTranscript,)))


def _all() -> dict[str, Kind]:
    kinds: dict[str, Kind] = {"nothing at all": lambda scenario, rng: None}
    for victim in CONVERSING:
        for moment in Moment:
            kinds[f"{victim} crashes {moment}"] = partial(_crash, victim=victim, moment=moment)
        kinds[f"{victim} crashes while it restarts"] = partial(_crash_in_restart, victim=victim)
        kinds[f"{victim} crashes for good"] = partial(_crash_for_good, victim=victim)
    for victim in ("orchestrator", "session"):
        kinds[f"{victim} crashes beside a tool"] = partial(_crash_beside_tool, victim=victim)
    for how in (How.TYPED, How.KEYS):
        for moment in (Moment.BEFORE_MESSAGE, Moment.AFTER_MESSAGE):
            kinds[f"orchestrator crashes {moment} that is {how}"] = partial(_crash_at_input, how=how, moment=moment)
    for place in (
        "recognizer.open", "recognizer.push", "recognizer.finish_utterance", "recognizer.close", "synthesizer.open",
        "synthesizer.write", "synthesizer.finish", "synthesizer.close", "store.save",
    ):  # fmt: skip
        for fault in Fault:
            if fault is not Fault.NOTHING or place == "store.save":
                kinds[f"{place}: {fault}"] = partial(_plan, place=place, fault=fault)
    kinds["synthesizer ends with no audio"] = partial(_cut_audio, share=0.0)
    kinds["synthesizer ends with a part of the audio"] = partial(_cut_audio, share=0.3)
    for model_fault in ModelFault:
        kinds[f"model: {model_fault}"] = partial(_model, fault=model_fault)
    for recognizer_fault in RecognizerFault:
        kinds[f"recognizer: {recognizer_fault}"] = partial(_recognizer, fault=recognizer_fault)
    for tool_fault in ToolFault:
        kinds[f"tool: {tool_fault}"] = partial(_tool, fault=tool_fault)
    for called in (ToolFault.PUTS_THROUGH, ToolFault.RAISES, ToolFault.HANGS, ToolFault.SLOW):
        kinds[f"a tool that calls somebody: {called}"] = partial(_calls_somebody, fault=called)
    for answer_fault in AnswerFault:
        kinds[f"voice activity: {answer_fault}"] = partial(_voice_activity, fault=answer_fault)
        kinds[f"end of turn: {answer_fault}"] = partial(_end_of_turn, fault=answer_fault)
    for voice_fault in VoiceFault:
        kinds[f"synthesizer: {voice_fault}"] = partial(_voice, fault=voice_fault)
    for mcp_fault in McpFault:
        kinds[f"MCP server: {mcp_fault}"] = partial(_mcp, fault=mcp_fault)
    for operator in Operator:
        kinds[f"approval of a tool: an operator {operator}"] = partial(_approval, operator=operator)
    for victim in ("orchestrator", "session"):
        kinds[f"{victim} crashes while an approval waits"] = partial(_crash_while_approval_waits, victim=victim)
    for victim in ("recognizer", "orchestrator", "synthesizer"):
        for how in (How.TYPED, How.KEYS):
            kinds[f"{how} during the pause before a restart of the {victim}"] = partial(
                _typed_in_restart, victim=victim, how=how
            )
    kinds["the caller pauses in mid-sentence"] = _pausing
    kinds["whoever we have called answers"] = _outbound
    kinds["the longest session is over"] = _short_session
    kinds["the session has cost what it may"] = _few_tools
    kinds["the last key never comes"] = _keys_without_end
    kinds["what the model failed to answer is said again"] = _said_again
    kinds["24 turns"] = _many_turns
    for what in Disturbance:
        kinds[f"caller: {what}"] = partial(_disturb, what=what)
    for finish in Finish:
        kinds[f"end: {finish}"] = partial(_finish, finish=finish)
    for how in (How.TYPED, How.KEYS):
        kinds[f"{how} before any actor has started"] = partial(_early, how=how)
    kinds["connection lost for good, and the session crashes"] = _lost_then_crash
    kinds["hang-up during the pause before a restart"] = _hang_up_in_backoff
    kinds["another agent takes over"] = _hand_off
    kinds["an engine fails while another agent takes over"] = _engine_at_handoff
    kinds["the model fails while another agent takes over"] = _model_at_handoff
    kinds["the caller is disturbed while another agent takes over"] = _disturb_at_handoff
    for victim in CONVERSING:
        kinds[f"{victim} crashes while another agent takes over"] = partial(_crash_at_handoff, victim=victim)
    for fault in (None, *ClientFault):
        kinds[f"client with marks: {fault or 'nothing at all'}"] = partial(_marking, fault=fault)
    return {**kinds, **_in_transcription(), **in_voice_live(kinds)}


def _only_listen(scenario: Scenario) -> None:
    """Make of a conversation what a caller does whom nobody answers: all is said, and each thing waits for the last."""
    scenario.asks = [
        replace(ask, how=How.VOICE, when=When.IN_QUIET) for ask in scenario.asks if ask.how is not How.KEYS
    ]
    scenario.lead = PACED if scenario.lead is MARKED else scenario.lead
    if scenario.finish is Finish.HANG_UP_OVER_REPLY:
        scenario.finish = Finish.HANG_UP
    if scenario.finish is Finish.HANG_UP_AT_ONCE:
        scenario.asks, scenario.is_resumed = [], False
    scenario.ask_in_restart = None


KINDS = _all()


def drawn(seed: int) -> Scenario:
    """The conversation of a seed. Every kind has its turn as the first fault; further ones are drawn."""
    rng = Random(seed)
    scenario = plain(seed, rng)
    names = list(KINDS)
    kinds = [names[seed % len(names)], *rng.choices(names, k=rng.choice([0, 0, 0, 1, 1, 2]))]
    for name in dict.fromkeys(kinds):
        scenario.kinds.append(name)
        KINDS[name](scenario, rng)
    if scenario.mode == TRANSCRIPTION:
        _only_listen(scenario)
    if Finish.HANG_UP_AT_ONCE is scenario.finish:
        scenario.asks = [replace(ask, when=When.BEFORE_ANYTHING) for ask in scenario.asks[:1]]
    return scenario

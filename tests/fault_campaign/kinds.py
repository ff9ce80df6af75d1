"""Every kind of fault of the campaign: its name, and how it changes a plain conversation."""

from functools import partial
from random import Random

from msgspec.structs import replace

from actors.agent import GuardrailAction
from actors.messages.caller import MARKED, PACED
from actors.session.modes.transcription import TRANSCRIPTION
from tests.fault_campaign import fault_kinds as faults
from tests.fault_campaign.careless_engines import AnswerFault, VoiceFault
from tests.fault_campaign.crashes import Moment
from tests.fault_campaign.faulty_engines import McpFault, ModelFault, ToolFault
from tests.fault_campaign.guardrails import JudgeFault
from tests.fault_campaign.hearing_recognizer import RecognizerFault
from tests.fault_campaign.marking_client import ClientFault
from tests.fault_campaign.scenario import Disturbance, Finish, How, Kind, Operator, Scenario, When, plain
from tests.fault_campaign.voice_live_kinds import in_voice_live
from tests.kit.faults import Fault

CONVERSING = ("recognizer", "orchestrator", "synthesizer", "session")
LISTENING = ("recognizer", "transcriber", "session")


def _in_transcription() -> dict[str, Kind]:
    kinds: dict[str, Kind] = {"nothing at all": lambda scenario, rng: None, "it is resumed": faults.resumed}
    for victim in LISTENING:
        for moment in Moment:
            kinds[f"{victim} crashes {moment}"] = partial(faults.crash, victim=victim, moment=moment)
        kinds[f"{victim} crashes while it restarts"] = partial(faults.crash_in_restart, victim=victim)
        kinds[f"{victim} crashes for good"] = partial(faults.crash_for_good, victim=victim)
    for moment in (Moment.BEFORE_MESSAGE, Moment.AFTER_MESSAGE):
        kinds[f"transcriber crashes {moment} that is a final"] = partial(faults.crash_at_final, moment=moment)
    for place in ("recognizer.open", "recognizer.push", "recognizer.finish_utterance", "store.save"):
        kinds[f"{place}: {Fault.FAIL}"] = partial(faults.plan, place=place, fault=Fault.FAIL)
        kinds[f"{place}: {Fault.STALL}"] = partial(faults.plan, place=place, fault=Fault.STALL)
    for fault in RecognizerFault:
        kinds[f"recognizer: {fault}"] = partial(faults.recognizer, fault=fault)
    for answer_fault in AnswerFault:
        kinds[f"voice activity: {answer_fault}"] = partial(faults.voice_activity, fault=answer_fault)
    for what in Disturbance:
        kinds[f"caller: {what}"] = partial(faults.disturb, what=what)
    for finish in Finish:
        kinds[f"end: {finish}"] = partial(faults.finish, finish=finish)
    return {f"transcription: {name}": partial(faults.transcribed, kind=kind) for name, kind in kinds.items()}


def _all() -> dict[str, Kind]:
    kinds: dict[str, Kind] = {"nothing at all": lambda scenario, rng: None}
    for victim in CONVERSING:
        for moment in Moment:
            kinds[f"{victim} crashes {moment}"] = partial(faults.crash, victim=victim, moment=moment)
        kinds[f"{victim} crashes while it restarts"] = partial(faults.crash_in_restart, victim=victim)
        kinds[f"{victim} crashes for good"] = partial(faults.crash_for_good, victim=victim)
    for victim in ("orchestrator", "session"):
        kinds[f"{victim} crashes beside a tool"] = partial(faults.crash_beside_tool, victim=victim)
    for how in (How.TYPED, How.KEYS):
        for moment in (Moment.BEFORE_MESSAGE, Moment.AFTER_MESSAGE):
            kinds[f"orchestrator crashes {moment} that is {how}"] = partial(
                faults.crash_at_input, how=how, moment=moment
            )
    for place in (
        "recognizer.open", "recognizer.push", "recognizer.finish_utterance", "recognizer.close", "synthesizer.open",
        "synthesizer.write", "synthesizer.finish", "synthesizer.close", "store.save",
    ):  # fmt: skip
        for fault in Fault:
            if fault is not Fault.NOTHING or place == "store.save":
                kinds[f"{place}: {fault}"] = partial(faults.plan, place=place, fault=fault)
    kinds["synthesizer ends with no audio"] = partial(faults.cut_audio, share=0.0)
    kinds["synthesizer ends with a part of the audio"] = partial(faults.cut_audio, share=0.3)
    for model_fault in ModelFault:
        kinds[f"model: {model_fault}"] = partial(faults.model, fault=model_fault)
    for recognizer_fault in RecognizerFault:
        kinds[f"recognizer: {recognizer_fault}"] = partial(faults.recognizer, fault=recognizer_fault)
    for tool_fault in ToolFault:
        kinds[f"tool: {tool_fault}"] = partial(faults.tool, fault=tool_fault)
    for called in (ToolFault.PUTS_THROUGH, ToolFault.RAISES, ToolFault.HANGS, ToolFault.SLOW):
        kinds[f"a tool that calls somebody: {called}"] = partial(faults.calls_somebody, fault=called)
    for answer_fault in AnswerFault:
        kinds[f"voice activity: {answer_fault}"] = partial(faults.voice_activity, fault=answer_fault)
        kinds[f"end of turn: {answer_fault}"] = partial(faults.end_of_turn, fault=answer_fault)
    for voice_fault in VoiceFault:
        kinds[f"synthesizer: {voice_fault}"] = partial(faults.voice, fault=voice_fault)
    for action in GuardrailAction:
        kinds[f"guardrail: a pattern, {action}"] = partial(faults.guarded, action=action)
    for judge_fault in (None, *JudgeFault):
        kinds[f"guardrail: a topic, and the judge {judge_fault or 'judges'}"] = partial(
            faults.judged, fault=judge_fault
        )
    for mcp_fault in McpFault:
        kinds[f"MCP server: {mcp_fault}"] = partial(faults.mcp, fault=mcp_fault)
    for operator in Operator:
        kinds[f"approval of a tool: an operator {operator}"] = partial(faults.approval, operator=operator)
    for victim in ("orchestrator", "session"):
        kinds[f"{victim} crashes while an approval waits"] = partial(faults.crash_while_approval_waits, victim=victim)
    for victim in ("recognizer", "orchestrator", "synthesizer"):
        for how in (How.TYPED, How.KEYS):
            kinds[f"{how} during the pause before a restart of the {victim}"] = partial(
                faults.typed_in_restart, victim=victim, how=how
            )
    kinds["the caller pauses in mid-sentence"] = faults.pausing
    kinds["whoever we have called answers"] = faults.outbound
    kinds["the longest session is over"] = faults.short_session
    kinds["the session has cost what it may"] = faults.few_tools
    kinds["the last key never comes"] = faults.keys_without_end
    kinds["what the model failed to answer is said again"] = faults.said_again
    kinds["24 turns"] = faults.many_turns
    for what in Disturbance:
        kinds[f"caller: {what}"] = partial(faults.disturb, what=what)
    for finish in Finish:
        kinds[f"end: {finish}"] = partial(faults.finish, finish=finish)
    for how in (How.TYPED, How.KEYS):
        kinds[f"{how} before any actor has started"] = partial(faults.early, how=how)
    kinds["connection lost for good, and the session crashes"] = faults.lost_then_crash
    kinds["hang-up during the pause before a restart"] = faults.hang_up_in_backoff
    kinds["another agent takes over"] = faults.hand_off
    kinds["an engine fails while another agent takes over"] = faults.engine_at_handoff
    kinds["the model fails while another agent takes over"] = faults.model_at_handoff
    kinds["the caller is disturbed while another agent takes over"] = faults.disturb_at_handoff
    for victim in CONVERSING:
        kinds[f"{victim} crashes while another agent takes over"] = partial(faults.crash_at_handoff, victim=victim)
    for fault in (None, *ClientFault):
        kinds[f"client with marks: {fault or 'nothing at all'}"] = partial(faults.marking, fault=fault)
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

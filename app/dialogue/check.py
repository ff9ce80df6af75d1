"""Finds the faults in a dialogue that its types cannot rule out: unknown names, and questions without texts."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import msgspec

from actors.tools import end_conversation
from app.agents.nearest import with_nearest
from app.dialogue.holidays import HOLIDAY
from app.dialogue.people import SOMEONE
from app.dialogue.schema import (
    PLACEHOLDER,
    AskStep,
    CallStep,
    ChoiceSlot,
    ConfirmStep,
    Dialogue,
    Does,
    Intent,
    NumberSlot,
    SayStep,
    Slot,
    Step,
)


class Fault(msgspec.Struct, frozen=True):
    """The place of a fault in a dialogue, and what is wrong there."""

    path: str
    reason: str


def dialogue_faults(
    dialogue: Dialogue, tools: Collection[str], takes: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[Fault]:
    """Return all faults, in the order of the file.

    Args:
        dialogue: the dialogue to check.
        tools: the names of the agent's tools.
        takes: the JSON Schema of each tool's arguments, by name; a tool that is missing there takes any arguments.
    """
    try:
        ZoneInfo(dialogue.time_zone)
    except (KeyError, ValueError, OSError):
        yield Fault("time_zone", f"there is no time zone {dialogue.time_zone!r}")
    for name, slot in dialogue.slots.items():
        yield from _slot_faults(f"slots.{name}", slot, dialogue)
    counts = Counter(intent.name for intent in dialogue.intents)
    for index, intent in enumerate(dialogue.intents):
        if counts[intent.name] > 1:
            yield Fault(f"intents[{index}].name", f"there are two intents named {intent.name}")
        yield from _intent_faults(f"intents[{index}]", intent, dialogue, tools)
        for number, step in enumerate(intent.steps):
            if isinstance(step, CallStep) and takes is not None and step.tool in takes:
                path = f"intents[{index}].steps[{number}].arguments"
                yield from _argument_faults(path, step, dialogue, takes[step.tool])
    yield from _unknown_slots("unrelated", dialogue.unrelated, dialogue.slots)
    if dialogue.fallback.tool and dialogue.fallback.tool not in tools:
        yield _no_tool("fallback.tool", dialogue.fallback.tool, tools)


def _slot_faults(path: str, slot: Slot, dialogue: Dialogue) -> Iterator[Fault]:
    yield from _unknown_slots(f"{path}.answers", slot.answers, dialogue.slots)
    yield from _unknown_slots(f"{path}.prompt", slot.prompt, _names(dialogue))
    yield from _unknown_slots(f"{path}.reprompt", slot.reprompt, _names(dialogue))
    if isinstance(slot, ChoiceSlot):
        counts = Counter(choice.value for choice in slot.choices)
        for index, choice in enumerate(slot.choices):
            if counts[choice.value] > 1:
                yield Fault(f"{path}.choices[{index}].value", f"the value {choice.value!r} is there twice")
        values = list(counts)
        if slot.otherwise is not None and slot.otherwise not in counts:
            yield Fault(f"{path}.otherwise", f"{slot.otherwise!r} is none of the choices {values}")


def _intent_faults(path: str, intent: Intent, dialogue: Dialogue, tools: Collection[str]) -> Iterator[Fault]:
    if not intent.sentences:
        yield Fault(f"{path}.examples", f"nothing that callers say is known to mean {intent.name}")
    yield from _unknown_slots(f"{path}.examples", intent.examples, (*dialogue.slots, HOLIDAY, SOMEONE))
    yield from _unknown_slots(f"{path}.reply", intent.reply, dialogue.slots)
    if intent.steps and intent.does is not Does.ANSWER:
        yield Fault(f"{path}.does", f"an intent with steps cannot also {intent.does.value}")
    if not intent.steps and not intent.reply and intent.does is not Does.REPEAT:
        yield Fault(path, f"the intent {intent.name} has neither a reply nor steps")
    ends = intent.does is Does.END or intent.steps
    if ends and end_conversation.name not in tools:
        yield Fault(f"{path}", f"this can end the conversation: the agent needs the tool {end_conversation.name}")
    for index, step in enumerate(intent.steps):
        yield from _step_faults(f"{path}.steps[{index}]", step, dialogue, tools)


def _step_faults(path: str, step: Step, dialogue: Dialogue, tools: Collection[str]) -> Iterator[Fault]:
    match step:
        case AskStep():
            yield from _ask_faults(path, step, dialogue)
        case ConfirmStep():
            yield from _unknown_slots(f"{path}.text", step.text, _names(dialogue))
            if not step.text:
                yield Fault(f"{path}.text", "there is nothing to say yes to")
        case CallStep():
            yield from _call_faults(path, step, dialogue, tools)
        case SayStep():
            yield from _unknown_slots(f"{path}.text", step.text, _names(dialogue))
        case _:
            assert_never(step)


def _ask_faults(path: str, step: AskStep, dialogue: Dialogue) -> Iterator[Fault]:
    if step.slot not in dialogue.slots:
        yield Fault(f"{path}.slot", _no_such("slot", step.slot, dialogue.slots))
    elif not dialogue.slots[step.slot].prompt:
        yield Fault(f"{path}.slot", f"the slot {step.slot} has no prompt, so it cannot be asked for")
    kept = _kept(dialogue)
    for field, name in (("among", step.among), ("offered", step.offered)):
        if name is not None and name not in kept:
            yield Fault(f"{path}.{field}", _no_such("kept result", name, kept))


def _call_faults(path: str, step: CallStep, dialogue: Dialogue, tools: Collection[str]) -> Iterator[Fault]:
    if step.tool not in tools:
        yield _no_tool(f"{path}.tool", step.tool, tools)
    for name, template in step.arguments.items():
        if isinstance(template, str):
            yield from _unknown(f"{path}.arguments.{name}", template, _names(dialogue))
    for index, case in enumerate(step.results):
        for number, name in enumerate(case.again):
            if name not in tools:
                yield _no_tool(f"{path}.results[{index}].again[{number}]", name, tools)
        for slot in case.forget:
            if slot not in dialogue.slots:
                yield Fault(f"{path}.results[{index}].forget", _no_such("slot", slot, dialogue.slots))


def _argument_faults(path: str, step: CallStep, dialogue: Dialogue, takes: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the faults in the arguments of a call for which its tool would refuse it, whatever the caller says."""
    known: Mapping[str, Any] = takes.get("properties", {})
    for name, template in step.arguments.items():
        if name not in known:
            yield Fault(f"{path}.{name}", with_nearest(f"the tool {step.tool} takes no {name}", name, known))
            continue
        slot = PLACEHOLDER.fullmatch(template) if isinstance(template, str) else None
        is_number = slot is not None and isinstance(dialogue.slots.get(slot[1]), NumberSlot)
        if is_number and known[name].get("type") == "string":
            reason = f"the tool {step.tool} takes a text, and this slot is a number: give it the type text"
            yield Fault(f"{path}.{name}", reason)
    for name in takes.get("required", ()):
        if name not in step.arguments:
            yield Fault(path, f"the tool {step.tool} needs {name}")


def _unknown_slots(path: str, texts: Iterable[str], known: Collection[str]) -> Iterator[Fault]:
    for index, text in enumerate(texts):
        yield from _unknown(f"{path}[{index}]", text, known)


def _unknown(path: str, text: str, known: Collection[str]) -> Iterator[Fault]:
    for name in PLACEHOLDER.findall(text):
        if name not in known:
            yield Fault(path, _no_such("slot", name, known))


def _names(dialogue: Dialogue) -> list[str]:
    """Return the placeholders that a template of this dialogue may use."""
    return [*dialogue.slots, *_kept(dialogue)]


def _kept(dialogue: Dialogue) -> list[str]:
    calls = (step for intent in dialogue.intents for step in intent.steps if isinstance(step, CallStep))
    return sorted({name for step in calls for case in step.results for name in case.keep})


def _no_such(kind: str, name: str, known: Collection[str]) -> str:
    return f"there is no {kind} {name}; there are {', '.join(sorted(known)) or 'none'}"


def _no_tool(path: str, name: str, tools: Collection[str]) -> Fault:
    return Fault(path, f"the agent has no tool {name}; it has {', '.join(sorted(tools)) or 'none'}")

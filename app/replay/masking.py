"""Takes what people say out of a session file, and leaves what the rules of turn-taking make of it.

A word that the rules know stays where they know it: a backchannel, a word that stops, a request to wait. Any other
becomes a word that means nothing to them, so that an utterance keeps its length in words. Keys become one digit; a key
that ends an input stays. So the rules judge a masked text as they judged what was said.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import msgspec

from actors.agent import Agent, Model, Phrases, VoicemailAction
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.model import KeysExpected
from actors.messages.transcript import EndOfTurnLikely, FinalTranscript, InterimTranscript
from actors.rules.answering_machine import is_question, phrases_of
from actors.rules.backchannel import POLITE, is_without_blanks, words_of
from actors.rules.turn_taking.effects import SPOKEN
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import TurnSnapshot

WORDS = ("word", "xxxx", "zzzz")
SIGNS = ("某", "字", "龘")
"""What stands for a word, and for a character of a script without blanks: the first sign that the rules do not know."""
WORDLESS = "..."
"""Stands for a text that is not empty but has no words."""
DIGITS = "0123456789"
OTHER_KEYS = "*#ABCD"
NO_KEY = "?"
"""Stands for a character that is no key of a telephone."""


def essential(agent: Agent) -> Agent:
    """What turn-taking asks of an agent; instructions, tools and numbers of its file are left out."""
    return Agent(
        name=agent.name,
        label=agent.name,
        greeting=agent.greeting,
        introduction=agent.introduction,
        languages=agent.languages,
        model=Model(next_token_s=agent.model.next_token_s),
        phrases=agent.phrases,
        barge_in=agent.barge_in,
        preemptive_generation=agent.preemptive_generation,
        limits=agent.limits,
        keys=agent.keys,
        voicemail=agent.voicemail,
    )


class Masking:
    """Masks the texts and keys of one session.

    Args:
        agent: whose words the rules know.
    """

    def __init__(self, agent: Agent) -> None:
        words = TurnTaking(agent).words
        self._is_screened = agent.voicemail is not VoicemailAction.IGNORE
        of_machines = phrases_of(agent.languages) if self._is_screened else ()
        known = (*chain.from_iterable(msgspec.structs.astuple(words)), *POLITE, *of_machines)
        self._phrases: dict[str, list[list[str]]] = {}
        for phrase in {tuple(split) for text in known if (split := words_of(text))}:
            self._phrases.setdefault(phrase[0], []).append(list(phrase))
        single = {word for text in known for word in words_of(text)}
        self._word, self._sign = _unknown(WORDS, single), _unknown(SIGNS, single)
        self._other_word = _unknown(WORDS, single | {self._word})
        self._other_sign = _unknown(SIGNS, single | {self._sign})
        self._likely: list[str] = []
        self._masked_likely = ""
        """The mask of `_likely`, the words that were probably the last of an utterance; others get another mask."""
        self._terminators = {agent.keys.terminator}

    def text(self, said: str, *, differs: bool = False) -> str:
        """As many words as `said` has, with those that the rules know in their places.

        With `differs`, the others are not those that stand for them as a rule.
        """
        words = words_of(said)
        if not words:
            return WORDLESS if said.strip() else ""
        known = [False] * len(words)
        for at, word in enumerate(words):
            for phrase in self._phrases.get(word, ()):
                if words[at : at + len(phrase)] == phrase:
                    known[at : at + len(phrase)] = [True] * len(phrase)
        word, sign = (self._other_word, self._other_sign) if differs else (self._word, self._sign)
        masked = (sign if is_without_blanks(each) else word for each in words)
        text = " ".join(each if is_known else other for each, other, is_known in zip(words, masked, known, strict=True))
        return f"{text}?" if self._is_screened and is_question(said) else text

    def _said(self, text: str) -> str:
        """An utterance, masked: equal to what stands for the words that were probably the last only if it is those."""
        if self._likely and words_of(text) == self._likely:
            return self._masked_likely
        masked = self.text(text)
        return masked if masked != self._masked_likely else self.text(text, differs=True)

    def _likely_said(self, text: str) -> str:
        self._masked_likely, self._likely = self._said(text), words_of(text)
        return self._masked_likely

    def _kept(self, text: str) -> str:
        """What turn-taking has kept of an utterance, masked, but for `SPOKEN`: that mark says nothing of the words."""
        first, *others = map(self.text, text.split(SPOKEN))
        parts = [first, *chain.from_iterable((SPOKEN, other) for other in others)]
        return " ".join(part for part in parts if part)

    def agent(self, agent: Agent) -> Agent:
        """An agent whose phrases, which may hold the name of the caller, have the same punctuation and length."""
        phrases: dict[str, Any] = {
            name: self.phrase(said) if isinstance(said, str) else tuple(map(self.phrase, said))
            for name, said in msgspec.structs.asdict(agent.phrases).items()
        }
        return msgspec.structs.replace(
            agent,
            greeting=self.phrase(agent.greeting),
            introduction=self.phrase(agent.introduction),
            phrases=Phrases(**phrases),
        )

    def phrase(self, text: str) -> str:
        """A phrase with the same punctuation and length."""
        return "".join(self._sign if is_without_blanks(c) else "x" if c.isalnum() else c for c in text)

    def key(self, key: str) -> str:
        """A key that means the same to an input that is being pressed."""
        if key in self._terminators or (len(key) == 1 and key in OTHER_KEYS):
            return key
        if len(key) == 1 and key in DIGITS:
            return next(digit for digit in DIGITS if digit not in self._terminators)
        return NO_KEY

    def event(self, event: TurnEvent) -> TurnEvent:
        """What turn-taking was told, masked; events are given in their order, since one may say what ends an input."""
        match event:
            case InterimTranscript(text=text) | TextEntered(text=text):
                return msgspec.structs.replace(event, text=self._said(text))
            case EndOfTurnLikely(text=text):
                return msgspec.structs.replace(event, text=self._likely_said(text))
            case FinalTranscript(text=text):
                return msgspec.structs.replace(event, text=self._said(text), words=())
            case KeyPressed(key=key):
                return msgspec.structs.replace(event, key=self.key(key))
            case KeysExpected(pattern=pattern):
                self._terminators.add(pattern.terminator)
                return event
            case _:
                return event

    def state(self, state: TurnSnapshot) -> TurnSnapshot:
        """What turn-taking goes on from, masked."""
        if state.key_pattern is not None:
            self._terminators.add(state.key_pattern.terminator)
        screening = state.screening
        if screening is not None:
            screening = msgspec.structs.replace(screening, words=self.text(screening.words))
        return msgspec.structs.replace(
            state,
            screening=screening,
            asked=self._kept(state.asked),
            preempted_text=self.text(state.preempted_text),
            interim=self.text(state.interim),
            waiting_text=self._kept(state.waiting_text),
            unanswered=self._kept(state.unanswered),
            overheard=self._kept(state.overheard),
            tail_text=self._kept(state.tail_text),
            keys="".join(map(self.key, state.keys)),
        )


def _unknown(candidates: Iterable[str], known: set[str]) -> str:
    return next((word for word in candidates if word not in known), "q" * 12)

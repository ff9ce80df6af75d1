"""Phrases that callers of one agent are likely to say, as a bonus on the pieces of words that would spell them.

Each step of the decoder takes the piece of the highest score. A piece with which a phrase begins scores a little
higher, and once a phrase has begun, the pieces with which it goes on much higher: so a name or a product wins over
the everyday word that sounds like it, and other speech is left as it is. Phrases choose between words only: where the
model hears a comma or the end, none is put in; but a word may be completed there, and a phrase goes on after a comma.
"""

from collections.abc import Iterable

import numpy as np

from app.providers.moonshine.vocabulary import Vocabulary

BEGIN_BONUS = 1.0
CONTINUE_BONUS = 3.0
"""What is added to the logits of expected pieces. Half as much again helped the phrases a little more, and made other
speech worse."""

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


class Node:
    """A place inside phrases: the pieces that may follow, and where each leads."""

    __slots__ = ("completing", "following", "next")

    def __init__(self) -> None:
        self.next: dict[int, Node] = {}
        self.following = self.completing = np.zeros(0, np.int64)


class Hints:
    """The phrases of one agent. Immutable after it was made: all threads share it."""

    def __init__(self, vocabulary: Vocabulary, phrases: Iterable[str]) -> None:
        self._root = Node()
        nodes = [self._root]
        for phrase in phrases:
            # A sentence begins with a capital, a phrase in the middle of one does not.
            for form in dict.fromkeys((phrase, phrase[:1].upper() + phrase[1:])):
                node = self._root
                for number in vocabulary.numbers(form):
                    if number not in node.next:
                        node.next[number] = Node()
                        nodes.append(node.next[number])
                    node = node.next[number]
        for node in nodes:
            node.following = np.array(list(node.next), np.int64)
            node.completing = np.array([n for n in node.next if not vocabulary.begins_word(n)], np.int64)
        self._marks = vocabulary.marks

    def best(self, logits: Floats, active: list[Node]) -> int:
        """The piece of the highest score, where the phrases at `active` have begun."""
        favoured = logits.copy()
        is_mark = int(logits.argmax()) in self._marks
        if not is_mark:
            favoured[self._root.following] += BEGIN_BONUS
        for node in active:
            pieces = node.completing if is_mark else node.following
            favoured[pieces] = logits[pieces] + CONTINUE_BONUS
        return int(favoured.argmax())

    def after(self, active: list[Node], number: int) -> list[Node]:
        """The phrases that have begun once this piece is written."""
        if number in self._marks:
            return active
        return [node.next[number] for node in (*active, self._root) if number in node.next]

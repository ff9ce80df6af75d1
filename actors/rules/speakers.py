"""Who is who in a call of several people that is transcribed: a label for each of them, and two bounds. Pure.

A label is shown and stored in place of the network's id of a participant, which is a telephone number as a rule. It is
nobody else's for the rest of the call. A place among those who are told apart is free again when somebody has left it.
"""

from collections.abc import Callable

CALLER = "caller"
OTHERS = "others"
"""The label of all participants for whom there is no other: their words are recorded, but not told apart."""
SPEAKERS = (CALLER, *(f"speaker {number}" for number in range(2, 10)), OTHERS)
"""Every label."""
MOST_AT_ONCE = 4
"""How many participants are told apart at a time, the caller included: a telephone network streams four voices."""
MOST_REMEMBERED = 64
"""How many participants at most are remembered as heard among the others."""


class Speakers:
    """The labels of one call's participants, in the order in which they are first heard.

    Args:
        known: the ids of participants that have a label, by label; this dictionary is kept up to date.
        has_place: whether the one with this label is being listened to by themselves.
    """

    __slots__ = ("_among_others", "_has_place", "_known", "_labels")

    def __init__(self, known: dict[str, str], has_place: Callable[[str], bool] = lambda label: False) -> None:
        self._known = known
        self._has_place = has_place
        self._labels = {participant: label for label, participant in known.items()}
        self._among_others: dict[str, None] = {}

    def is_among_others(self, participant: str) -> bool:
        """Whether the one with this id was heard among the others last: they get a place of their own in a pause."""
        return participant in self._among_others

    def label(self, participant: str, *, is_caller: bool) -> str:
        """The label of the participant with this id, empty for none: the voices of all came as one.

        Only `is_caller` gets the caller's label, whoever is heard first.
        """
        if not participant:
            return ""
        label = self._labels.get(participant) or self._free_label(is_caller=is_caller)
        if label == OTHERS or not (label == CALLER or self._has_place(label) or self._has_room()):
            if len(self._among_others) < MOST_REMEMBERED:
                self._among_others[participant] = None
            return OTHERS
        self._among_others.pop(participant, None)
        if label not in self._known:
            self._known[label] = participant
            self._labels[participant] = label
        return label

    def _free_label(self, *, is_caller: bool) -> str:
        free = (CALLER,) if is_caller else SPEAKERS[1:-1]
        return next((label for label in free if label not in self._known), OTHERS)

    def _has_room(self) -> bool:
        return sum(map(self._has_place, SPEAKERS[1:-1])) < MOST_AT_ONCE - 1

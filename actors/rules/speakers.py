"""Who is who in a call of several people that is transcribed: a label for each of them, and a bound. Pure.

A label is shown and stored in place of the network's id of a participant, which is a telephone number as a rule.
"""

CALLER = "caller"
OTHERS = "others"
"""All who are more than there are labels for: nothing they say is lost, but they are not told apart."""
SPEAKERS = (CALLER, "speaker 2", "speaker 3", "speaker 4", OTHERS)
"""Every label. A telephone network streams the voices of four participants at a time."""


class Speakers:
    """The labels of one call's participants, in the order in which they are first heard.

    Args:
        known: the ids of participants that have a label, by label; this dictionary is kept up to date.
    """

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known
        self._labels = {participant: label for label, participant in known.items()}

    def label(self, participant: str, *, is_caller: bool) -> str:
        """The label of the participant with this id, empty for none: the voices of all came as one.

        Only `is_caller` gets the caller's label, whoever is heard first.
        """
        if not participant:
            return ""
        label = self._labels.get(participant)
        if label is not None:
            return label
        free = (CALLER,) if is_caller else SPEAKERS[1:-1]
        label = next((label for label in free if label not in self._known), OTHERS)
        if label != OTHERS:
            self._known[label] = participant
            self._labels[participant] = label
        return label

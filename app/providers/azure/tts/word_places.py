"""Where the words lie in a text that the service says it speaks. Pure."""


class WordPlaces:
    """Finds the words of one text, in their order.

    The service tells positions in the SSML, counted in units that depend on the platform; the words themselves are as
    they were written.
    """

    def __init__(self, text: str) -> None:
        self._text = ""
        self._folded = ""
        self._at = 0
        self.extend(text)

    def extend(self, text: str) -> None:
        """Add text that follows, in which the next words are to be found."""
        self._text += text
        self._folded += text.lower() if len(text.lower()) == len(text) else text

    @property
    def more(self) -> bool:
        """Whether there may be another word."""
        return any(character.isalnum() for character in self._text[self._at :])

    def next(self, word: str) -> int | None:
        """Where the next `word` begins, None if there is none; it can still be found."""
        at = self._at
        place = self.find(word)
        self._at = at
        return None if place is None else place[0]

    def find(self, word: str) -> tuple[int, int] | None:
        """Start and end of the next `word`, None if there is none."""
        word = word.strip()
        start = self._text.find(word, self._at) if word else -1
        if start < 0 and word:
            start = self._folded.find(word.lower(), self._at)
        if start < 0:
            return None
        self._at = start + len(word)
        return start, self._at

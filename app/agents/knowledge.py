"""What an agent knows beyond its instructions: a folder of Markdown and text, searched on this machine (SQLite FTS5).

A file is cut into passages at its headings and blank lines. The index is in memory, built when the agent is loaded; its
tool gives the passages that fit a question best, each with the file and the heading that it is from.
"""

import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from actors.tools import AnyTool, tool
from app.errors import AppError
from config.errors import ConfigurationError

SUFFIXES = (".md", ".markdown", ".txt")
MAX_FILES = 2_000
MAX_FILE_BYTES = 5_000_000
PASSAGE_CHARS = 1_200
"""The most characters of a passage, unless it is a single paragraph: a model reads it in the middle of a call."""
FOUND = 4
"""The most passages that a search returns."""
TIMEOUT_S = 3.0
SEARCH_TOOL = "search_knowledge_"
"""The beginning of the names of the tools that search; the agent's name follows."""
TABLE = "CREATE VIRTUAL TABLE passages USING fts5(source, text, tokenize='porter unicode61 remove_diacritics 2')"
SEARCH = "SELECT source, text FROM passages WHERE passages MATCH ? ORDER BY bm25(passages, 4.0, 1.0) LIMIT ?"

_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*")
_WORD = re.compile(r"\w+")


class KnowledgeError(AppError, ConfigurationError):
    """A folder of knowledge cannot be used. One line."""


class Passage(msgspec.Struct, frozen=True):
    """A part of a file, and where it is from."""

    source: str
    """The file within the folder, and after a `#` the heading above the passage, if there is one."""
    text: str


class _Source(msgspec.Struct, frozen=True):
    source: str


class _Found(msgspec.Struct, frozen=True):
    """What a search has found, as far as it says where it is from."""

    passages: list[_Source]


class Knowledge:
    """The passages of a folder, searched by words. Safe for any thread.

    Raises:
        KnowledgeError: there is no such folder, it holds nothing, or a file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        # Words by their stem, without accents; headings count for more than what is below them.
        try:
            self._database.execute(TABLE)
        except sqlite3.OperationalError as error:
            raise KnowledgeError(f"the SQLite of this Python cannot search: {error}") from None
        passages = [(passage.source, passage.text) for passage in _passages(folder)]
        if not passages:
            raise KnowledgeError(f"there is no knowledge in {folder}: it holds no {', '.join(SUFFIXES)} with any text")
        self._database.executemany("INSERT INTO passages VALUES (?, ?)", passages)

    def search(self, question: str, limit: int = FOUND) -> list[Passage]:
        """The passages that fit a question best, the best first; those with all of its words before the others."""
        words = list(dict.fromkeys(_WORD.findall(question.lower())))[:32]
        found: dict[Passage, None] = {}
        for joined in (" AND ", " OR "):
            asked = joined.join(f'"{word}"' for word in words)
            if asked and len(found) < limit:
                with self._lock:
                    rows = self._database.execute(SEARCH, (asked, limit)).fetchall()
                found.update(dict.fromkeys(Passage(*row) for row in rows))
        return list(found)[:limit]


def sources_in(result: str) -> tuple[str, ...]:
    """The sources of the passages in a search's result, which is JSON as it stands in the conversation."""
    try:
        return tuple(dict.fromkeys(each.source for each in msgspec.json.decode(result, type=_Found).passages))
    except msgspec.DecodeError:
        return ()


def knowledge_tool(name: str, knowledge: Knowledge) -> AnyTool:
    """The tool by which the model of the agent `name` searches what it knows."""

    @tool(name=f"{SEARCH_TOOL}{name.replace('-', '_')}", timeout_s=TIMEOUT_S)
    def search(question: str) -> dict[str, object]:
        """Search what is known here: call this before you answer a question about facts that you were not told.

        Answer from the passages that are found and from nothing else. If they do not hold the answer, say that you do
        not know.

        Args:
            question: What is to be found, in the words that a document would have for it.
        """
        found = knowledge.search(question)
        return {"passages": [{"source": passage.source, "text": passage.text} for passage in found]}

    return search


def _passages(folder: Path) -> Iterator[Passage]:
    if not folder.is_dir():
        raise KnowledgeError(f"there is no folder {folder}")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if len(files) > MAX_FILES:
        raise KnowledgeError(f"{folder} holds {len(files)} files, at most {MAX_FILES} are searched")
    for file in files:
        name = file.relative_to(folder).as_posix()
        try:
            if file.stat().st_size > MAX_FILE_BYTES:
                raise KnowledgeError(f"{file} is longer than {MAX_FILE_BYTES // 1_000_000} MB")
            text = file.read_text("utf-8")
        except OSError as error:
            raise KnowledgeError(f"{file} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise KnowledgeError(f"{file} is no UTF-8 text") from None
        yield from _cut(name, text)


def _cut(name: str, text: str) -> Iterator[Passage]:
    """The passages of one file, each below the heading that is above it."""
    source, paragraphs = name, list[str]()
    for paragraph in re.split(r"\n\s*\n|(?=^#{1,6}\s)", text, flags=re.MULTILINE):
        first, _, rest = paragraph.strip().partition("\n")
        if heading := _HEADING.fullmatch(first):
            yield from _passage(source, paragraphs)
            source, paragraphs, body = f"{name}#{heading[1]}", [], rest.strip()
        else:
            body = paragraph.strip()
        if body and paragraphs and sum(map(len, paragraphs)) + len(body) > PASSAGE_CHARS:
            yield from _passage(source, paragraphs)
            paragraphs = []
        paragraphs += [body] if body else []
    yield from _passage(source, paragraphs)


def _passage(source: str, paragraphs: list[str]) -> Iterator[Passage]:
    if paragraphs:
        yield Passage(source, "\n\n".join(paragraphs))

"""A bar on a terminal, and nothing in a file."""

import io

from app.evals.progress import WIDTH, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(terminal: io.StringIO) -> str:
    """What stands in the line at present."""
    return terminal.getvalue().rpartition("\x1b[K")[2]


def test_it_says_how_many_steps_of_how_many_are_done() -> None:
    terminal = Terminal()
    progress = Progress(4, terminal)
    progress.show()
    assert shown(terminal) == f"[{'-' * WIDTH}] 0 of 4"
    progress.advance()
    assert shown(terminal) == f"[{'#' * (WIDTH // 4)}{'-' * (WIDTH - WIDTH // 4)}] 1 of 4"
    progress.clear()
    assert shown(terminal) == ""
    progress.total = 1
    progress.advance()
    assert shown(terminal) == f"[{'#' * WIDTH}] 2 of 1"


def test_nothing_of_it_is_in_a_file() -> None:
    file = io.StringIO()
    progress = Progress(0, file)
    progress.show()
    progress.advance()
    progress.clear()
    assert file.getvalue() == ""

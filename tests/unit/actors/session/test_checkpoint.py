"""The checkpoint: written in one place, plain data, and all that a successor in any process goes on from."""

import ast

import pytest

from actors.conversation import ABANDONED, Ending, UtteranceKind
from actors.rules.pending_reply import PendingReply
from actors.rules.turn_taking.state import TurnSnapshot
from actors.session.checkpoint import Checkpoint
from tests.kit.source import ROOT


def test_each_speaker_has_a_track_of_their_own() -> None:
    checkpoint = Checkpoint()
    checkpoint.track().settle_audio(640)
    assert checkpoint.track().settled_bytes == 640
    assert checkpoint.track("speaker 2").settled_bytes == 0


def test_the_first_order_to_end_stands_and_the_end_is_concluded_once() -> None:
    checkpoint = Checkpoint()
    checkpoint.end_ordered(Ending.NORMAL)
    checkpoint.end_ordered(Ending.ERROR)
    assert checkpoint.hung_up is Ending.NORMAL
    assert checkpoint.ending is None
    assert checkpoint.conclude(Ending.NORMAL)
    assert not checkpoint.conclude(Ending.ERROR)
    assert checkpoint.ending is Ending.NORMAL


def test_of_a_session_to_which_nobody_came_back_that_is_recorded_as_the_reason() -> None:
    checkpoint = Checkpoint()
    checkpoint.connection_lost("connection-1", 7.0)
    assert checkpoint.ended_reason == ""
    checkpoint.nobody_came_back()
    checkpoint.ended(Ending.NORMAL)
    assert (checkpoint.ending, checkpoint.ended_reason) == (Ending.NORMAL, ABANDONED)


@pytest.mark.parametrize(("words", "is_audible"), [("", False), ("It is", True)])
def test_a_reply_of_which_no_word_is_known_counts_as_not_heard(words: str, is_audible: bool) -> None:
    checkpoint = Checkpoint()
    checkpoint.unwritten_reply_unheard()
    assert checkpoint.turn is None
    checkpoint.turn = TurnSnapshot(turn_number=2, is_audible=True)
    checkpoint.unwritten_reply_unheard()
    assert checkpoint.turn.is_audible
    checkpoint.reply_begun(PendingReply(reply=1, turn=2, kind=UtteranceKind.REPLY))
    if words:
        checkpoint.reply_written(1, words)
    checkpoint.unwritten_reply_unheard()
    assert checkpoint.turn.is_audible is is_audible


def test_no_checkpoint_shares_what_can_be_changed_with_another() -> None:
    first, second = Checkpoint(), Checkpoint()
    first.reply_begun(PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY))
    assert second.pending_replies == {}


CHANGING = {"pop", "clear", "append", "cut_at_sentence"}


def _writes(tree: ast.AST) -> list[int]:
    """Lines that assign to a field of something called checkpoint or pending, or change its pending replies."""
    lines = []
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Attribute) and ast.unparse(target.value).endswith(("checkpoint", "pending")):
                lines.append(target.lineno)
            if isinstance(target, ast.Subscript) and "pending_replies" in ast.unparse(target.value):
                lines.append(target.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            called = ast.unparse(node.func)
            if called.endswith(("pending_replies.pop", "pending_replies.clear", "pieces.append", ".cut_at_sentence")):
                lines.append(node.lineno)
    return [line for line in lines if line]


def test_a_checkpoint_is_written_in_its_own_two_modules_only() -> None:
    own = {ROOT / "actors/session/checkpoint.py", ROOT / "actors/session/checkpoint_replies.py"}
    found = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "actors/session").rglob("*.py")
        if path not in own and (lines := _writes(ast.parse(path.read_text())))
    }
    assert found == {}
    assert all(path.is_file() for path in own)
    assert _writes(ast.parse("self._checkpoint.user_at = 3\npending.heard = x\ncheckpoint.pending_replies.pop(3)"))

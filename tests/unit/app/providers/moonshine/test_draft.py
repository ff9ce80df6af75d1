"""What probably follows is found again behind what the model wrote in its place."""

import pytest

from app.providers.moonshine.draft import AHEAD, Draft


@pytest.mark.parametrize(
    ("written", "rest"),
    [
        ((), (1, 2, 3, 4, 5)),
        ((1, 2), (3, 4, 5)),
        ((1, 9), (3, 4, 5)),
        ((2,), (3, 4, 5)),
        ((3,), (4, 5)),
        ((9, 1), (2, 3, 4, 5)),
        ((1, 2, 9, 8, 3), (4, 5)),
        ((1, 9, 8, 7), (5,)),
        ((1, 2, 3, 4, 5, 6), ()),
        ((9,) * 9, ()),
    ],
)
def test_the_rest_follows_what_was_written(written: tuple[int, ...], rest: tuple[int, ...]) -> None:
    draft = Draft((1, 2, 3, 4, 5))
    draft.follow(written)
    assert draft.rest == rest


def test_what_is_written_piece_by_piece_is_followed_as_at_once() -> None:
    draft = Draft((1, 2, 3, 4, 5))
    for piece in (1, 9, 3):
        draft.follow((piece,))
    assert draft.rest == (4, 5)


def test_without_a_draft_nothing_follows() -> None:
    draft = Draft(())
    draft.follow((1, 2))
    assert draft.rest == ()


def test_behind_a_piece_that_was_not_expected_a_part_of_the_rest_is_tried() -> None:
    pieces = tuple(range(20))
    draft = Draft(pieces)
    draft.follow(pieces[:3])
    assert draft.rest == pieces[3:]
    draft.follow((99,))
    assert draft.rest == pieces[4 : 4 + AHEAD]

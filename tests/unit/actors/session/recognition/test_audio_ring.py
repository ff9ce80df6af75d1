"""The ring of the caller's recent audio."""

from hypothesis import given
from hypothesis import strategies as st

from actors.session.recognition.audio_ring import REHEARD_MS, TRIM_MS, AudioRing


def runs(pieces: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Pieces of audio and their offsets, those in one that lie one behind the other."""
    found: list[tuple[int, bytes]] = []
    for begin, pcm in pieces:
        if found and found[-1][0] + len(found[-1][1]) == begin:
            before, former = found.pop()
            found.append((before, former + pcm))
        else:
            found.append((begin, pcm))
    return found


def test_the_ring_forgets_the_oldest() -> None:
    ring = AudioRing(16_000, keep_ms=100)
    for _ in range(10):
        ring.append(bytes(640))
    assert ring.since(0)[0] == 0
    ring.append(bytes(640))
    begin, pcm = ring.since(0)
    assert (begin, len(pcm)) == (3_840, 3_200)
    assert ring.kept_bytes == 3_200


def test_a_ring_never_holds_more_than_its_limit_and_what_comes_between_two_looks() -> None:
    ring = AudioRing(16_000, keep_ms=100)
    for _ in range(200):
        ring.append(bytes(640))
        assert ring.kept_bytes <= ring.bytes_of(100 + TRIM_MS) + 640


def test_an_empty_ring_keeps_nothing() -> None:
    assert AudioRing(16_000).kept_bytes == 0


def test_what_is_asked_for_that_has_not_come_is_empty() -> None:
    ring = AudioRing(16_000)
    ring.append(bytes(640))
    assert ring.since(640) == (640, b"")


def test_pieces_keep_their_offsets() -> None:
    ring = AudioRing(16_000)
    offsets = [ring.append(bytes(640)).offset_bytes for _ in range(3)]
    assert offsets == [0, 640, 1_280]
    assert runs(ring.pieces_since(640)) == [(640, bytes(1_280))]


@given(st.lists(st.integers(1, 400).map(lambda n: n * 2), max_size=40), st.integers(0, 20_000))
def test_since_returns_exactly_the_audio_from_there(sizes: list[int], offset: int) -> None:
    ring = AudioRing(16_000, keep_ms=200)
    audio = b""
    for number, size in enumerate(sizes):
        piece = bytes([number % 251, 1]) * (size // 2)
        assert ring.append(piece).offset_bytes == len(audio)
        audio += piece
    begin, pcm = ring.since(offset)
    assert audio[begin : begin + len(pcm)] == pcm
    assert begin + len(pcm) == len(audio)
    assert begin % 2 == 0
    assert begin >= min(offset, len(audio)) - 1


def test_what_is_settled_is_kept_only_as_far_as_it_is_heard_again() -> None:
    settled = 0
    ring = AudioRing(16_000, settled_bytes=lambda: settled)
    for _ in range(500):
        ring.append(bytes(640))
    assert ring.kept_bytes == 320_000
    settled = ring.end_bytes
    for _ in range(TRIM_MS // 20):
        ring.append(bytes(640))
    assert ring.kept_bytes <= ring.bytes_of(REHEARD_MS + TRIM_MS) + 640


def test_a_session_that_another_process_began_goes_on_in_its_positions() -> None:
    ring = AudioRing(16_000, begins_at=64_000)
    assert ring.append(bytes(640)).offset_bytes == 64_000
    assert ring.since(0) == (64_000, bytes(640))


@given(st.lists(st.one_of(st.integers(1, 400), st.integers(-400, -1)), max_size=40), st.integers(0, 20_000))
def test_pieces_lie_where_they_came_whatever_gaps_are_between_them(steps: list[int], offset: int) -> None:
    ring, expected = AudioRing(16_000, keep_ms=10_000), list[tuple[int, bytes]]()
    for step in steps:
        if step > 0:
            pcm = bytes([step % 251]) * (2 * step)
            expected.append((ring.append(pcm).offset_bytes, pcm))
        else:
            ring.skip_to(ring.end_bytes - 2 * step)
    begins = [begin for begin, _ in expected]
    assert begins == sorted(begins)
    even = offset & ~1
    kept = [(max(begin, even), pcm[max(0, even - begin) :]) for begin, pcm in expected if begin + len(pcm) > even]
    found = ring.pieces_since(even)
    assert runs(found) == runs(kept)
    assert all(ring.ms(len(pcm)) <= TRIM_MS + 25 for _, pcm in found)


def test_what_is_kept_is_in_few_objects() -> None:
    ring = AudioRing(16_000)
    for _ in range(500):
        ring.append(bytes(640))
    assert len(ring.pieces_since(0)) <= 500 * 20 / TRIM_MS + TRIM_MS / 20

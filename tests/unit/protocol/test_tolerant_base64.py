"""Base64 as others spell it: what it means, and that its spelling is unusual."""

import base64

import pytest

from protocol.acs.tolerant_base64 import Base64Error, decode_base64

BYTES = bytes(range(251, 256)) + b"audio"
USUAL = base64.b64encode(BYTES).decode()


def test_the_usual_spelling_is_nothing_to_speak_of() -> None:
    assert decode_base64(USUAL) == (BYTES, "")
    assert decode_base64("") == (b"", "")


@pytest.mark.parametrize(
    "text",
    [
        base64.urlsafe_b64encode(BYTES).decode(),
        USUAL.rstrip("="),
        USUAL + "=",
        USUAL + "====",
        f" {USUAL[:4]}\r\n{USUAL[4:]}\n",
        base64.urlsafe_b64encode(BYTES).decode().rstrip("="),
    ],
)
def test_other_spellings_mean_the_same_and_are_told(text: str) -> None:
    assert decode_base64(text) == (BYTES, "unusual base64")


@pytest.mark.parametrize(("cut", "kept"), [(1, 9), (2, 9), (3, 8), (4, 7)])
def test_of_a_text_that_is_cut_off_the_whole_bytes_are_kept(cut: int, kept: int) -> None:
    text = base64.b64encode(BYTES[:9] + b"!").decode().rstrip("=")
    assert len(text) == 14
    decoded, defect = decode_base64(text[:-cut])
    assert decoded == (BYTES[:9] + b"!")[:kept]
    assert defect in ("", "unusual base64")


@pytest.mark.parametrize("text", ["audio!", "YQ==YQ==", "Y=Q=", "\u00fc", "{}", "YWJj%3D"])
def test_what_is_no_base64_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(Base64Error, match=r"^not base64$"):
        decode_base64(text)

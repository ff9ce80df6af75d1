"""The page on agents has the keys that agents have."""

from tests.kit.agent_reference import PAGE, rows, table, with_table


def test_the_page_on_agents_has_every_key_with_its_default() -> None:
    page = PAGE.read_text("utf-8")
    assert with_table(page) == page, "run: python -m tests.kit.agent_reference"
    assert table() in page


def test_keys_within_keys_are_named_by_their_path() -> None:
    assert {"name", "voice.rate", "barge_in.PHASE.pause_ms", "limits.max_hold_s"} <= {key for key, _, _ in rows()}


def test_a_key_without_which_no_agent_can_be_is_marked() -> None:
    assert [key for key, default, _ in rows() if default == "required"] == ["name", "label"]


def test_every_key_is_explained() -> None:
    assert [key for key, _, meaning in rows() if not meaning] == []

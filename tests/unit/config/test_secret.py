"""What a secret value shows, and how it is compared."""

from config.secret import Secret


def test_a_secret_shows_nothing_of_its_value() -> None:
    secret = Secret("correct-horse-battery")
    assert secret.reveal() == "correct-horse-battery"
    assert "horse" not in f"{secret} {secret!r} {[secret]}"


def test_only_the_value_itself_matches() -> None:
    secret = Secret("correct-horse-battery")
    assert secret.matches("correct-horse-battery")
    assert not secret.matches("correct-horse-batterie")
    assert not secret.matches("")


def test_a_candidate_in_any_script_is_compared() -> None:
    assert not Secret("correct-horse-battery").matches("правильная лошадь")

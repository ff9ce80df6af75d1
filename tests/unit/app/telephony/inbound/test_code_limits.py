"""How many wrong access codes are borne, of one caller and in all."""

from app.telephony.inbound.code_limits import CodeLimits


def limits() -> CodeLimits:
    return CodeLimits(per_caller=2, overall=3, window_s=60)


def test_a_caller_is_listened_to_until_there_are_too_many_and_again_when_they_are_old() -> None:
    codes = limits()
    codes.wrong("a", 0)
    codes.wrong("a", 30)
    assert not codes.may_try("a", 59)
    assert codes.may_try("b", 59)
    assert codes.may_try("a", 60)


def test_too_many_in_all_shut_everybody_out() -> None:
    codes = limits()
    for second, caller in enumerate("abc"):
        assert not codes.exhausted
        codes.wrong(caller, second)
    assert codes.exhausted
    assert not codes.may_try("d", 59)
    assert codes.may_try("d", 60)
    assert not codes.exhausted


def test_no_number_of_callers_fills_its_memory() -> None:
    codes = limits()
    for number in range(1_000):
        codes.wrong(str(number), 0)
    assert len(codes._wrong) == 3

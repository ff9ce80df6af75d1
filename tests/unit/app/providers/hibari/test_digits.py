"""What is read digit by digit, and what is not."""

import pytest

from app.providers.hibari.digits import digit_by_digit, with_codes, with_digits


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Call +12065550100 now.", "Call plus one, two zero six, five five five, zero one zero zero now."),
        ("+1 (206) 555-0100", "plus one, two zero six, five five five, zero one zero zero"),
        ("(206) 555-0100", "two zero six, five five five, zero one zero zero"),
        ("555-0100", "five five five, zero one zero zero"),
        ("+49 30 1234567", "plus four nine, three zero, one two three four five six seven"),
        ("0800 123456", "zero eight zero zero, one two three four five six"),
        ("1-800-FLOWERS", "one, eight zero zero, FLOWERS"),
        ("Order 12345678.", "Order one two three, four five six, seven eight."),
        ("In danger call 112 or dial 911.", "In danger call one one two or dial nine one one."),
        ("dial 9-1-1", "dial nine, one, one"),
        ("Your code is 4711.", "Your code is four seven one one."),
        ("PIN 0042, agent 007", "PIN zero zero four two, agent zero zero seven"),
        ("order number 1234, order #12345", "order number one two three four, order number one two three four five"),
        ("the card ending in 4242", "the card ending in four two four two"),
        ("your card ending 4242", "your card ending four two four two"),
        ("The last four digits are 4242.", "The last four digits are four two four two."),
        ("last 4 digits: 0815", "last 4 digits: zero eight one five"),
        ("+44 (0)20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
        ("0049-30-123456", "zero zero four nine, three zero, one two three four five six"),
        ("030/1234567", "zero three zero, one two three four five six seven"),
        ("Text YES to 12345.", "Text YES to one two three four five."),
        ("one-time code is 482 913", "one-time code is four eight two, nine one three"),
        ("Your code is: 482-913.", "Your code is: four eight two, nine one three."),
        ("OTP 482913, CVV 123", "OTP four eight two nine one three, CVV one two three"),
        ("sort code 12-34-56", "sort code one two, three four, five six"),
        ("case ID: 2026-0042", "case ID: two zero two six, zero zero four two"),
        ("press #, * or the # key", "press pound, star or the pound key"),
        ("Dial *67.", "Dial star 67."),
        ("order 4711-22", "order four seven one one, two two"),
        ("card ending in -4242", "card ending in four two four two"),
        ("zip 98101-1234", "zip nine eight one zero one, one two three four"),
        ("4111 1111 1111 1111", "four one one one, one one one one, one one one one, one one one one"),
        ("978-3-16-148410-0", "nine seven eight, three, one six, one four eight four one zero, zero"),
        ("DE89 3704 0044 00", "D E eight nine, three seven zero four, zero zero four four, zero zero"),
    ],
)
def test_telephone_numbers_and_the_like_are_said_by_digits(written: str, said: str) -> None:
    assert with_digits(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28",
        "12/01/2026",
        "from 2025-2026, 2025-26, 2026-12, 100-200 people",
        "$1,250.50",
        "It costs 1250000 dollars.",
        "3.14159265",
        "Room 12-34-56",
        "Text 12345 people, send 500 to 600 of them",
        "code 12 - 14 hours",
        "5 * 3, C#, #1",
        "and/or 0/1",
        "Call 3 people, call 100 people.",
        "code 5:30",
        "account 15%",
        "We order 1234 units; #12",
        "0.5 or 0.001",
        "The contract ends in 2026.",
        "The last five 2026 editions are here.",
        "at 09:00",
        "from 05/12",
    ],
)
def test_numbers_stay_numbers(text: str) -> None:
    assert with_digits(text) == text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Code AB12C3, ABC-123.", "Code A B one two C three, A B C one two three."),
        ("flight LH442, room 12B", "flight L H four four two, room 12 B"),
        ("COVID-19, UTF-16, F-05", "COVID 19, U T F 16, F zero five"),
        ("order #A1B2, order number #X7Z9", "order number A one B two, order number X seven Z nine"),
        (
            "WELCOME10, SAVE2026, HOLIDAY450, BCDFG12",
            "WELCOME 10, SAVE 2026, HOLIDAY four five zero, B C D F G one two",
        ),
        ("gate B12, M25, vitamin B6, A01", "gate B 12, M 25, vitamin B 6, A zero one"),
        ("in FY2026, FY26", "in F Y 2026, F Y 26"),
        ("AB-12-34", "A B one two three four"),
        ("5GB, 10K, the 5TH, 3PM", "5GB, 10K, the 5TH, 3PM"),
        ("$3M", "$3M"),
        ("OK at the CIA", "OK at the CIA"),
    ],
)
def test_codes_are_said_by_letters_and_digits(written: str, said: str) -> None:
    assert with_codes(written) == said


def test_any_figure_can_be_said_digit_by_digit() -> None:
    assert digit_by_digit("a 10 b").split() == ["a", "one", "zero", "b"]

"""What is said for what is written: addresses, abbreviations, and all kinds of readings together."""

import pytest

from app.providers.hibari.readings import speakable
from tests.kit.growth import growth


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Mail anna.meyer@example.com.", "Mail anna dot meyer at example dot com."),
        ("info@my-site.co.uk", "info at my dash site dot co dot uk"),
        ("anna_meyer@example.org", "anna underscore meyer at example dot org"),
        ("See www.example.com, please.", "See example dot com, please."),
        ("https://example.com/help?x=1", "example dot com slash help"),
        ("We use node.js.", "We use node dot js."),
        ("At 192.168.0.1.", "At 192 dot 168 dot 0 dot 1."),
        ("version 2.0.1, or v2.10", "version 2 point 0 point 1, or version 2 point 10"),
    ],
)
def test_addresses_are_said_sign_by_sign(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ca. 50, nr. 7", "about 50, number 7"),
        ("Bahnhofstr. 5, Mme. Dupont, Sra. Pérez", "Bahnhofstrasse 5, Madame Dupont, Señora Pérez"),
        ("Sr. Garcia", "Señor Garcia"),
        ("Ask Sr. Engineer Ann Lee.", "Ask Senior Engineer Ann Lee."),
        ("John Smith, Sr. Is he here?", "John Smith, Senior Is he here?"),
        ("e.g. this, i.e. that", "for example this, that is that"),
        ("approx 50 or approx. 60", "about 50 or about 60"),
        ("Tel.: 5, ext. 12", "Telephone 5, extension 12"),
        ("min. 5 and max. 10", "minimum 5 and maximum 10"),
        ("Turn to p. 5.", "Turn to page 5."),
        ("12 Elm Dr., 5 Oak St", "12 Elm Drive, 5 Oak Street"),
        ("We are at 12 Elm St. Please come.", "We are at 12 Elm Street. Please come."),
        ("on Main St. We close", "on Main Street. We close"),
        ("Fl. 2, Rm. 12", "Floor 2, Room 12"),
        ("We are on Fl. 2.", "We are on Floor 2."),
        ("Hr. Müller and Hrn. Dr. Weiß", "Herr Müller and Herrn Dr. Weiß"),
        ("12 Bd. Voltaire", "12 Boulevard Voltaire"),
        (
            "z.B. Montag, d.h. bzw. evtl. morgen usw.",
            "zum Beispiel Montag, das heißt beziehungsweise eventuell morgen und so weiter",
        ),
        (
            "incl. VAT, Excl. tax, b/c of it, n/a, c/o Ann",
            "including VAT, Excluding tax, because of it, not applicable, care of Ann",
        ),
        (
            "acct. 5, 1,000 sq. ft., confirmation # 7F3",
            "account 5, 1,000 square feet, confirmation number seven F three",
        ),
        ("call 206-555-0100 x89", "call two zero six, five five five, zero one zero zero extension 89"),
        ("123 N. Main St., 45 SW 5th Ave. NW", "123 North Main Street, 45 Southwest 5th Avenue Northwest"),
        ("12 Elm St in Boston, 10 Oak Ct. and 5 Lake Pkwy", "12 Elm Street in Boston, 10 Oak Court and 5 Lake Parkway"),
        ("on 5th Ave, near C# House", "on 5th Avenue, near C sharp House"),
    ],
)
def test_abbreviations_are_said_as_words(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Lee and Mr. Smith Jr. are in St. Paul.",
        "No. 5, 5 min. and etc.",
        "I see. Come in.",
        "It ended.Next it began",
        "OK, see you at the CIA.",
        "5 min. 10 sec.",
        "Wait 2 hr. Mr. Lee comes.",
        "the U.S. and a Ph.D.",
        "and/or",
        "We are in Fresno, CA. Come in.",
    ],
)
def test_what_the_normalizer_reads_well_is_left_to_it(text: str) -> None:
    assert speakable(text) == text


def test_readings_do_not_get_into_each_other() -> None:
    text = "Mon-Fri 9:00-17:00, 12 Elm St., call (206) 555-0100 or mail a1@example.com; 20 € each, code AB-123."
    assert speakable(text) == (
        "Monday to Friday 9:00 to 5:00 PM, 12 Elm Street, call two zero six, five five five, zero one zero zero"
        " or mail a1 at example dot com; €20 each, code A B one two three."
    )


@pytest.mark.parametrize(
    "sign", ["1", "1 ", "1-", "1.", "1,", "A", "A1-", "Aa ", "a.", "a@", "a.b", "$1-", "1:00-", " ", "/"]
)
def test_no_text_takes_more_than_the_square_of_its_length(sign: str) -> None:
    assert growth(lambda chars: speakable(sign * (chars // len(sign))), 1_000, times=4) < 2 * 4**2

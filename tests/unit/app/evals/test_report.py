"""What evaluations came to, for people and for machines."""

from xml.etree import ElementTree

import msgspec

from app.evals.conversation import Failed, Outcome
from app.evals.listener import Moment
from app.evals.report import Result, as_json, as_junit, failure_lines, line_of, summary

GOOD = Outcome(name="one", took_s=2.5, failed=None, timeline=())
BAD = Outcome(
    name="two",
    took_s=1.0,
    failed=Failed(3, "the agent says 'x'", "it said '\x07 <y>'"),
    timeline=(Moment(0.5, "caller", "hello"),),
)
PASSED = Result(file="f.yaml", name="one", runs=(GOOD,))
FLAKY = Result(file="f.yaml", name="two", runs=(GOOD, BAD, GOOD))


def test_a_scenario_is_a_line_and_its_rate() -> None:
    assert line_of(PASSED) == "passed  f.yaml: one"
    assert line_of(FLAKY) == "FAILED  f.yaml: two  2 of 3"
    assert summary([PASSED, FLAKY]) == "1 of 2 scenarios passed, 4 conversations"


def test_a_failure_shows_what_was_said_expected_and_came_instead() -> None:
    assert FLAKY.first_failure is BAD
    said, expected, instead = failure_lines(BAD)
    assert said.split() == ["0.50", "s", "caller:", "hello"]
    assert expected.strip() == "step 3 expected: the agent says 'x'"
    assert instead.strip().startswith("instead: it said")
    assert list(failure_lines(GOOD)) == []


def test_junit_has_a_case_for_each_scenario() -> None:
    suite = ElementTree.fromstring(as_junit([PASSED, FLAKY]))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    good, bad = suite.findall("testcase")
    assert good.find("failure") is None
    failure = bad.find("failure")
    assert failure is not None
    assert "hello" in str(failure.text)


def test_json_has_every_run() -> None:
    one, two = msgspec.json.decode(as_json([PASSED, FLAKY]))
    assert (one["passed"], two["passed"], len(two["runs"])) == (1, 2, 3)
    assert two["runs"][1]["failed"]["step"] == 3

"""The results of evaluations: as lines for people, as JUnit's XML and as JSON for machines. Pure."""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

import msgspec

from app.evals.conversation import Outcome


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario, as often as it was held."""

    file: str
    name: str
    runs: tuple[Outcome, ...]

    @property
    def passed(self) -> int:
        """How many of the runs came out as expected."""
        return sum(run.failed is None for run in self.runs)

    @property
    def is_passed(self) -> bool:
        """Whether every run came out as expected."""
        return self.passed == len(self.runs)

    @property
    def first_failure(self) -> Outcome | None:
        """The first run of the scenario that failed; None if none has."""
        return next((run for run in self.runs if run.failed is not None), None)


def line_of(result: Result) -> str:
    """A scenario in one line: its rate, if it was held more than once."""
    times = f"  {result.passed} of {len(result.runs)}" if len(result.runs) > 1 else ""
    return f"{'passed' if result.is_passed else 'FAILED'}  {result.file}: {result.name}{times}"


def failure_lines(outcome: Outcome) -> Iterator[str]:
    """What was said and done in a run that failed, and what was expected instead."""
    for moment in outcome.timeline:
        yield f"    {moment}"
    if (failed := outcome.failed) is not None:
        yield f"    step {failed.step} expected: {failed.expected}"
        yield f"    instead: {failed.instead}"


def summary(results: Sequence[Result]) -> str:
    """All scenarios in one line."""
    passed = sum(result.is_passed for result in results)
    runs = sum(len(result.runs) for result in results)
    return f"{passed} of {len(results)} scenarios passed, {runs} conversations"


def as_junit(results: Sequence[Result]) -> bytes:
    """JUnit's XML: a test case for each scenario."""
    failures = sum(not result.is_passed for result in results)
    suite = ElementTree.Element("testsuite", name="earshot eval", tests=str(len(results)), failures=str(failures))
    for result in results:
        took_s = sum(run.took_s for run in result.runs)
        case = ElementTree.SubElement(suite, "testcase", classname=result.file, name=result.name, time=f"{took_s:.3f}")
        if (failure := result.first_failure) is not None:
            told = ElementTree.SubElement(case, "failure", message=_printable(line_of(result)))
            told.text = _printable("\n".join(failure_lines(failure)))
    ElementTree.indent(suite)
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def as_json(results: Sequence[Result]) -> bytes:
    """JSON: each scenario with its rate and all its runs."""
    told = [
        {"file": result.file, "name": result.name, "passed": result.passed, "runs": msgspec.to_builtins(result.runs)}
        for result in results
    ]
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def _printable(text: str) -> str:
    """XML has no control characters but line breaks and tabs."""
    return "".join(character for character in text if character in "\n\t" or character >= " ")

"""A plug-in, `-p tests.kit.traced_calls`: coverage is measured only while modules are imported and tests are called.

What pytest does around each test is most of what would be traced, and takes longer to trace than to do.
"""

from collections.abc import Generator

import pytest
from coverage import Coverage


def _measured() -> Coverage:
    coverage = Coverage.current()
    assert coverage is not None, "for runs with --cov"
    return coverage


class _AroundCalls:
    """Lets coverage be measured within calls of tests alone."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Generator[None]:
        """Measure while the test is called."""
        self._coverage.start()
        try:
            return (yield)
        finally:
            self._coverage.stop()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Everything has been imported."""
    coverage = _measured()
    coverage.stop()
    session.config.pluginmanager.register(_AroundCalls(coverage))

"""What the tests of the stores share."""

import pytest


@pytest.fixture(autouse=True)
def patience(patience_with_redis: None) -> None:
    """Have no command given up for what this machine has to do besides."""

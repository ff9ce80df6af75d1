"""What holds for all tests of what workers share: Redis is waited for on a busy machine too."""

import pytest


@pytest.fixture(autouse=True)
def patience(patience_with_redis: None) -> None:
    """See `tests/service/conftest.py`."""

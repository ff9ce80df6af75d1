"""The list of sessions while the session store does not answer."""

import asyncio
import json
import logging
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from actors.errors import ErrorKind, StoreError
from actors.runtime import failure_counters
from actors.runtime.failure_counters import Failure
from app.api.problems import ProblemError
from app.api.routes import sessions as session_routes
from app.api.routes.sessions import SessionRoutes

DOWN = StoreError(ErrorKind.UNAVAILABLE, "no connection")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    counter = mock.Mock()
    monkeypatch.setattr(failure_counters, "_counters", {Failure.STORE: counter})
    monkeypatch.setattr(session_routes, "admitted", lambda scope: SimpleNamespace(grant=None))
    return counter


def routes(**store: Any) -> SessionRoutes:
    return SessionRoutes(
        lifecycle=mock.Mock(),
        sessions=mock.Mock(live={}),
        store=mock.Mock(**store),
        outputs=mock.Mock(),
        agents={},
        call_records=mock.Mock(),
        modes=mock.Mock(),
        relay=mock.Mock(),
        cluster=mock.Mock(gather=mock.AsyncMock(return_value=([], 0))),
    )


def test_says_that_the_recent_ones_are_missing(counted: mock.Mock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        response = asyncio.run(routes(recent=mock.AsyncMock(side_effect=DOWN)).all(mock.Mock()))
    body = json.loads(bytes(response.body))
    assert body == {
        "sessions": [], "live": 0, "total": 0, "missing": "the recent sessions: the session store does not answer"
    }  # fmt: skip
    assert "no connection" in caplog.text
    counted.add.assert_called_once_with(1, {"operation": "recent"})


def test_says_nothing_of_that_when_it_answers(counted: mock.Mock) -> None:
    response = asyncio.run(routes(recent=mock.AsyncMock(return_value=[])).all(mock.Mock()))
    assert "missing" not in json.loads(bytes(response.body))
    counted.add.assert_not_called()


def test_one_session_is_not_said_to_be_unknown(counted: mock.Mock) -> None:
    request = mock.Mock(path_params={"session_id": "s"})
    with pytest.raises(ProblemError) as raised:
        asyncio.run(routes(load=mock.AsyncMock(side_effect=DOWN)).one(request))
    assert raised.value.status is HTTPStatus.SERVICE_UNAVAILABLE
    counted.add.assert_called_once_with(1, {"operation": "load"})

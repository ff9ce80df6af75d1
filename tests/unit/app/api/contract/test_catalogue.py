"""The catalogue against the table of routes: nothing is served that is not documented."""

from app.api.contract.catalogue import OPERATIONS, TAGS
from app.api.contract.sockets import CHANNELS
from app.auth.route_table import SOCKET, TABLE


def test_every_route_is_documented_and_nothing_else() -> None:
    rest = {key for key in TABLE if key[0] != SOCKET}
    assert rest - OPERATIONS.keys() == set(), "add a row to app/api/contract/catalogue.py"
    assert OPERATIONS.keys() - rest == set(), "there is no such route any more"


def test_every_websocket_is_documented_and_nothing_else() -> None:
    sockets = {path for method, path in TABLE if method == SOCKET}
    assert sockets - CHANNELS.keys() == set(), "add a row to app/api/contract/sockets.py"
    assert CHANNELS.keys() - sockets == set(), "there is no such WebSocket any more"


def test_every_tag_is_explained_and_used() -> None:
    assert {operation.tag for operation in OPERATIONS.values()} == TAGS.keys()

"""The catalogue against the table of routes: nothing is served that is not documented."""

import re

from app.api.contract.catalogue import OPERATIONS, TAGS
from app.api.contract.openapi import PATH_PARAMETERS
from app.api.contract.security import SECURITY
from app.api.contract.sockets import CHANNELS
from app.auth.route_table import SOCKET, TABLE, Check


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


def test_every_name_in_a_path_is_explained() -> None:
    names = {name for _, path in TABLE for name in re.findall(r"{(\w+)}", path)}
    assert names - PATH_PARAMETERS.keys() == set(), "explain it in app/api/contract/openapi.py"


def test_every_check_says_what_it_wants_to_see() -> None:
    assert set(Check) - SECURITY.keys() == set(), "add it to app/api/contract/security.py"

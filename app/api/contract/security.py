"""How somebody shows who they are, in the words of OpenAPI, by the check that a route is behind."""

from typing import Any

from app.auth.acs import SECRET_HEADER
from app.auth.route_table import Check

SCHEMES: dict[str, Any] = {
    "operator": {
        "type": "http",
        "scheme": "bearer",
        "description": "OPERATOR_TOKEN. Without one these routes answer programs on the same machine, unless HOST or "
        "BASE_URL is public.",
    },
    "entra": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "With BROWSER_AUTH=entra: a token of Microsoft Entra; the role Operator makes an operator.",
    },
    "browser": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "With BROWSER_AUTH=token: a token of POST /api/v1/realtime/token, for one session. Browsers can "
        "send no headers with a WebSocket, and have it as `token` in the query.",
    },
    "carrier": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "With ENABLE_AUTH_VALIDATION on: a token signed by Azure Communication Services or Event Grid.",
    },
    "event_grid_secret": {
        "type": "apiKey",
        "in": "header",
        "name": SECRET_HEADER,
        "description": "EVENT_GRID_SECRET, which the subscription sends as a secret delivery property.",
    },
}

_OPERATOR: list[dict[str, list[str]]] = [{"operator": []}, {"entra": []}, {}]

SECURITY: dict[Check, list[dict[str, list[str]]]] = {
    Check.PUBLIC: [],
    Check.OPERATOR: _OPERATOR,
    Check.OWN_SESSION: [{"browser": []}, *_OPERATOR],
    Check.TOKEN_ISSUE: _OPERATOR,
    Check.CONVERSATION: [{"browser": []}, {}],
    Check.CONSOLE: _OPERATOR,
    Check.WATCH: [{"browser": []}, {}],
    Check.ACS_CALLBACK: [{"carrier": []}, {}],
    Check.ACS_MEDIA: [{"carrier": []}, {}],
    Check.EVENT_GRID: [{"carrier": []}, {"event_grid_secret": []}, {}],
}
"""By check, the ways in which it may be passed. An empty way: without proof, where the settings demand none."""

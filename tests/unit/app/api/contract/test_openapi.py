"""What the OpenAPI document makes of a route; the whole document is in tests/service/api/test_documents.py."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from app.api.contract.openapi import UndocumentedRouteError, described, endpoints, openapi


async def served(_: Request) -> Response:
    """Answer one agent by its name. A second sentence
    goes over two lines.

    Raises:
        Nothing: that a reader of the document has to know.
    """
    return Response()


AGENT = Mount("/api/v1", routes=[Route("/agents/{name}", served), Route("/agents/{name}", served, methods=["PUT"])])


def test_a_route_tells_its_own_purpose() -> None:
    assert described(served) == (
        "Answer one agent by its name",
        "Answer one agent by its name. A second sentence goes over two lines.",
    )
    assert described(lambda: None) == ("", "")


def test_every_method_of_every_route_is_an_endpoint_and_the_files_are_one() -> None:
    routes = [AGENT, Route("/static/page.js", served), Route("/static/page.css", served)]
    found = {(method, path) for method, path, _ in endpoints(routes)}
    assert found == {
        ("GET", "/api/v1/agents/{name}"),
        ("PUT", "/api/v1/agents/{name}"),
        ("GET", "/static/{file}"),
    }


def test_what_follows_from_a_route_is_added_to_what_the_catalogue_says() -> None:
    operations = openapi([AGENT])["paths"]["/api/v1/agents/{name}"]
    read, change = operations["get"], operations["put"]
    assert [parameter["name"] for parameter in read["parameters"]] == ["name"]
    assert read["security"] == []
    assert change["security"] == [{"operator": []}, {"entra": []}, {}]
    assert read["responses"].keys() == {"200", "403", "404", "500"}
    assert change["responses"].keys() == {"200", "400", "401", "403", "404", "408", "413", "422", "500", "503"}
    assert change["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/AgentChange"
    }


def test_a_route_without_a_row_is_refused() -> None:
    with pytest.raises(UndocumentedRouteError, match=r"GET /secret has no row in app/api/contract/catalogue\.py"):
        openapi([Route("/secret", served)])

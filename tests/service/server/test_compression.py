"""An offer to compress is declined, by the server as it is really started."""

from tests.kit.serving import serving


def test_an_offer_to_compress_is_declined() -> None:
    with serving() as server:
        _, connection = server.socket()
        assert connection.request is not None
        assert "permessage-deflate" in connection.request.headers["Sec-WebSocket-Extensions"]
        assert connection.response is not None
        assert "Sec-WebSocket-Extensions" not in connection.response.headers
        connection.send("heard")
        assert connection.recv(timeout=60) == "heard"

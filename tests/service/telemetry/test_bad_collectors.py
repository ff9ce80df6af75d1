"""A collector that refuses, fails, hangs, dawdles or talks nonsense costs a warning, a counter and no conversation."""

import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, eventually, serving

TOKEN = "an-operator-token-of-this-test"
SOON = {
    "OTEL_METRIC_EXPORT_INTERVAL": "300",
    "OTEL_METRIC_EXPORT_TIMEOUT": "1500",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    "OTEL_BSP_EXPORT_TIMEOUT": "1000",
}
HTTP, GRPC = "http/protobuf", "grpc"

Collecting = Callable[[], AbstractContextManager[str]]


ANSWER_S = 30.0
"""What a slow collector takes for an answer."""
ENDS_S = 15.0
"""A server that ends has not waited for it then."""


@contextmanager
def answers(status: int, after_s: float = 0.0, **headers: str) -> Iterator[str]:
    """Answers every request so."""
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if is_over.wait(after_s):
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the tests look at what the server says."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            is_over.set()
            server.shutdown()
            thread.join(30)


@contextmanager
def accepts(says: bytes = b"") -> Iterator[str]:
    """Accepts connections, says something that is no answer or nothing, and keeps them open."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                    connection.sendall(says)
                except OSError:
                    return
                kept.append(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(30)
    for connection in kept:
        connection.close()


@contextmanager
def trickles(says: bytes) -> Iterator[str]:
    """Begins to answer each request at once, a byte at a time, and comes to no end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                for byte in itertools.chain(says, itertools.repeat(ord("x"))):
                    connection.sendall(bytes([byte]))
                    time.sleep(0.1)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=trickle, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(30)


def talk(server: Server, session_id: str, **query: str) -> bool:
    """Whether somebody was answered; one who is turned away was not."""
    address = f"{server.url.replace('http', 'ws', 1)}/api/v1/realtime/conversation"
    address += "?" + str(httpx.QueryParams({"session_id": session_id, **query}))
    try:
        with connect(address, proxy=None, open_timeout=60, close_timeout=1, max_size=None, max_queue=None) as talk:
            talk.send(json.dumps({"type": "text", "text": "hello"}))
            while '"turn_metrics"' not in str(talk.recv(timeout=60)):
                pass
            talk.send(json.dumps({"type": "hang_up"}))
    except WebSocketException:
        return False
    return True


FAILURES = "earshot_telemetry_failures"


def scraped(server: Server) -> str:
    answer = httpx.get(
        f"{server.url}/metrics",
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust_env=False,
        verify=AUTHORITIES,
        timeout=60,
    )
    assert answer.status_code == 200
    return answer.text


def failures(server: Server) -> dict[str, float]:
    """How many batches could not be sent, by signal."""
    # The other thousand lines take this process longer to read than the server to write.
    lines = "\n".join(line for line in scraped(server).splitlines() if FAILURES in line)
    return {
        sample.labels["signal"]: sample.value
        for family in text_string_to_metric_families(lines)
        if family.name == FAILURES
        for sample in family.samples
        if sample.name.endswith("_total")
    }


@pytest.mark.parametrize(
    ("collecting", "protocol"),
    [
        (partial(answers, 429, Retry_After="1"), HTTP),
        (partial(answers, 500), HTTP),
        (partial(answers, 503, Retry_After="60"), HTTP),
        (partial(answers, 308, Location="https://127.0.0.1:9/"), HTTP),
        (partial(answers, 302, Location="/elsewhere"), HTTP),
        (accepts, HTTP),
        (partial(accepts, b"nonsense\r\n\r\n"), HTTP),
        (partial(answers, 200, ANSWER_S), HTTP),
        (partial(trickles, b"HTTP/1.1 200 OK\r\nX-Much: "), HTTP),
        (partial(trickles, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"), HTTP),
        (accepts, GRPC),
        (partial(accepts, b"HTTP/1.1 400 Bad Request\r\n\r\n"), GRPC),
    ],
    ids=[
        "429",
        "500",
        "503",
        "308",
        "302",
        "hangs",
        "nonsense",
        "slow",
        "trickles",
        "trickles on",
        "grpc hangs",
        "grpc nonsense",
    ],
)
def test_it_is_counted_and_told_once_and_the_server_talks_and_ends(collecting: Collecting, protocol: str) -> None:
    with (
        collecting() as url,
        serving(
            EARSHOT,
            **FAKES,
            **SOON,
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
            OTEL_METRICS_EXPORTER="otlp,prometheus",
            OPERATOR_TOKEN=TOKEN,
        ) as server,
    ):
        assert talk(server, "first")
        eventually(lambda: set(failures(server)) == {"metrics", "traces"})
        many = failures(server)["metrics"] + 2
        eventually(lambda: failures(server)["metrics"] >= many)
        assert talk(server, "second")
        told = re.findall(r"telemetry cannot be sent, and is lost.*?signal=\"?(\w+)", server.log())
        assert sorted(told) == ["metrics", "traces"]
        assert "Traceback" not in server.log()
        server.process.terminate()
        assert server.process.wait(ENDS_S) == 0


def dropped(server: Server) -> float:
    """How many spans were not even tried to be sent."""
    found = re.findall(r"^earshot_telemetry_dropped_spans_total\{.*\} (\S+)$", scraped(server), re.MULTILINE)
    return float(found[0]) if found else 0.0


def test_what_a_slow_collector_does_not_keep_up_with_is_dropped_counted_and_told_once() -> None:
    with (
        answers(200, ANSWER_S) as url,
        serving(
            EARSHOT,
            **FAKES,
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            OTEL_EXPORTER_OTLP_TIMEOUT=str(2 * ANSWER_S),
            OTEL_BSP_EXPORT_TIMEOUT="60000",
            OTEL_BSP_MAX_QUEUE_SIZE="4",
            OTEL_BSP_MAX_EXPORT_BATCH_SIZE="4",
            OTEL_METRICS_EXPORTER="prometheus",
            OPERATOR_TOKEN=TOKEN,
        ) as server,
    ):
        for number in range(4):
            assert talk(server, f"talk-{number}")
        eventually(lambda: dropped(server) > 4)
        assert len(re.findall("the collector is slower than spans come", server.log())) == 1
        assert failures(server) == {}
        assert "Queue full" not in server.log()
        server.process.terminate()
        assert server.process.wait(ENDS_S) == 0


HOSTILE = (
    "x" * 500,
    '<script>alert("x")</script>',
    'a"} 1\nearshot_planted_total{b="',
    "../../etc/passwd",
    "\u202eagent\u0000",
    "'; drop table agents; --",
)


def series(text: str) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """The time series of a scrape, those of the process and of Python apart."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in text_string_to_metric_families(text)
        if family.name.startswith("earshot")
        for sample in family.samples
    }


def values(found: set[tuple[str, tuple[tuple[str, str], ...]]]) -> set[str]:
    """What labels say, bounds of buckets apart."""
    return {value for _, labels in found for name, value in labels if name != "le"}


def test_a_scrape_beside_many_callers_with_hostile_names_is_whole_and_bounded() -> None:
    with (
        serving(EARSHOT, **FAKES, OTEL_METRICS_EXPORTER="prometheus", OPERATOR_TOKEN=TOKEN) as server,
        ThreadPoolExecutor(12) as threads,
    ):

        def round_of(number: int) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
            """Callers with names of their own, each as agent, as mode and as id, while it is scraped."""
            asked: list[Future[Any]] = [
                *(threads.submit(talk, server, f"s{number}-{at}", agent=name) for at, name in enumerate(HOSTILE)),
                *(threads.submit(talk, server, f"{name}{number}") for name in HOSTILE),
                *(threads.submit(talk, server, f"m{number}", streaming_mode=name) for name in HOSTILE),
                *(threads.submit(server.get, f"/api/v1/agents/{number}{name[:20]}") for name in ("a", "b", "c")),
            ]
            scrapes = [threads.submit(scraped, server) for _ in range(10)]
            good = threads.submit(eventually, lambda: talk(server, f"good-{number}"))
            for each in [*asked, *scrapes, good]:
                each.result(120)
            eventually(lambda: "earshot_session_duration" in scraped(server))
            for text in (each.result(0) for each in scrapes):
                assert "planted" not in text
                list(text_string_to_metric_families(text))
            return series(scraped(server))

        first = round_of(1)
        second = round_of(2) | round_of(3)
        assert not [value for value in values(second) for name in HOSTILE if name[:5] in value]
        # A reason or an actor that comes later is a new one; what callers choose is not among them.
        assert len(values(second) - values(first)) < len(HOSTILE), values(second) - values(first)
        assert len(second) < 3_000

"""Collectors of telemetry on free ports of loopback: OTLP by HTTP and by gRPC, and the ingestion of Azure Monitor."""

import gzip
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """What has been received. `raw` holds every body, for tests that look for what must not be in any;
    `posted` those that are no telemetry, with their paths."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Span] = []
        self.metrics: dict[str, Metric] = {}
        self.envelopes: list[dict[str, Any]] = []
        self.resources: list[dict[str, str]] = []
        self.raw: list[bytes] = []
        self.posted: list[tuple[str, bytes]] = []
        self.encodings: set[str] = set()
        """How bodies came over HTTP."""

    def take_traces(self, request: Any) -> None:
        """Take an ExportTraceServiceRequest."""
        self.raw.append(request.SerializeToString())
        for resource in request.resource_spans:
            self.resources.append({each.key: each.value.string_value for each in resource.resource.attributes})
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def take_metrics(self, request: Any) -> None:
        """Take an ExportMetricsServiceRequest; of cumulative metrics the last ones count."""
        self.raw.append(request.SerializeToString())
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                self.metrics |= {metric.name: metric for metric in scope.metrics}

    def take_post(self, path: str, body: bytes) -> bytes:
        """Take a body that was posted; returns the body of the answer."""
        if path == "/v1/traces":
            self.take_traces(trace_service_pb2.ExportTraceServiceRequest.FromString(body))
        elif path == "/v1/metrics":
            self.take_metrics(metrics_service_pb2.ExportMetricsServiceRequest.FromString(body))
        elif path.endswith("/track"):
            self.raw.append(body)
            envelopes = json.loads(body)
            self.envelopes += envelopes
            return json.dumps({"itemsReceived": len(envelopes), "itemsAccepted": len(envelopes), "errors": []}).encode()
        else:
            self.raw.append(body)
            self.posted.append((path, body))
        return b""


@contextmanager
def http_collector() -> Iterator[Collector]:
    """A collector of OTLP by http/protobuf, and of Azure Monitor's envelopes."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.encodings.add(self.headers.get("Content-Encoding", ""))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            answer = collector.take_post(self.path, body)
            self.send_response(200)
            self.send_header("Content-Type", "application/json" if answer else "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the tests look at what was received."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join(30)


@contextmanager
def grpc_collector() -> Iterator[Collector]:
    """A collector of OTLP by gRPC."""
    collector = Collector()

    class Traces(trace_service_pb2_grpc.TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:
            collector.take_traces(request)
            return trace_service_pb2.ExportTraceServiceResponse()

    class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:
            collector.take_metrics(request)
            return metrics_service_pb2.ExportMetricsServiceResponse()

    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads)
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(), server)  # type: ignore[no-untyped-call]
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)  # type: ignore[no-untyped-call]
        collector.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield collector
        finally:
            server.stop(0).wait(5)

"""A collector of OpenTelemetry: takes traces as protobuf over HTTP and keeps their spans."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from tests.servers.loopback import Loopback


@dataclass(frozen=True)
class CollectedSpan:
    """A span; ids are hexadecimal, times are nanoseconds."""

    name: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    attributes: dict[str, Any]

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e9


class Collector:
    """Listens on a free port of 127.0.0.1; `refuse` makes it answer with an error."""

    def __init__(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        self._server = Loopback(app)
        self._arrived = asyncio.Condition()
        self.spans: list[CollectedSpan] = []
        self.refuse = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    async def wait_for(self, name: str) -> CollectedSpan:
        """Return the first span of this name."""

        def find() -> CollectedSpan | None:
            return next((span for span in self.spans if span.name == name), None)

        async with asyncio.timeout(30), self._arrived:
            await self._arrived.wait_for(find)
        span = find()
        assert span is not None
        return span

    async def _take(self, request: web.Request) -> web.Response:
        if self.refuse:
            return web.Response(status=400)
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        exported = ExportTraceServiceRequest.FromString(body)
        for group in exported.resource_spans:
            service = read_attributes(group.resource.attributes)["service.name"]
            for scope in group.scope_spans:
                self.spans += [read_span(span, service) for span in scope.spans]
        async with self._arrived:
            self._arrived.notify_all()
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )


def read_span(span: Any, service: str) -> CollectedSpan:
    return CollectedSpan(
        name=span.name,
        service=service,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        attributes=read_attributes(span.attributes),
    )


def read_attributes(pairs: list[KeyValue]) -> dict[str, Any]:
    return {pair.key: read_value(pair.value) for pair in pairs}


def read_value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [read_value(each) for each in value.array_value.values]
    return getattr(value, kind)

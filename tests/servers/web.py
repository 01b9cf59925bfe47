"""A strict local web server: conditional requests, ranges, logins, redirects, broken connections.

What no polite client does is noted in `violations`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.in_thread import ServerInThread

_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class Resource:
    """A file at a path.

    Attributes:
        login: value of the Authorization header that is wanted; empty wants none.
        statuses: sent in place of the body, one for each request, until they are used up.
        cuts: the connection breaks after so many bytes of the body, one for each request.
        ranges: whether pieces are sent.
        length: whether the length is said; otherwise the body ends with the connection.
    """

    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    etag: str = ""
    last_modified: str = ""
    location: str = ""
    login: str = ""
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    length: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    path: str
    headers: Mapping[str, str]


class WebServer(ServerInThread):
    """Serves `resources` on 127.0.0.1; a path without one is 404.

    Args:
        robots: whether robots.txt must be asked for before any other path.
    """

    def __init__(self, *, robots: bool = False) -> None:
        self.resources: dict[str, Resource] = {}
        self.requests: list[Seen] = []
        self.violations: list[str] = []
        self.body_bytes = 0
        self._robots = robots
        super().__init__(_Handler, ThreadingHTTPServer)

    def paths(self) -> list[str]:
        """Paths that were asked for, in order."""
        return [seen.path for seen in self.requests]

    def clear(self) -> None:
        """Forget what came."""
        self.requests.clear()
        self.body_bytes = 0

    def note(self, seen: Seen) -> None:
        headers = seen.headers
        if "docent" not in headers.get("user-agent", ""):
            self.violations.append(f"{seen.path}: no name in User-Agent")
        if "if-range" in headers and "range" not in headers:
            self.violations.append(f"{seen.path}: If-Range without Range")
        if headers.get("if-range", "").startswith("W/"):
            self.violations.append(f"{seen.path}: If-Range with a weak ETag")
        if "#" in seen.path:
            self.violations.append(f"{seen.path}: a fragment was sent")
        asked = any(path == "/robots.txt" for path in self.paths())
        if self._robots and seen.path != "/robots.txt" and not asked:
            self.violations.append(f"{seen.path}: before robots.txt")
        resource = self.resources.get(seen.path)
        if "authorization" in headers and not (resource and resource.login):
            self.violations.append(f"{seen.path}: a login that the server did not ask for")
        self.requests.append(seen)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go in two packets

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.owner.note(Seen(self.path, headers))
        resource = self.server.owner.resources.get(self.path)
        if resource is None:
            self._head(404, {"Content-Length": "0"})
        elif resource.statuses:
            self._head(resource.statuses.pop(0), {"Content-Length": "0", **resource.headers})
        elif resource.login and headers.get("authorization") != resource.login:
            self._head(401, {"Content-Length": "0"})
        elif resource.location:
            self._head(302, {"Location": resource.location, "Content-Length": "0"})
        elif _is_known(resource, headers):
            self._head(304, _validators(resource))
        else:
            self._body(resource, headers)

    def _body(self, resource: Resource, headers: Mapping[str, str]) -> None:
        start = _start(resource, headers)
        body = resource.body[start:]
        said = {"Content-Type": resource.content_type, **_validators(resource)}
        said |= dict(resource.headers)
        if resource.length:
            said["Content-Length"] = str(len(body))
        else:
            self.close_connection = True
        if start:
            last, size = len(resource.body) - 1, len(resource.body)
            said["Content-Range"] = f"bytes {start}-{last}/{size}"
        self._head(206 if start else 200, said)
        if resource.cuts:
            body = body[: resource.cuts.pop(0)]
            self.close_connection = True
        self.server.owner.body_bytes += len(body)
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # a client may leave a body that it does not want

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _is_known(resource: Resource, headers: Mapping[str, str]) -> bool:
    if "if-none-match" in headers:
        return bool(resource.etag) and headers["if-none-match"] == resource.etag
    since = headers.get("if-modified-since")
    return since is not None and since == resource.last_modified


def _validators(resource: Resource) -> dict[str, str]:
    pairs = {"ETag": resource.etag, "Last-Modified": resource.last_modified}
    return {name: value for name, value in pairs.items() if value}


def _start(resource: Resource, headers: Mapping[str, str]) -> int:
    """Return where the answer begins; a range counts only for the file that it was meant for."""
    match = _RANGE.fullmatch(headers.get("range", ""))
    same = headers.get("if-range") in {resource.etag, resource.last_modified} - {""}
    if not match or not resource.ranges or not same:
        return 0
    return int(match[1])

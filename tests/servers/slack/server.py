"""A strict local Slack: Web API, Socket Mode, signed HTTP requests, response URLs.

The app under test gets `base_url` and the tokens, nothing else. A test sends what people do
(`mention`, `dm`, `slash`, `action`), and reads what people see (`messages`, `wait_for_message`).
All that Slack would refuse is in `violations`, even if the app swallowed it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.servers.loopback import Loopback
from tests.servers.slack import arguments as slack_arguments
from tests.servers.slack.delivery import Sockets
from tests.servers.slack.limits import well_formed
from tests.servers.slack.methods import HANDLERS
from tests.servers.slack.response_urls import ResponseUrls
from tests.servers.slack.senders import Senders
from tests.servers.slack.store import BOT_USER, Message, SlackError, Store
from tests.servers.slack.switches import Fault, Switches
from tests.servers.waiting import Changes

BOT_TOKEN = "xoxb-docent-test"
APP_TOKEN = "xapp-docent-test"
SIGNING_SECRET = "docent-signing-secret"
PATIENCE = 60.0
"""Seconds to wait for an event that comes at once on an idle machine; only a failed test waits."""


@dataclass
class Call:
    """One call of the Web API. `error` is None where it succeeded; `at` is `time.monotonic()`.

    `process` is the name of the docent that called, where several have a base URL of their own.
    """

    method: str
    arguments: dict[str, Any]
    at: float
    error: str | None = None
    process: str = ""


@dataclass(frozen=True)
class Violation:
    """A thing that Slack would not have taken."""

    where: str
    why: str


class SlackServer(Senders, Switches):
    """See the module. `async with SlackServer() as slack:` starts and stops it.

    Attributes:
        store: the workspace: users, channels, usergroups, homes, sessions, titles, prompts.
        violations: everything the app got wrong; the `slack_server` fixture wants it empty.
        scopes: bot scopes that were granted; None grants all.
        deliver_twice: send every event a second time, as a retry.
        interact_twice: send every click, form, shortcut and command twice at once.
        double_mentions: "after" or "before": a mention in a channel also comes as `message`, after
            or before its `app_mention`.
        events_url: set it to `http://127.0.0.1:PORT/slack/events` to deliver by signed HTTP
            requests instead of sockets.
        clock: seconds, for the age of response URLs and for rate limits.
    """

    bot_token = BOT_TOKEN
    app_token = APP_TOKEN
    signing_secret = SIGNING_SECRET

    def __init__(self, *, scopes: Collection[str] | None = None) -> None:
        super().__init__()
        self.store = Store()
        self.changes = Changes()
        self.violations: list[Violation] = []
        self.sockets = Sockets(self.changes, self.report)
        self.response_urls = ResponseUrls(self)
        self.scopes = scopes
        self._calls: list[Call] = []
        app = web.Application(client_max_size=4 * 2**20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_route("*", "/{process}/api/{method}", self._api)
        app.router.add_get("/link", self.sockets.handle)
        app.router.add_post("/response/{name}", self.response_urls.handle)
        app.router.add_get("/files-pri/{path:.+}", self._file)
        self._loopback = Loopback(app)

    async def __aenter__(self) -> Self:
        await self._loopback.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.release()
        self.sockets.abort()
        await self._loopback.stop()

    @property
    def base_url(self) -> str:
        """Value for `SLACK_API_URL` and `AsyncWebClient(base_url=...)`."""
        return f"http://127.0.0.1:{self._loopback.port}/api/"

    def base_url_of(self, process: str) -> str:
        """The base URL of one docent of several, by a name of the test's own."""
        return self.url(f"{process}/api/")

    def url(self, path: str) -> str:
        """A URL of this server outside of the Web API."""
        return f"http://127.0.0.1:{self._loopback.port}/{path}"

    # Reading what happened.

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """Messages of a channel, or of a thread with its root, oldest first."""
        return self.store.messages(channel, thread_ts)

    def replies(self, question: Message) -> list[Message]:
        """Return docent's messages in the thread of a message, oldest first."""
        thread = self.messages(question.channel, question.thread_ts or question.ts)
        return [message for message in thread if message.by_bot]

    def calls(self, method: str | None = None) -> list[Call]:
        """Calls of the Web API, refused ones too, in the order they came."""
        return [call for call in self._calls if method in {None, call.method}]

    async def wait_for(
        self, condition: Callable[[], Any], *, timeout: float = PATIENCE, what: str = "a condition"
    ) -> Any:
        """The condition's first true value; it is looked at after everything that happens.

        Raises:
            TimeoutError: with all messages and violations so far.
        """
        return await self.changes.until(condition, timeout, lambda: self._describe(what))

    async def wait_for_message(
        self, predicate: Callable[[Message], bool], *, timeout: float = PATIENCE
    ) -> Message:
        """The first message that fits, already there or still to come."""

        def first() -> Message | None:
            return next(
                (message for message in self.store.all.values() if predicate(message)), None
            )

        found: Message = await self.wait_for(first, timeout=timeout, what="a message")
        return found

    async def wait_for_reply(
        self, question: Message, *, containing: str = "", timeout: float = PATIENCE
    ) -> Message:
        """docent's first message in the thread that shows the text; without one, a finished one."""

        def first() -> Message | None:
            done = (m for m in self.replies(question) if not m.live and containing in m.shown)
            return next((m for m in done if containing or not m.has_button("docent_stop")), None)

        found: Message = await self.wait_for(first, timeout=timeout, what="a reply")
        return found

    async def wait_for_calls(
        self, method: str, count: int = 1, *, timeout: float = PATIENCE
    ) -> list[Call]:
        """All calls of a method once there are `count`; held ones count as they come."""
        await self.wait_for(
            lambda: len(self.calls(method)) >= count, timeout=timeout, what=f"{count} {method}"
        )
        return self.calls(method)

    async def wait_connected(self, count: int = 1, *, timeout: float = PATIENCE) -> None:
        """Return once `count` connections were made, ended ones too."""
        await self.wait_for(
            lambda: self.sockets.opened >= count and self.sockets.count,
            timeout=timeout,
            what=f"{count} connections",
        )

    def _describe(self, what: str) -> str:
        lines = [f"waited for {what}; there were:"]
        lines += [
            f"  {m.user} {m.stream or ''}: {m.shown[:200]!r}" for m in self.store.all.values()
        ]
        lines += [f"  call {call.method} -> {call.error or 'ok'}" for call in self._calls[-10:]]
        lines += [f"  violation {found.where}: {found.why}" for found in self.violations]
        return "\n".join(lines)

    def end_streams(self, state: str = "expired") -> None:
        """End all live streams from Slack's side: "expired" or "stopped_by_user"."""
        for message in self.store.all.values():
            if message.live:
                message.stream = state
        self.changes.notify()

    def remove_from(self, channel: str) -> None:
        """Take docent out of a channel; Slack ends its streams there."""
        self.store.channels[channel].members.discard(BOT_USER)
        self._end_streams_in(channel)

    def close_channel(self, channel: str, code: str = "is_archived") -> None:
        """Refuse every call about a channel from now on; Slack ends its streams there."""
        self.store.closed[channel] = code
        self._end_streams_in(channel)

    def _end_streams_in(self, channel: str) -> None:
        for message in self.messages(channel):
            if message.live:
                message.stream = "expired"
        self.changes.notify()

    def open_streams(self) -> list[Message]:
        """Return docent's messages that are still streams."""
        return [message for message in self.store.all.values() if message.live]

    def processing_threads(self) -> list[tuple[str, str]]:
        """Return channel and thread_ts of the threads beside which docent seems to be at work."""
        sessions, texts = self.store.sessions, self.store.statuses
        busy = [key for key, statuses in sessions.items() if statuses[-1] == "processing"]
        return busy + [key for key, statuses in texts.items() if statuses[-1]]

    # The Web API.

    async def _api(self, request: web.Request) -> web.StreamResponse:
        raw = await slack_arguments.read_arguments(request)
        named = request.match_info
        call = Call(named["method"], raw, time.monotonic(), process=named.get("process", ""))
        self._calls.append(call)
        self.changes.notify()
        try:
            return await self._answer(request, call)
        except SlackError as error:
            call.error = error.code
            if error.fault:
                self.report(call.method, f"{error} {str(raw)[:500]}")
            messages = [error.detail] if error.detail else []
            return web.json_response(
                {"ok": False, "error": error.code, "response_metadata": {"messages": messages}}
            )
        finally:
            self.changes.notify()

    async def _answer(self, request: web.Request, call: Call) -> web.StreamResponse:
        await self.held(call.method)
        await asyncio.sleep(self.latency)
        self._check_token(request, call.method)
        if call.method not in slack_arguments.METHODS:
            raise SlackError("unknown_method", call.method)
        fault = self.next_fault(call.method, call.arguments)
        if fault and fault.is_cut and request.transport:
            request.transport.abort()
        if fault and not fault.work_done:
            call.error = fault.error
            return _refusal(fault)
        if not await self.pass_holds(call.method, call.arguments, done=False):
            call.error = "dropped"
            return _refusal(Fault("dropped", status=503))
        reply = self._work(call)
        self.changes.notify()
        if not await self.pass_holds(call.method, call.arguments, done=True):
            return _refusal(Fault("dropped", status=503))
        if fault and request.transport:
            request.transport.abort()
        return web.json_response({"ok": True, **reply}, headers=self._headers())

    def share(self, name: str, content: bytes, media_type: str = "text/plain") -> dict[str, Any]:
        """A file of a person, as a message describes it."""
        path = f"F{len(self.store.files):04d}/{name}"
        self.store.files[path] = content
        return {
            "id": path.partition("/")[0],
            "name": name,
            "mimetype": media_type,
            "size": len(content),
            "mode": "hosted",
            "url_private": self.url(f"files-pri/{path}"),
        }

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A shared file; without the token or its scope, Slack leads to its login page."""
        is_allowed = self.scopes is None or "files:read" in self.scopes
        if request.headers.get("Authorization") != f"Bearer {self.bot_token}" or not is_allowed:
            raise web.HTTPFound(self.url("?redir=files"))
        content = self.store.files.get(request.match_info["path"])
        if content is None:
            raise web.HTTPNotFound
        return web.Response(body=content, headers={"Content-Disposition": "attachment"})

    def _work(self, call: Call) -> dict[str, Any]:
        arguments = slack_arguments.check_arguments(call.method, call.arguments)
        needed = slack_arguments.needed_scope(call.method, arguments)
        if needed and self.scopes is not None and needed not in self.scopes:
            raise SlackError("missing_scope", f"needed {needed}")
        if call.method == "apps.connections.open":
            link = self.url(f"link?ticket={self.sockets.ticket(call.process)}")
            return {"url": link.replace("http://", "ws://")}
        with well_formed():
            return HANDLERS[call.method](self.store, arguments)

    def _check_token(self, request: web.Request, method: str) -> None:
        header = request.headers.get("Authorization", "")
        if not header.startswith("Bearer "):
            raise SlackError("not_authed", fault=False)
        wanted = self.app_token if method == "apps.connections.open" else self.bot_token
        if header.removeprefix("Bearer ") != wanted:
            raise SlackError("invalid_auth", fault=False)

    def _headers(self) -> dict[str, str]:
        return {} if self.scopes is None else {"x-oauth-scopes": ",".join(sorted(self.scopes))}

    def report(self, where: str, why: str) -> None:
        """Record a violation."""
        self.violations.append(Violation(where, why))
        self.changes.notify()


def _refusal(fault: Fault) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return web.json_response(
        {"ok": False, "error": fault.error}, status=fault.status, headers=headers
    )

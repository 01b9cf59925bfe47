"""A strict local Discord: its REST API and its gateway, driven by the real client library."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.servers.discord import rules
from tests.servers.discord.gateway import Gateway
from tests.servers.discord.rules import RefusedError
from tests.servers.discord.store import (
    BOT,
    DIRECT,
    FORUM,
    PUBLIC_THREAD,
    TEXT,
    Channel,
    Store,
    build_member,
    build_user,
)
from tests.servers.loopback import Loopback
from tests.servers.waiting import Changes

TOKEN = "docent.discord.token"
JSON = "application/json"  # with a charset the client takes it for text

Handler = Callable[[web.Request, Any], Awaitable[object]]


@dataclass
class Call:
    """One call of the client, and the code it was refused with."""

    method: str
    path: str
    body: Any
    code: int = 0


class DiscordServer:
    """Two servers, a forum and a direct conversation, over HTTP and a web socket."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.store = Store()
        self.gateway = Gateway(self.store, self.changes, TOKEN)
        self.calls: list[Call] = []
        self.limited: list[float] = []
        """Seconds of the next 429s of calls that post or edit."""
        self.forbidden: set[str] = set()
        """Channels in which docent may not write."""
        self.takes_threads = True
        self.session_starts = 1_000
        app = web.Application()
        app.router.add_get("/gateway", self.gateway.serve)
        for method, path, handler in (
            ("GET", "/users/@me", self._show_me),
            ("GET", "/oauth2/applications/@me", self._show_app),
            ("GET", "/gateway/bot", self._show_gateway),
            ("GET", "/channels/{channel}", self._show_channel),
            ("GET", "/channels/{channel}/messages", self._list_messages),
            ("POST", "/channels/{channel}/messages", self._post),
            ("PATCH", "/channels/{channel}/messages/{message}", self._edit),
            ("DELETE", "/channels/{channel}/messages/{message}", self._delete),
            ("POST", "/channels/{channel}/typing", self._type),
            ("GET", "/channels/{channel}/messages/{message}", self._show_message),
            ("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", self._react),
            ("POST", "/channels/{channel}/messages/{message}/threads", self._open_thread),
        ):
            app.router.add_route(method, f"/api/v10{path}", self._answer(handler))
        self._loopback = Loopback(app)

    async def __aenter__(self) -> Self:
        await self._loopback.start()
        self.gateway.url = f"ws://127.0.0.1:{self._loopback.port}/gateway"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.drop(1001)
        await self._loopback.stop()

    @property
    def base(self) -> str:
        """The base of the REST API."""
        return f"http://127.0.0.1:{self._loopback.port}/api/v10"

    # People

    async def say(self, channel: str, author: str, content: str, **more: Any) -> dict[str, Any]:
        """A person writes a message."""
        message = self.store.add(channel, author, content, **more)
        await self._dispatch_message("MESSAGE_CREATE", message)
        return message

    async def open_post(self, author: str, title: str, content: str) -> dict[str, Any]:
        """A person opens a post in the forum; its first message has its id."""
        forum = next(each for each in self.store.channels.values() if each.type == FORUM)
        thread = self.store.open_thread(forum.id, title)
        await self.gateway.dispatch("THREAD_CREATE", thread.render() | {"newly_created": True})
        return await self.say(thread.id, author, content, id=thread.id)

    async def change(self, message: dict[str, Any], content: str) -> None:
        """A person edits a message."""
        mentions = [build_user(BOT)] if f"<@{BOT}>" in content else []
        message |= {"content": content, "mentions": mentions}
        message["edited_timestamp"] = "2026-01-01T00:01:00+00:00"
        await self._dispatch_message("MESSAGE_UPDATE", message)

    async def remove(self, message: dict[str, Any]) -> None:
        """A person deletes a message."""
        place = self.store.channels[message["channel_id"]]
        del place.messages[message["id"]]
        gone = {"id": message["id"], "channel_id": place.id}
        await self.gateway.dispatch("MESSAGE_DELETE", gone | self._name_guild(place))

    def list_own(self, channel: str) -> list[dict[str, Any]]:
        """The messages of docent in a channel or thread."""
        place = self.store.channels.get(channel)
        messages = place.messages.values() if place else ()
        return [each for each in messages if each["author"]["id"] == BOT]

    async def wait_for(self, condition: Callable[[], Any], timeout: float = 20.0) -> Any:
        """The value of a condition once it is true."""
        return await self.changes.until(condition, timeout, self._describe)

    async def wait_for_reply(self, channel: str, containing: str) -> list[dict[str, Any]]:
        """The messages of docent once one of them says something."""

        def find() -> list[dict[str, Any]]:
            own = self.list_own(channel)
            return own if any(containing in each["content"] for each in own) else []

        return await self.wait_for(find)

    def _describe(self) -> str:
        lines = [f"{each.method} {each.path} {each.body} {each.code or ''}" for each in self.calls]
        return "Discord got:\n" + "\n".join(lines)

    # The API

    def _answer(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            body = await request.json() if request.can_read_body else None
            call = Call(request.method, request.path.removeprefix("/api/v10"), body)
            self.calls.append(call)
            try:
                return await self._call(request, body, handler)
            except RefusedError as error:
                call.code = error.code
                shown = {"code": error.code, "message": error.message}
                return _render(shown, error.status)
            finally:
                self.changes.notify()

        return answer

    async def _call(self, request: web.Request, body: Any, handler: Handler) -> web.Response:
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            raise RefusedError(401, 0, "401: Unauthorized")
        is_slow = request.method != "GET" and "messages" in request.path.split("/")[-2:]
        if self.limited and is_slow:
            return _limit(self.limited.pop(0))
        shown = await handler(request, body)
        if shown is None:
            return web.Response(status=204)
        return _render(shown, 200)

    async def _show_me(self, _: web.Request, __: Any) -> object:
        return build_user(BOT)

    async def _show_app(self, _: web.Request, __: Any) -> object:
        app = {"id": BOT, "name": "docent", "icon": None, "description": "", "rpc_origins": []}
        flags = {"bot_public": False, "bot_require_code_grant": False, "flags": 0}
        return app | flags | {"summary": "", "verify_key": "", "owner": build_user(BOT)}

    async def _show_gateway(self, _: web.Request, __: Any) -> object:
        limit = {"total": 1_000, "remaining": self.session_starts, "reset_after": 14_400_000}
        return {
            "url": self.gateway.url,
            "shards": 1,
            "session_start_limit": limit | {"max_concurrency": 1},
        }

    async def _show_channel(self, request: web.Request, _: Any) -> object:
        return self._find_channel(request).render()

    async def _list_messages(self, request: web.Request, _: Any) -> object:
        place = self._find_channel(request)
        limit = int(request.query.get("limit", "50"))
        after, before = int(request.query.get("after", "0")), int(request.query.get("before", "0"))
        if not 1 <= limit <= 100 or (after and before):
            raise RefusedError(400, 50035, "Invalid Form Body")
        messages = sorted(place.messages.values(), key=lambda each: int(each["id"]))
        found = [
            each
            for each in messages
            if int(each["id"]) > after and (not before or int(each["id"]) < before)
        ]
        return (found[:limit] if after else found[-limit:])[::-1]

    async def _post(self, request: web.Request, body: Any) -> object:
        place = self._find_channel(request, writes=True)
        rules.check_message(body, fields=rules.SENT, is_new=True)
        referred = body.get("message_reference", {})
        reference = str(referred.get("message_id") or "")
        is_known = not reference or reference in place.messages
        if not is_known and referred.get("fail_if_not_exists", True):
            raise RefusedError(400, 50035, "Invalid Form Body: message_reference: Unknown message")
        nonce = str(body.get("nonce") or "")
        if body.get("enforce_nonce") and nonce in place.nonces:
            return place.messages[place.nonces[nonce]]
        more = {name: body[name] for name in ("components", "flags") if name in body}
        if reference:
            more["message_reference"] = {"message_id": reference, "channel_id": place.id}
            more["type"] = 19
        message = self.store.add(place.id, BOT, body["content"], **more)
        place.nonces[nonce] = message["id"]
        await self._dispatch_message("MESSAGE_CREATE", message)
        return message

    async def _edit(self, request: web.Request, body: Any) -> object:
        message = self._find_message(request)
        if message["author"]["id"] != BOT:
            raise RefusedError(403, 50005, "Cannot edit a message authored by another user")
        rules.check_message(body, fields=rules.EDITED, is_new=False)
        message |= {name: body[name] for name in ("content", "components") if name in body}
        await self._dispatch_message("MESSAGE_UPDATE", message)
        return message

    async def _delete(self, request: web.Request, _: Any) -> None:
        message = self._find_message(request)
        if message["author"]["id"] != BOT:
            raise RefusedError(403, 50013, "Missing Permissions")
        await self.remove(message)

    async def _show_message(self, request: web.Request, _: Any) -> object:
        return self._find_message(request)

    async def _react(self, request: web.Request, _: Any) -> None:
        self._find_channel(request, writes=True)
        message = self._find_message(request)
        message.setdefault("docent_reactions", []).append(request.match_info["emoji"])

    async def _type(self, request: web.Request, _: Any) -> None:
        self._find_channel(request, writes=True).typing += 1

    async def _open_thread(self, request: web.Request, body: Any) -> object:
        place = self._find_channel(request, writes=True)
        rules.check_thread(body)
        message = self._find_message(request)
        if message["id"] in self.store.channels:
            raise RefusedError(400, 160004, "A thread has already been created for this message")
        if place.type != TEXT or not self.takes_threads:
            raise RefusedError(400, 50024, "Cannot execute action on this channel type")
        thread = self.store.open_thread(place.id, body["name"], message["id"])
        await self.gateway.dispatch("THREAD_CREATE", thread.render() | {"newly_created": True})
        return thread.render()

    def _find_channel(self, request: web.Request, *, writes: bool = False) -> Channel:
        place = self.store.channels.get(request.match_info["channel"])
        if place is None:
            raise RefusedError(404, 10003, "Unknown Channel")
        if writes and place.id in self.forbidden:
            raise RefusedError(403, 50013, "Missing Permissions")
        if writes and place.is_locked:
            raise RefusedError(400, 160005, "Thread is locked")
        if writes and place.type == FORUM:
            raise RefusedError(400, 50008, "Cannot send messages in a non-text channel")
        return place

    def _find_message(self, request: web.Request) -> dict[str, Any]:
        place = self._find_channel(request)
        message = place.messages.get(request.match_info["message"])
        if message is None:
            raise RefusedError(404, 10008, "Unknown Message")
        if place.is_archived and request.method == "PATCH":
            raise RefusedError(400, 50083, "Thread is archived")
        return message

    async def _dispatch_message(self, name: str, message: dict[str, Any]) -> None:
        place = self.store.channels[message["channel_id"]]
        event = message | self._name_guild(place)
        if place.type != DIRECT:
            event["member"] = build_member(message["author"]["id"])
        event["channel_type"] = place.type
        await self.gateway.dispatch(name, event)
        self.changes.notify()

    def _name_guild(self, place: Channel) -> dict[str, str]:
        return {"guild_id": place.guild} if place.type in {TEXT, PUBLIC_THREAD} else {}


def _limit(seconds: float) -> web.Response:
    """A 429 as Discord sends it; without Via the client takes it for a ban."""
    headers = {
        "Via": "1.1 google",
        "Retry-After": str(seconds),
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": str(seconds),
        "X-RateLimit-Bucket": "messages",
        "X-RateLimit-Scope": "user",
    }
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}
    return _render(body, 429, headers)


def _render(shown: object, status: int, headers: dict[str, str] | None = None) -> web.Response:
    response = web.json_response(shown, status=status, headers=headers)
    response.headers["Content-Type"] = JSON
    return response

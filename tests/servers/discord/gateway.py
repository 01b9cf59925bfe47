"""The local gateway: hello, identify, heartbeat, resume, and events with their numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.discord.store import BOT, GUILD, OTHER_GUILD, Store, build_user
from tests.servers.waiting import Changes

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, INVALID, HELLO, HEARTBEAT_ACK = 0, 1, 2, 6, 9, 10, 11
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
CONTENT = 1 << 15


@dataclass
class Session:
    """A session, with all events it was sent, and its connection if it has one."""

    id: str
    intents: int
    socket: web.WebSocketResponse | None
    events: list[dict[str, Any]] = field(default_factory=list)


class Gateway:
    """Takes the connections of the client; events reach every session that is open."""

    def __init__(self, store: Store, changes: Changes, token: str) -> None:
        self._store = store
        self._changes = changes
        self._token = token
        self.url = ""
        self.sessions: list[Session] = []
        self.resumed = 0
        self.heartbeats = 0
        self.allowed_intents = 0
        self.close_code = 0
        """Close each identify with this code."""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": 41_250}})
        session: Session | None = None
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            payload = frame.json()
            if payload["op"] == HEARTBEAT:
                self.heartbeats += 1
                await socket.send_json({"op": HEARTBEAT_ACK})
            elif session is not None:
                await socket.close(code=4005)
            elif payload["op"] == IDENTIFY:
                session = await self._identify(socket, payload["d"])
            elif payload["op"] == RESUME:
                session = await self._resume(socket, payload["d"])
            else:
                await socket.close(code=4003)
            self._changes.notify()
        if session is not None and session.socket is socket:
            session.socket = None
        self._changes.notify()
        return socket

    async def _identify(
        self, socket: web.WebSocketResponse, data: Mapping[str, Any]
    ) -> Session | None:
        session = Session(f"session-{len(self.sessions)}", data["intents"], socket)
        self.sessions.append(session)
        code = self.close_code
        if data["token"] != self._token:
            code = 4004
        elif data["intents"] & PRIVILEGED & ~self.allowed_intents:
            code = 4014
        if code:
            await socket.close(code=code)
            return None
        ready = {
            "v": 10,
            "user": build_user(BOT),
            "guilds": [{"id": each, "unavailable": True} for each in (GUILD, OTHER_GUILD)],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": BOT, "flags": 0},
        }
        await self._send(session, "READY", ready)
        for guild in (GUILD, OTHER_GUILD):
            await self._send(session, "GUILD_CREATE", self._store.render_guild(guild))
        return session

    async def _resume(
        self, socket: web.WebSocketResponse, data: Mapping[str, Any]
    ) -> Session | None:
        found = [each for each in self.sessions if each.id == data["session_id"]]
        if not found or data["token"] != self._token:
            await socket.send_json({"op": INVALID, "d": False})
            return None
        self.resumed += 1
        found[0].socket = socket
        for event in [each for each in found[0].events if each["s"] > data["seq"]]:
            await socket.send_json(event)
        await self._send(found[0], "RESUMED", {})
        return found[0]

    async def dispatch(self, name: str, data: Mapping[str, Any]) -> None:
        """Send an event to every session; one that is away gets it when it resumes."""
        for session in self.sessions:
            await self._send(session, name, self._hide_content(session, name, data))

    async def _send(self, session: Session, name: str, data: Mapping[str, Any]) -> None:
        event = {"op": DISPATCH, "t": name, "s": len(session.events) + 1, "d": data}
        session.events.append(event)
        if session.socket is not None and not session.socket.closed:
            await session.socket.send_json(event)

    def _hide_content(
        self, session: Session, name: str, data: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Hide the content that only the privileged intent shows."""
        if not name.startswith("MESSAGE_") or "content" not in data or session.intents & CONTENT:
            return data
        is_shown = (
            "guild_id" not in data
            or data["author"]["id"] == BOT
            or any(each["id"] == BOT for each in data["mentions"])
        )
        return data if is_shown else {**data, "content": "", "embeds": [], "attachments": []}

    @property
    def is_connected(self) -> bool:
        """True if a session has its connection and was told of the servers."""
        return any(each.socket is not None and len(each.events) >= 3 for each in self.sessions)

    async def drop(self, code: int = 4000) -> None:
        """Close all connections; their sessions can be resumed."""
        sockets = [each.socket for each in self.sessions if each.socket is not None]
        for session in self.sessions:
            session.socket = None
        await asyncio.gather(*(each.close(code=code) for each in sockets))

"""The port for programs: it asks for a proof, counts calls, and hands them to `/mcp` or `/v1`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from bot.api.routes import Api
from bot.app_parts import AppParts
from bot.calls.library import ServedLibrary
from bot.door.proofs import Call, Proofs, SlackAdmission
from bot.door.rules import DoorRules
from bot.door.slots import CallSlots
from bot.http_server import HttpLimits, HttpServer, RefusedError
from bot.mcp.http import McpEndpoint
from bot.settings import BotSettings
from bot.slack.manifest import MCP_PATH
from rag_core.errors import SettingsError

Use = Callable[[web.BaseRequest, Call], Awaitable[web.StreamResponse]]
"""Answers a request whose caller is known."""

_SAID = {
    HTTPStatus.UNAUTHORIZED: "docent needs a bearer token of DOCENT_MCP_TOKENS in the header "
    "Authorization.",
    HTTPStatus.MISDIRECTED_REQUEST: "This host name is not one of DOCENT_MCP_HOSTS.",
    HTTPStatus.FORBIDDEN: "A page of another site can't call docent.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too long: docent reads 1 MiB.",
    HTTPStatus.REQUEST_TIMEOUT: "The body came too slowly.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many of your calls are open: wait for one of them.",
}
_JSONRPC_REFUSED = -32_600


class DoorApp:
    """The port for programs: open between `open` and `close`."""

    def __init__(
        self,
        rules: DoorRules,
        endpoint: McpEndpoint,
        api: Api,
        admission: SlackAdmission | None,
        *,
        limits: HttpLimits | None = None,
    ) -> None:
        """Take what is served.

        Args:
            rules: address, names and tokens.
            endpoint: answers `/mcp`.
            api: answers `/v1`.
            admission: asked about people of Slack; None without Slack.
            limits: for addresses and requests.
        """
        limits = limits or HttpLimits()
        self._rules = rules
        self._endpoint = endpoint
        self._proofs = Proofs(rules, admission, limits=limits)
        self._slots = CallSlots(rules.calls)
        uses: dict[tuple[str, str], Use] = {("POST", MCP_PATH): endpoint.handle, **api.uses}
        self._server = HttpServer(
            {route: self._restrict(use) for route, use in uses.items()}, limits=limits, cancels=True
        )

    async def open(self) -> None:
        """Listen on the port.

        Raises:
            SettingsError: the port is taken or not allowed.
        """
        await self._endpoint.start()
        host, port = self._rules.host, self._rules.port
        try:
            await self._server.open(host, port)
        except OSError as error:
            await self._endpoint.close()
            raise SettingsError(
                f"Nothing can be served on DOCENT_MCP_PORT={port} of DOCENT_MCP_HOST={host}: "
                f"{error.strerror}."
            ) from error

    async def close(self) -> None:
        """Accept no more calls; those that are open go on."""
        await self._server.stop_listening()

    async def end(self) -> None:
        """End the calls that are still open."""
        await self._server.close()
        await self._endpoint.close()

    def _restrict(self, use: Use) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        """Build a handler that first finds out who calls."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            try:
                call = await self._proofs.identify(request)
                with self._slots.hold(call.caller):
                    return await use(request, call)
            except RefusedError as refusal:
                if not refusal.json_text:
                    refusal.json_text = _render_refusal(refusal.status, request.path)
                raise

        return handle


def open_door(
    settings: BotSettings,
    port: int,
    parts: AppParts,
    library: ServedLibrary,
    admission: SlackAdmission | None,
) -> DoorApp:
    """Build the port for programs.

    Args:
        settings: names and tokens.
        port: the port.
        parts: the parts of the bot.
        library: answers programs.
        admission: asked about people of Slack; None without Slack.

    Returns:
        The port; it is not open yet.

    Raises:
        SettingsError: the settings are not valid, or strangers could call without a proof.
    """
    rules = DoorRules.build(settings, port)
    return DoorApp(rules, McpEndpoint(library), Api(library, parts.database), admission)


def _render_refusal(status: HTTPStatus, path: str) -> str:
    said = _SAID.get(status, f"{status.phrase}.")
    if path == MCP_PATH:
        error = {"code": _JSONRPC_REFUSED, "message": said}
        return json.dumps({"jsonrpc": "2.0", "id": None, "error": error})
    return json.dumps({"error": {"kind": status.name.lower(), "message": said}})

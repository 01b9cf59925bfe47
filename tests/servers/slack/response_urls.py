"""`response_url`: five messages within thirty minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.slack.events import unique
from tests.servers.slack.limits import check_content, well_formed
from tests.servers.slack.store import BOT, BOT_USER, Message, SlackError

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

MOST_USES = 5
SECONDS = 30 * 60
FIELDS = {
    "text",
    "blocks",
    "attachments",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
    "metadata",
}


@dataclass
class _Url:
    channel: str
    user: str
    original: Message | None
    made: float
    uses: int = 0


class ResponseUrls:
    """Gives out response URLs and turns what is posted to them into messages."""

    def __init__(self, slack: SlackServer) -> None:
        self._slack = slack
        self._urls: dict[str, _Url] = {}
        self.unconfirmed = 0  # so many posts are taken, then the connection is cut
        self.refusal = (0, "")  # a status and a code, for all URLs; 0 for none

    def new(self, channel: str, user: str, original: Message | None = None) -> str:
        """A URL for a command, or for an action on a message."""
        name = unique("R")
        self._urls[name] = _Url(channel, user, original, self._slack.clock())
        return self._slack.url(f"response/{name}")

    async def handle(self, request: web.Request) -> web.Response:
        """A POST to one of the URLs."""
        status, code = self.refusal
        if status:
            return web.json_response({"ok": False, "error": code}, status=status)
        try:
            self._use(self._urls.get(request.match_info["name"]), await request.json() or {})
        except SlackError as error:
            if error.fault:
                self._slack.report("response_url", str(error))
            return web.json_response({"ok": False, "error": error.code}, status=404)
        self._slack.changes.notify()
        if self.unconfirmed and request.transport:
            self.unconfirmed -= 1
            request.transport.abort()
        return web.Response(text="ok")

    def _use(self, url: _Url | None, body: dict[str, Any]) -> None:
        if url is None:
            raise SlackError("expired_url", "no such response_url")
        if self._slack.clock() - url.made > SECONDS:
            raise SlackError("expired_url", "older than 30 minutes")
        if url.uses >= MOST_USES:
            raise SlackError("used_url", f"used more than {MOST_USES} times")
        url.uses += 1
        self.respond(body, channel=url.channel, user=url.user, original=url.original)

    def respond(
        self, body: dict[str, Any], *, channel: str, user: str, original: Message | None = None
    ) -> None:
        """Turn a response body, posted or sent with an ack, into a message.

        Raises:
            SlackError: the body is not one that Slack takes.
        """
        if unknown := set(body) - FIELDS:
            raise SlackError("invalid_arguments", f"unknown {sorted(unknown)}")
        store = self._slack.store
        if original and body.get("delete_original"):
            store.all.pop((original.channel, original.ts), None)
            return
        with well_formed():
            check_content(body)
        self._slack.store.check_kinds(body.get("blocks", []))
        if original and body.get("replace_original"):
            original.text, original.blocks = body.get("text", ""), body.get("blocks", [])
            return
        in_channel = body.get("response_type") == "in_channel"
        message = Message(
            channel=channel,
            ts=store.new_ts(),
            user=BOT_USER,
            bot_id=BOT,
            text=body.get("text", ""),
            blocks=body.get("blocks", []),
            thread_ts=body.get("thread_ts"),
            visible_to=None if in_channel else user,
        )
        store.add(message)

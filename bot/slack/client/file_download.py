"""File download: the content of a shared file, only from Slack's own hosts."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.api_errors import SLACK_FAILURES

DOWNLOAD_SECONDS = 15.0
"""Longest time for a file, its redirects included; the files of a question come at once."""

MAX_REDIRECTS = 3

_FILE_HOSTS = frozenset({"files.slack.com", "files.slack-gov.com"})
_PIECE = 64 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Download:
    """The beginning and the end of a file.

    Attributes:
        head: the first bytes; all of them if `tail` is empty and nothing was left out.
        tail: the last bytes, if the file is longer than `head`.
        omitted: number of bytes between the two, or after `head` where the end was not reached.
    """

    head: bytes
    tail: bytes = b""
    omitted: int = 0


class FileDownloads:
    """Downloads files with the bot's token, which no other host gets to see."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def download(self, url: str, *, head: int, tail: int, limit: int) -> Download | None:
        """Download the beginning and the end of a file.

        Args:
            url: the private URL.
            head: most bytes of the beginning.
            tail: most bytes of the end.
            limit: most bytes to read at all; the end of a longer file is not reached.

        Returns:
            The file; None if the URL is not Slack's or the file can't be read.
        """
        try:
            async with (
                asyncio.timeout(DOWNLOAD_SECONDS),
                _open_session(self._client) as session,
            ):
                return await self._fetch(session, url, head, tail, limit)
        except (*SLACK_FAILURES, ValueError) as error:  # a redirect may lead to no URL at all
            logger.warning("A file could not be downloaded: %s", str(error) or repr(error))
            return None

    async def _fetch(
        self, session: aiohttp.ClientSession, url: str, head: int, tail: int, limit: int
    ) -> Download | None:
        """Follow redirects among Slack's file hosts, and read the file."""
        for _ in range(MAX_REDIRECTS + 1):
            if not self._is_trusted(url):
                logger.warning("A file is not on one of Slack's hosts for files.")
                return None
            headers = {"Authorization": f"Bearer {self._client.token}"}
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status in {301, 302, 303, 307, 308}:
                    url = urljoin(url, response.headers.get("Location", ""))
                    continue
                if response.status != 200 or _is_login_page(response, url):
                    logger.warning(
                        "Slack refused a file (HTTP %d); the scope files:read may be missing.",
                        response.status,
                    )
                    return None
                return await _read_ends(response.content, head, tail, limit)
        return None

    def _is_trusted(self, url: str) -> bool:
        """Return whether a URL is Slack's, so that it gets the token."""
        api = urlsplit(self._client.base_url)
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if (parts.scheme, parts.netloc) == (api.scheme, api.netloc):
            return True
        return parts.scheme == "https" and parts.netloc.lower() in _FILE_HOSTS


def _open_session(client: AsyncWebClient) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(trust_env=client.trust_env_in_session)


def _is_login_page(response: aiohttp.ClientResponse, url: str) -> bool:
    """Return whether Slack sent a page instead of the file.

    It serves files as downloads.
    """
    is_page = response.content_type == "text/html"
    is_page_wanted = urlsplit(url).path.lower().endswith((".html", ".htm"))
    return is_page and not is_page_wanted and "Content-Disposition" not in response.headers


async def _read_ends(content: aiohttp.StreamReader, head: int, tail: int, limit: int) -> Download:
    beginning, end, total = bytearray(), bytearray(), 0
    async for piece in content.iter_chunked(_PIECE):
        total += len(piece)
        room = max(0, head - len(beginning))
        beginning += piece[:room]
        end += piece[room:]
        del end[:-tail]
        if total >= limit:
            return Download(bytes(beginning), b"", total - len(beginning))
    return Download(bytes(beginning), bytes(end), total - len(beginning) - len(end))

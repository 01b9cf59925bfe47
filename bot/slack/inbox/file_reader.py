"""File reader: text files and pictures that a message shares; others are only named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.conversation.protocols import FileContents
from bot.slack.client.file_download import FileDownloads
from bot.slack.content.text_files import FileText, decode_ends, is_likely_text, render_file
from bot.types import SharedFile
from rag_core.types import Image

MAX_TEXT_BYTES = 100 * 1024
"""A longer text is read without its middle."""

MAX_READ_BYTES = 20 * 1024 * 1024
"""Most bytes of a text that are downloaded to find its end."""

MAX_IMAGE_BYTES = 5 * 1024 * 1024
MAX_TEXTS = 5
MAX_IMAGES = 4

_IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class SlackFileReader:
    """Reads shared files from Slack, within limits."""

    def __init__(self, downloads: FileDownloads, *, reads_images: bool) -> None:
        """Download pictures only if `reads_images`; else they have no content."""
        self._downloads = downloads
        self._reads_images = reads_images

    async def read(self, files: Sequence[SharedFile]) -> FileContents:
        """Return the contents of files; name those that can't be read."""
        images = [file for file in files if file.media_type.startswith("image/")]
        others = [file for file in files if file not in images]
        readable = [file for file in others if is_likely_text(file)][:MAX_TEXTS]
        pictures, found = await asyncio.gather(
            asyncio.gather(*map(self._read_image, images[:MAX_IMAGES])),
            asyncio.gather(*map(self._read_text, readable)),
        )
        seen = {file.id for file, picture in zip(images, pictures, strict=False) if picture}
        texts = {file.id: text for file, text in zip(readable, found, strict=True) if text}
        is_read = texts.keys() | seen
        return FileContents(
            material="\n\n".join(render_file(file, texts.get(file.id)) for file in others),
            images=tuple(picture for picture in pictures if picture),
            unread=tuple(file.name for file in files if file.id not in is_read),
            shortened=tuple(
                file.name for file in readable if file.id in texts and texts[file.id].is_shortened
            ),
        )

    async def _read_text(self, file: SharedFile) -> FileText | None:
        """Return a file's text; None if unreadable or binary."""
        download = await self._downloads.download(
            file.url, head=MAX_TEXT_BYTES, tail=MAX_TEXT_BYTES // 2, limit=MAX_READ_BYTES
        )
        if download is None:
            return None
        head, tail = download.head, download.tail
        if download.omitted or tail:
            head = head[: MAX_TEXT_BYTES // 2]
        return decode_ends(head, tail, omitted=len(download.head) - len(head) + download.omitted)

    async def _read_image(self, file: SharedFile) -> Image | None:
        """Return a picture; None if unreadable or too large.

        Where the LLM takes none, it has no content, and the answer says that it was not seen.
        """
        if not self._reads_images:
            return Image(file.media_type, b"")
        if file.media_type not in _IMAGE_TYPES or file.size > MAX_IMAGE_BYTES or not file.url:
            return None
        download = await self._downloads.download(
            file.url, head=MAX_IMAGE_BYTES, tail=1, limit=MAX_IMAGE_BYTES + 1
        )
        if download is None or download.tail or download.omitted or not download.head:
            return None
        return Image(file.media_type, download.head)

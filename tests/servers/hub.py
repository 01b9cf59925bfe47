"""A stand-in for the Hugging Face hub: one repository at one revision, over plain HTTP.

From huggingface.co/docs/hub/api and the requests of the package huggingface_hub: a repository's
files, and HEAD and GET of each.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from typing import Self

from aiohttp import web

from tests.servers.loopback import Loopback

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves the files of `repository`; runs in a thread of its own.

    Attributes:
        files: contents by name.
        downloads: names of the files that were sent, in order.
        latest: the revision of the branch `main`; one that is asked for by its hash is that one.
    """

    def __init__(self, repository: str, files: dict[str, bytes]) -> None:
        self.repository = repository
        self.files = files
        self.downloads: list[str] = []
        self.latest = REVISION
        self._loop = asyncio.new_event_loop()
        app = web.Application()
        app.router.add_get(f"/api/models/{repository}/revision/{{revision}}", self._info)
        app.router.add_get(f"/api/models/{repository}/tree/{{revision}}", self._tree)
        app.router.add_get(f"/{repository}/resolve/{{revision}}/{{name:.+}}", self._file)
        self._loopback = Loopback(app)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._loopback.start(), self._loop).result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._loopback.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        """Value of `HF_ENDPOINT`."""
        return f"http://127.0.0.1:{self._loopback.port}"

    async def _info(self, request: web.Request) -> web.Response:
        names = [{"rfilename": name} for name in self.files]
        sha = self._find_revision(request)
        return web.json_response({"id": self.repository, "sha": sha, "siblings": names})

    async def _tree(self, _: web.Request) -> web.Response:
        return web.json_response(
            [
                {"type": "file", "path": name, "size": len(content), "oid": _hash(content)}
                for name, content in self.files.items()
            ]
        )

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        content = self.files.get(name)
        if content is None:
            headers = {"X-Error-Code": "EntryNotFound"}
            return web.Response(status=404, headers=headers)
        if request.method == "GET":
            self.downloads.append(name)
        headers = {"ETag": f'"{_hash(content)}"', "X-Repo-Commit": self._find_revision(request)}
        return web.Response(body=content, headers=headers)

    def _find_revision(self, request: web.Request) -> str:
        asked = request.match_info["revision"]
        return self.latest if asked == "main" else asked


def _hash(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()

"""The program `git`, run without prompts, hooks or secrets on its command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from ingest.errors import (
    DownloadError,
    SourceAccessError,
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
    ToolMissingError,
)
from ingest.sources.address.git_uri import GitUri
from ingest.sources.http.client import Deadline
from ingest.sources.http.credentials import build_basic_auth, read_token
from ingest.sources.http.download import Downloads
from ingest.sources.source import Source

_LOOK_SECONDS = 0.2
_LOCAL_SECONDS = 600.0
# What a surrounding git may have left, and what would make this one ask or run something.
_DROPPED = re.compile(r"GIT_(?!SSH|SSL|PROXY|HTTP|EXEC_PATH)|SSH_ASKPASS|SUDO_ASKPASS")
_TOKEN_USER = "x-access-token"  # noqa: S105  (GitHub's; GitLab and Gitea take any)
_NO_ACCESS = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|"
    r"returned error: 40[13]|host key verification failed",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"repository .*not found|does not appear to be a git repository|returned error: 404|"
    r"couldn't find remote ref|not our ref|does not exist|no such remote ref",
    re.IGNORECASE,
)
_REDIRECT = re.compile(r"redirect|returned error: 30\d", re.IGNORECASE)


class GitCommand:
    """Runs git for one source in its mirror.

    Args:
        source: whose token is sent.
        uri: the same, taken apart.
        folder: the bare repository.
        downloads: limits of time and size, and the clock.
        watch: told how many bytes lie in the repository while a fetch runs.
    """

    def __init__(
        self,
        source: Source,
        uri: GitUri,
        folder: Path,
        downloads: Downloads,
        watch: Callable[[int], None],
    ) -> None:
        self._source = source
        self._folder = folder
        self._limits = downloads.limits
        self._clock = downloads.network.clock
        self._watch = watch
        self._environment = _build_environment(source, uri)

    def read_line(self, *arguments: str) -> str:
        """The one line that a command prints."""
        return self.run(*arguments).decode().strip()

    def is_successful(self, *arguments: str) -> bool:
        """Whether a local command says yes."""
        return self._execute(arguments, b"", remote=False)[0] == 0

    def run(self, *arguments: str, data: bytes = b"", remote: bool = False) -> bytes:
        """What a command prints.

        Raises:
            SourceError: git says no.
            ToolMissingError: it is not installed.
        """
        code, printed, said = self._execute(arguments, data, remote=remote)
        if code and remote:
            raise _build_error(self._source, said)
        if code:
            raise self.build_damage_error()
        return printed

    def build_damage_error(self) -> SourceFormatError:
        """What is kept of the repository can't be read; the caller deletes it."""
        return SourceFormatError(
            f"The copy of {self._source.redacted_uri} was damaged and is deleted: sync again."
        )

    def _execute(
        self, arguments: tuple[str, ...], data: bytes, *, remote: bool
    ) -> tuple[int, bytes, str]:
        """Exit code, output and complaints; both go through files, which never fill up."""
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as complaints,
        ):
            given.write(data)
            given.seek(0)
            command = ["git", f"--git-dir={self._folder}", *arguments]
            with self._start_process(command, given, out, complaints) as process:
                self._wait(process, remote=remote)
            out.seek(0)
            complaints.seek(0)
            said = complaints.read(20_000).decode(errors="replace")
            return process.returncode, out.read(), said

    @contextmanager
    def _start_process(
        self, command: list[str], given: BinaryIO, out: BinaryIO, complaints: BinaryIO
    ) -> Iterator[subprocess.Popen[bytes]]:
        try:
            # A group of its own: git starts helpers, which must end with it.
            process = subprocess.Popen(  # noqa: S603  (no shell; arguments are checked)
                command,
                stdin=given,
                stdout=out,
                stderr=complaints,
                env=self._environment,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise ToolMissingError(
                f"{self._source.redacted_uri} is read with the program git, which is not "
                "installed: install the package `git`."
            ) from error
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _wait(self, process: subprocess.Popen[bytes], *, remote: bool) -> None:
        seconds = self._limits.seconds if remote else _LOCAL_SECONDS
        deadline = Deadline(self._source, seconds, self._clock)
        while True:
            try:
                process.wait(timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                deadline.check()
                self._check_size()
            else:
                if remote:
                    self._check_size()
                return

    def _check_size(self) -> None:
        size = sum(_get_size(file) for file in (self._folder / "objects").rglob("*"))
        self._watch(size)
        if size > self._limits.bytes:
            raise SourceRefusedError(
                f"{self._source.redacted_uri} is over {self._limits.bytes / 2**20:,.0f} MiB: raise "
                "DOCENT_DOWNLOAD_MAX_MB if this size is expected."
            )


def _build_environment(source: Source, uri: GitUri) -> dict[str, str]:
    """Where git can't ask, runs nothing of its own accord, and takes the token from."""
    kept = {name: value for name, value in os.environ.items() if not _DROPPED.match(name)}
    config = {
        "remote.origin.url": uri.url,
        # Objects may be missing: the rest of a partial clone.
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "core.hooksPath": os.devnull,
        "core.askPass": "",
        "gc.auto": "0",
        "maintenance.auto": "false",
        "protocol.version": "2",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": "60",
        "http.followRedirects": "true" if source.allow_private else "false",
        **_build_login_config(source, uri),
    }
    numbered = {f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(config)}
    numbered |= {f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(config.values())}
    return (
        kept
        | numbered
        | {
            "GIT_CONFIG_COUNT": str(len(config)),
            "GIT_ALLOW_PROTOCOL": uri.scheme,
            "GIT_ASKPASS": "",
            "GIT_TERMINAL_PROMPT": "0",
            "GCM_INTERACTIVE": "never",
            "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
            "LC_ALL": "C",
        }
    )


def _build_login_config(source: Source, uri: GitUri) -> dict[str, str]:
    """The token as a header for this host alone; as an argument, everybody could read it."""
    login = uri.login
    if source.token_env and uri.scheme in {"https", "http"}:
        token = read_token(source)
        login = token if ":" in token else f"{_TOKEN_USER}:{token}"
    if not login:
        return {}
    parts = urlsplit(uri.url)
    host = f"{parts.scheme}://{parts.netloc}/"
    return {f"http.{host}.extraHeader": f"Authorization: {build_basic_auth(login)}"}


def _build_error(source: Source, said: str) -> SourceError:
    shown = source.redacted_uri
    if _NO_ACCESS.search(said):
        return SourceAccessError(
            f"{shown} needs another login: check its `token_env` and who may read it."
        )
    if _NOTHING.search(said):
        return SourceNotFoundError(f"There is no such repository, branch or tag: {shown}.")
    if _REDIRECT.search(said):
        return SourceRefusedError(
            f"{shown} leads to another address: name that one, or set `allow_private`."
        )
    lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:"))]
    reason = lines[0].partition(":")[2].strip() if lines else "git says no more"
    return DownloadError(
        f"{shown} can't be fetched: {reason.rstrip('.')}; check the address and the network."
    )


def _get_size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # git renames what it has finished

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
from ingest.sources.archive.reader import MAX_TOTAL_BYTES
from ingest.sources.git.environment import build_environment
from ingest.sources.http.client import Deadline
from ingest.sources.http.download import Downloads
from ingest.sources.source import Source

MAX_FILES = 500_000
"""Most files of a repository: a tree that names itself twice, twenty times, has a million."""

MAX_OUTPUT_BYTES = MAX_TOTAL_BYTES + 64 * 2**20
"""Most bytes that git prints: all files that are read, and their headers."""

MAX_LIST_BYTES = 128 * 2**20
"""Most bytes of a list of files."""

_POLL_SECONDS = 0.2
_LOCAL_SECONDS = 600.0
_NO_ACCESS = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|"
    r"returned error: 40[13]|host key verification failed",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"repository .*not found|does not appear to be a git repository|returned error: 404|"
    r"couldn't find remote ref|not our ref|does not exist|no such remote ref",
    re.IGNORECASE,
)
_REDIRECT = re.compile(r"redirect|returned error: 30\d", re.IGNORECASE)


class GitCommand:
    """Runs git for one source in its mirror.

    Args:
        source: the source, whose token is sent.
        uri: the source's address, parsed.
        folder: path of the bare repository.
        downloads: limits of time and size, and the clock.
        report_size: called with the repository's size in bytes while git runs.
    """

    def __init__(
        self,
        source: Source,
        uri: GitUri,
        folder: Path,
        downloads: Downloads,
        report_size: Callable[[int], None],
    ) -> None:
        self._source = source
        self._folder = folder
        self._limits = downloads.limits
        self._clock = downloads.network.clock
        self._report_size = report_size
        self._environment = build_environment(source, uri, downloads.network.resolve)

    def read_line(self, *arguments: str) -> str:
        """Run a command and return the one line that it prints."""
        return self.run(*arguments).decode().strip()

    def is_successful(self, *arguments: str) -> bool:
        """Return whether a local command succeeds."""
        return self._execute(arguments, b"", remote=False)[0] == 0

    def run(self, *arguments: str, data: bytes = b"", remote: bool = False) -> bytes:
        """Run a command and return its output.

        Args:
            arguments: the arguments of git.
            data: bytes for the command's standard input.
            remote: whether the command talks to the server.

        Returns:
            the command's standard output.

        Raises:
            SourceError: git fails.
            ToolMissingError: git is not installed.
        """
        code, output, messages = self._execute(arguments, data, remote=remote)
        if code and remote:
            raise _build_error(self._source, messages)
        if code:
            raise self.build_damage_error()
        return output

    def build_damage_error(self) -> SourceFormatError:
        """Return the error of a mirror that can't be read.

        The caller deletes the mirror.
        """
        return SourceFormatError(
            f"The copy of {self._source.redacted_uri} was damaged, so docent deleted it: sync "
            "again."
        )

    def _execute(
        self, arguments: tuple[str, ...], data: bytes, *, remote: bool
    ) -> tuple[int, bytes, str]:
        """Run git and return exit code, output and messages.

        All three streams are files: unlike pipes, they never fill up.
        """
        with (
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as stdout,
            tempfile.TemporaryFile() as stderr,
        ):
            stdin.write(data)
            stdin.seek(0)
            command = ["git", f"--git-dir={self._folder}", *arguments]
            with self._start_process(command, stdin, stdout, stderr) as process:
                is_content = "--batch=%(objectsize)" in arguments
                self._wait(process, stdout, remote=remote, is_content=is_content)
            stdout.seek(0)
            stderr.seek(0)
            messages = stderr.read(20_000).decode(errors="replace")
            return process.returncode, stdout.read(), messages

    @contextmanager
    def _start_process(
        self, command: list[str], stdin: BinaryIO, stdout: BinaryIO, stderr: BinaryIO
    ) -> Iterator[subprocess.Popen[bytes]]:
        try:
            # In a group of its own: the helpers that git starts must end with it.
            process = subprocess.Popen(  # noqa: S603  (no shell; arguments are checked)
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
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
                _end_group(process)
                process.wait()

    def _wait(
        self,
        process: subprocess.Popen[bytes],
        output: BinaryIO,
        *,
        remote: bool,
        is_content: bool,
    ) -> None:
        seconds = self._limits.seconds if remote else _LOCAL_SECONDS
        deadline = Deadline(self._source, seconds, self._clock)
        while True:
            try:
                process.wait(timeout=_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                deadline.check()
                self._check_output(output, is_content=is_content)
                self._check_size()
            else:
                self._check_output(output, is_content=is_content)
                if remote:
                    self._check_size()
                return

    def _check_output(self, output: BinaryIO, *, is_content: bool) -> None:
        """Stop git while it lists a tree that names itself many times."""
        limit = MAX_OUTPUT_BYTES if is_content else MAX_LIST_BYTES
        if os.fstat(output.fileno()).st_size > limit:
            raise build_count_error(self._source)

    def _check_size(self) -> None:
        size = sum(_get_size(file) for file in (self._folder / "objects").rglob("*"))
        self._report_size(size)
        if size > self._limits.bytes:
            raise SourceRefusedError(
                f"{self._source.redacted_uri} is over {self._limits.bytes / 2**20:,.0f} MiB: raise "
                "DOCENT_DOWNLOAD_MAX_MB if this size is expected."
            )


def build_count_error(source: Source) -> SourceRefusedError:
    """Return the error of a repository with more files than docent reads."""
    return SourceRefusedError(f"{source.name} is refused: it holds more than {MAX_FILES:,} files.")


def _build_error(source: Source, messages: str) -> SourceError:
    redacted = source.redacted_uri
    if _NO_ACCESS.search(messages):
        return SourceAccessError(
            f"{redacted} needs another login: check its `token_env` and who may read it."
        )
    if _NOT_FOUND.search(messages):
        return SourceNotFoundError(f"There is no such repository, branch or tag: {redacted}.")
    if _REDIRECT.search(messages):
        return SourceRefusedError(
            f"{redacted} leads to another address, and git follows no redirect: name that one."
        )
    lines = [line for line in messages.splitlines() if line.startswith(("fatal:", "error:"))]
    reason = lines[0].partition(":")[2].strip() if lines else "git says no more"
    return DownloadError(
        f"{redacted} can't be fetched: {reason.rstrip('.')}; check the address and the network."
    )


def _get_size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # git has renamed a finished file meanwhile


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its helpers; on Windows, the process alone."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()

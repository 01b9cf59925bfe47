from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from ingest.errors import DownloadError, SourceRefusedError
from ingest.formats import is_wanted
from ingest.sources import Source, read_source
from ingest.sources.address.git_uri import parse_git_uri
from ingest.sources.git.environment import build_environment

SECRETS = [
    *("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    *("DOCENT_STATE_URL", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "MILVUS_TOKEN", "PGPASSWORD"),
    *("GIT_ASKPASS", "SSH_ASKPASS", "GIT_TRACE_CURL", "GIT_CONFIG_PARAMETERS", "GIT_DIR"),
    *("GIT_PROXY_COMMAND", "GIT_EXTERNAL_DIFF", "LD_PRELOAD", "PYTHONPATH", "BASH_ENV"),
]
NEEDED = {
    "HOME": "/home/docent",
    "SSH_AUTH_SOCK": "/run/agent",
    "https_proxy": "http://proxy.example:3128",
    "NO_PROXY": "docs.example",
    "GIT_SSH_COMMAND": "ssh -i key",
    "GIT_SSL_CAINFO": "/etc/ca.pem",
    "SSL_CERT_FILE": "/etc/ca.pem",
}


def build(uri: str, *addresses: str, **options: object) -> dict[str, str]:
    source = Source("docs", uri, **options)  # type: ignore[arg-type]

    def resolve(host: str, port: int) -> tuple[str, ...]:
        if not addresses:
            raise OSError(f"no {host}:{port}")
        return addresses

    return build_environment(source, parse_git_uri(uri), resolve)


def read_config(environment: dict[str, str]) -> dict[str, str]:
    return {
        environment[f"GIT_CONFIG_KEY_{n}"]: environment[f"GIT_CONFIG_VALUE_{n}"]
        for n in range(int(environment["GIT_CONFIG_COUNT"]))
    }


def test_git_gets_what_it_needs_and_no_secret(downloads, tmp_path: Path, monkeypatch):
    for name in SECRETS:
        monkeypatch.setenv(name, "canary")
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    seen = tmp_path / "seen.json"
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"open({str(seen)!r}, 'w').write(json.dumps([dict(os.environ), sys.argv]))\nsys.exit(1)\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCS_TOKEN", "t0ken")
    source = Source("docs", "git+http://127.0.0.1:1/docs.git", token_env="DOCS_TOKEN")
    with pytest.raises(Exception, match="damaged"):
        read_source(source, downloads, is_wanted=is_wanted)
    environment, arguments = json.loads(seen.read_text())
    assert "canary" not in set(environment.values())
    assert "t0ken" not in str(arguments)
    assert "DOCS_TOKEN" not in environment
    assert {name: environment.get(name) for name in NEEDED} == NEEDED


def test_a_program_in_place_of_ssh_is_kept(monkeypatch):
    monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
    uri = "git+ssh://docs.example/x.git"
    assert "BatchMode=yes" in build(uri, "8.8.8.8")["GIT_SSH_COMMAND"]
    monkeypatch.setenv("GIT_SSH", "/usr/bin/plink")
    environment = build(uri, "8.8.8.8")
    assert environment["GIT_SSH"] == "/usr/bin/plink"
    assert "GIT_SSH_COMMAND" not in environment  # which would go before it
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i key")
    assert build(uri, "8.8.8.8")["GIT_SSH_COMMAND"] == "ssh -i key"


def test_what_others_have_configured_is_not_read_for_a_server():
    environment = build("git+https://docs.example/x.git", "8.8.8.8")
    assert environment["GIT_CONFIG_NOSYSTEM"] == "1"
    assert environment["GIT_CONFIG_GLOBAL"] == os.devnull
    assert environment["GIT_ALLOW_PROTOCOL"] == "https"
    assert "GIT_CONFIG_GLOBAL" not in build("git+file:///srv/docs.git")


def test_git_connects_to_the_address_that_was_checked():
    config = read_config(build("git+https://docs.example:8443/x.git", "8.8.8.8", "2606:4700::1"))
    assert config["http.curloptResolve"] == "docs.example:8443:8.8.8.8,[2606:4700::1]"
    assert config["http.followRedirects"] == "false"
    assert "http.curloptResolve" not in read_config(build("git+https://8.8.8.8/x.git", "8.8.8.8"))


@pytest.mark.parametrize("scheme", ["http", "https", "ssh"])
def test_a_name_in_a_private_network_needs_the_option(scheme: str):
    uri = f"git+{scheme}://git@intranet/x.git"
    with pytest.raises(SourceRefusedError, match="intranet is in a private network"):
        build(uri, "10.0.0.1")
    assert build(uri, "10.0.0.1", allow_private=True)
    with pytest.raises(SourceRefusedError, match="metadata address"):
        build(uri, "169.254.169.254", allow_private=True)


@pytest.mark.parametrize("host", ["%31%32%37.0.0.1", "127。0。0。1", "docs.example.", "a\\b"])
def test_a_host_that_git_reads_otherwise(host: str):
    with pytest.raises(SourceRefusedError, match="write its host in plain letters"):
        build(f"git+https://{host}/x.git", "8.8.8.8")


def test_a_name_without_address(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DownloadError, match=r"docs\.example has no address"):
        build("git+https://docs.example/x.git")
    # An alias in the settings of ssh, and a name that only the proxy knows.
    assert build("git+ssh://alias/x.git")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert build("git+https://docs.example/x.git")

from __future__ import annotations

import json

import pytest

from benchmarks.peers import __main__ as peers
from benchmarks.sync import __main__ as sync

WORKER = """
import sys
for line in sys.stdin:
    print('{"seconds": 4.0, "embedded": 3}', flush=True)
"""


@pytest.mark.usefixtures("shared")
def test_docent_is_compared_with_the_quicker_peer(tmp_path, monkeypatch, capsys):
    # A worker of a peer in place of the real one, whose packages are not installed here.
    package = tmp_path / "benchmarks" / "peers"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "worker.py").write_text(WORKER)
    monkeypatch.setattr(peers, "ROOT", tmp_path)
    sync.main(["--json", "--rows", "peers", "--pages", "3", "--peers", str(tmp_path)])
    found = json.loads(capsys.readouterr().out)["peers"]
    assert found["seconds"]["langchain"] == 4.0
    assert len(found["updates"]["docent"]) == 3
    assert found["of_the_quicker"] == pytest.approx(found["seconds"]["docent"] / 4, abs=0.01)


def test_a_peer_that_ends_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "ROOT", tmp_path)  # there is no worker
    process = peers.PeerProcess.start("langchain", tmp_path / "peer", [tmp_path])
    with process as peer, pytest.raises(SystemExit, match="ended"):
        peer.update(tmp_path / "docs.zip")

"""`compose.yaml` holds together: what it names is there, and nothing listens for others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from rag_core.settings import RagSettings

ROOT = Path(__file__).parent.parent
FILE = ROOT / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KEYS = {
    "build",
    "command",
    "depends_on",
    "env_file",
    "environment",
    "healthcheck",
    "image",
    "mem_limit",
    "networks",
    "ports",
    "profiles",
    "restart",
    "security_opt",
    "stop_grace_period",
    "volumes",
}
"""Keys of a service that are used, as the specification of Compose spells them."""

server = pytest.mark.parametrize("name", ["milvus", "etcd", "minio"])
each = pytest.mark.parametrize("name", SERVICES)


def started(*profiles: str) -> set[str]:
    """Names of the services that `docker compose up` starts."""
    return {
        name
        for name, service in SERVICES.items()
        if not service.get("profiles") or set(service["profiles"]) & set(profiles)
    }


def test_the_server_is_started_by_its_profile_alone():
    assert started() == {"docent"}
    assert started("milvus") == {"docent", "milvus", "etcd", "minio"}


@each
def test_a_service_has_known_keys(name: str):
    assert set(SERVICES[name]) <= KEYS
    assert set(SERVICES[name]["healthcheck"]) <= {
        "test",
        "interval",
        "timeout",
        "retries",
        "start_period",
    }


@each
def test_what_a_service_waits_for_is_healthy_and_of_its_profile(name: str):
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        assert wait["condition"] == "service_healthy"
        assert SERVICES[other]["healthcheck"]["test"][0] == "CMD"
        if other not in started():
            assert SERVICES[name].get("profiles") == ["milvus"] or wait["required"] is False


@each
def test_ports_are_published_on_the_loopback_interface(name: str):
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


def test_volumes_and_networks_are_declared_and_used():
    volumes = {v.partition(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    networks = {network for s in SERVICES.values() for network in s.get("networks", ["default"])}
    assert volumes == set(COMPOSE["volumes"])
    assert networks == set(COMPOSE["networks"])


@server
def test_the_server_keeps_its_data_and_has_its_limits(name: str):
    service = SERVICES[name]
    assert re.fullmatch(r"(\$\{\w+:-)?\d+g\}?", service["mem_limit"])
    assert service["volumes"]
    assert service["restart"] == "unless-stopped"
    assert re.search(r":\S*\d+[.-]\d+", service["image"]), "a version, so that it is known"


@pytest.mark.parametrize("name", ["etcd", "minio"])
def test_what_asks_for_no_real_password_is_reached_by_milvus_alone(name: str):
    assert SERVICES[name]["networks"] == ["milvus"]
    assert COMPOSE["networks"]["milvus"] == {"internal": True}
    assert "ports" not in SERVICES[name]
    users = [other for other in SERVICES if "milvus" in SERVICES[other].get("networks", [])]
    assert set(users) == {"milvus", "etcd", "minio"}


def test_milvus_is_pointed_at_the_others():
    settings, minio = SERVICES["milvus"]["environment"], SERVICES["minio"]["environment"]
    assert settings["ETCD_ENDPOINTS"] == "etcd:2379"
    assert settings["MINIO_ADDRESS"] == "minio:9000"
    assert settings["MINIO_ACCESS_KEY_ID"] == minio["MINIO_ROOT_USER"]
    assert settings["MINIO_SECRET_ACCESS_KEY"] == minio["MINIO_ROOT_PASSWORD"]


def test_the_lines_for_env_point_docent_at_milvus():
    lines = dict(re.findall(r"^#   (\w+)=(\S+)$", FILE.read_text(), flags=re.MULTILINE))
    assert lines == {"COMPOSE_PROFILES": "milvus", "DOCENT_MILVUS_URI": "http://milvus:19530"}
    settings = RagSettings(milvus_uri=lines["DOCENT_MILVUS_URI"])
    assert settings.milvus_path is None
    assert all(
        f"{key}={value}" in (ROOT / "docs/operations.md").read_text()
        for key, value in lines.items()
    )

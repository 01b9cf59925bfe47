"""`compose.yaml` holds together: what it names is there, and nothing listens for others."""

from __future__ import annotations

import json
import re
from typing import Any

import jinja2
import pytest
import yaml
from sqlalchemy import make_url

from ingest.settings import IngestSettings
from rag_core.models.reranker import INSTRUCTION, PAIR, PREFIX, SUFFIX
from rag_core.settings import RagSettings
from tests.conftest import ROOT
from tests.handbook import DOCS, fences

FILE = ROOT / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KEYS = {
    "build",
    "command",
    "depends_on",
    "deploy",
    "entrypoint",
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
    "shm_size",
    "stop_grace_period",
    "volumes",
}
"""Keys of a service that are used, as the specification of Compose spells them."""

MILVUS = {"milvus", "etcd", "minio"}
SCALE = MILVUS | {"postgres", "embedding", "reranker"}

server = pytest.mark.parametrize("name", [*sorted(MILVUS), "postgres"])
model_server = pytest.mark.parametrize("name", ["embedding", "reranker"])
each = pytest.mark.parametrize("name", SERVICES)


def started(*profiles: str) -> set[str]:
    """Names of the services that `docker compose up` starts."""
    return {
        name
        for name, service in SERVICES.items()
        if not service.get("profiles") or set(service["profiles"]) & set(profiles)
    }


def lines_for_env() -> list[dict[str, str]]:
    """The blocks of settings in the comment at the top, one for each profile."""
    top, _, _ = FILE.read_text().partition("services:")
    blocks = re.findall(r"(?:^#   \w+=\S*\n)+", top, flags=re.MULTILINE)
    return [dict(re.findall(r"#   (\w+)=(\S*)\n", block)) for block in blocks]


def test_a_server_is_started_by_its_profile_alone():
    assert started() == {"docent"}
    assert started("milvus") == {"docent", *MILVUS}
    assert started("scale") == {"docent", *SCALE}


@each
def test_a_service_has_known_keys(name: str):
    assert set(SERVICES[name]) <= KEYS
    # That of docent is part of its image.
    assert ("healthcheck" in SERVICES[name]) == (name != "docent")
    assert set(SERVICES[name].get("healthcheck", {})) <= {
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
        waits_in_vain = set(SERVICES[name].get("profiles", [])) - set(SERVICES[other]["profiles"])
        if name in started() or waits_in_vain:
            assert wait["required"] is False


@each
def test_ports_are_published_on_the_loopback_interface(name: str):
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


def ports_of_http_mode() -> list[str]:
    """The ports in the comments of docent, in their order."""
    _, _, docent = FILE.read_text().partition("  docent:\n")
    return re.findall(r'^    # ports: \["(\S+)"\]$', docent, flags=re.MULTILINE)


def test_docents_beside_each_other_publish_no_port_twice():
    most = max(int(lines.get("REPLICAS", "1")) for lines in lines_for_env())
    for service in SERVICES.values():
        if "replicas" in service.get("deploy", {}):
            assert not {"ports", "container_name"} & set(service)
    single, several = ports_of_http_mode()
    assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", single)
    first, last, inside = map(int, re.findall(r"\d+", several.removeprefix("127.0.0.1:")))
    assert (last - first + 1, inside) == (most, int(single.rpartition(":")[2]))


def test_docents_beside_each_other_share_servers_and_no_files():
    assert SERVICES["docent"]["deploy"] == {"replicas": "${REPLICAS:-1}"}
    for lines in lines_for_env():
        if "REPLICAS" in lines:
            assert RagSettings(milvus_uri=lines["DOCENT_MILVUS_URI"]).milvus_path is None
            assert make_url(lines["DOCENT_STATE_URL"]).get_backend_name() == "postgresql"


def test_volumes_and_networks_are_declared_and_used():
    mounted = {v.partition(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    files = {source for source in mounted if source.startswith("./")}
    volumes = mounted - files
    assert all((ROOT / file).is_file() for file in files)
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


def test_the_lines_for_env_name_each_profile_and_only_what_is_read():
    read = set(re.findall(r"\$\{(\w+)", FILE.read_text()))
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert {lines["COMPOSE_PROFILES"] for lines in lines_for_env()} == profiles
    for lines in lines_for_env():
        ours = {name for name in lines if name.startswith("DOCENT_")}
        assert ours <= {
            RagSettings.get_variable_name(name) for name in RagSettings.model_fields
        } | {IngestSettings.get_variable_name(name) for name in IngestSettings.model_fields}
        assert set(lines) - ours - {"COMPOSE_PROFILES"} <= read


def test_the_lines_for_env_point_docent_at_services_that_are_started():
    for lines in lines_for_env():
        hosts = re.findall(r"(?:@|http://)(\w+)", " ".join(lines.values()))
        assert set(hosts) <= started(lines["COMPOSE_PROFILES"])
        assert RagSettings(milvus_uri=lines["DOCENT_MILVUS_URI"]).milvus_path is None


def test_the_handbook_shows_the_same_lines():
    shown = [block.splitlines() for block in fences(DOCS / "deployment.md", "text")]
    for lines in lines_for_env():
        wanted = {f"{key}={value}" for key, value in lines.items() if value}
        assert any(wanted <= set(block) for block in shown), lines["COMPOSE_PROFILES"]


def test_no_secret_stands_in_the_file():
    for lines in lines_for_env():
        assert all(not value for key, value in lines.items() if "PASSWORD" in key)
    password = SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert password == SERVICES["docent"]["environment"]["PGPASSWORD"] == "${POSTGRES_PASSWORD:-}"


def test_the_state_database_is_reached_by_docent_alone():
    assert COMPOSE["networks"]["state"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == ["state"]
    users = {name for name in SERVICES if "state" in SERVICES[name].get("networks", [])}
    assert users == {"postgres", "docent"}
    (url,) = {lines.get("DOCENT_STATE_URL") for lines in lines_for_env()} - {None}
    database = make_url(url)
    assert database.username == SERVICES["postgres"]["environment"]["POSTGRES_USER"]
    assert database.database == database.username, "the name that PostgreSQL's image gives it"
    assert database.password is None


@model_server
def test_a_model_server_has_the_model_that_docent_asks_for(name: str):
    settings = RagSettings()
    models = {"embedding": settings.embedding_model, "reranker": settings.reranker_model}
    model, *options = SERVICES[name]["command"]
    assert model == models[name]
    assert "--runner=pooling" in options
    assert f"--max-model-len={settings.embedding_max_tokens}" in options


def test_the_model_servers_share_the_memory_of_a_gpu():
    parts = [
        float(option.partition("=")[2])
        for name in ("embedding", "reranker")
        for option in SERVICES[name]["command"]
        if option.startswith("--gpu-memory-utilization=")
    ]
    assert len(parts) == 2
    assert sum(parts) < 1
    assert "embedding" in SERVICES["reranker"]["depends_on"]


def test_the_reranker_judges_the_text_that_docents_own_reranker_judges():
    options = dict(option.split("=", 1) for option in SERVICES["reranker"]["command"][1:])
    assert json.loads(options["--hf-overrides"]) == {
        "architectures": ["Qwen3ForSequenceClassification"],
        "classifier_from_token": ["no", "yes"],
        "is_original_qwen3_reranker": True,
    }
    mounts = dict(
        volume.removesuffix(":ro").split(":") for volume in SERVICES["reranker"]["volumes"]
    )
    (template,) = [file for file, at in mounts.items() if at == options["--chat-template"]]
    # The options with which vLLM reads a template.
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)
    rendered = environment.from_string((ROOT / template).read_text()).render(
        messages=[
            {"role": "query", "content": "What is <b>?"},
            {"role": "document", "content": "A tag.\n\nOf HTML. \n"},
        ]
    )
    pair = PAIR.format(
        instruction=INSTRUCTION, query="What is <b>?", passage="A tag.\n\nOf HTML. \n"
    )
    assert rendered == PREFIX + pair + SUFFIX

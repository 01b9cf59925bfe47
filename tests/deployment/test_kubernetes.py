"""`deploy/kubernetes` holds together, and is what `kubectl` makes of it where that is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from jsonschema import Draft202012Validator

from bot.service import END_SECONDS
from tests.conftest import ROOT
from tests.handbook import DOCS, fences, newest_version, settings

FOLDER = ROOT / "deploy" / "kubernetes"
LITE = FOLDER / "lite"
SCALE = FOLDER / "scale"
KUBECTL = shutil.which("kubectl")

Resource = dict[str, Any]


def load(path: Path) -> list[Resource]:
    return list(yaml.safe_load_all(path.read_text()))


KUSTOMIZATIONS = {path.parent.name: load(path)[0] for path in FOLDER.glob("*/kustomization.yaml")}
RESOURCES = list(
    chain.from_iterable(load(LITE / name) for name in KUSTOMIZATIONS["lite"]["resources"])
)


def of_kind(kind: str) -> Resource:
    (found,) = [each for each in RESOURCES if each["kind"] == kind]
    return found


POD = of_kind("Deployment")["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]

TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 1}
LABELS = {"type": "object", "additionalProperties": TEXT, "minProperties": 1}
NAMED = {"type": "object", "properties": {"name": TEXT}, "required": ["name"]}


def closed(optional: Resource, **required: Any) -> Resource:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": optional | required,
        "required": list(required),
        "additionalProperties": False,
    }


PROBE = closed(
    {"periodSeconds": COUNT, "timeoutSeconds": COUNT, "failureThreshold": COUNT},
    httpGet=closed({}, path={"pattern": "^/"}, port=TEXT),
)
PORTS = {"type": "array", "minItems": 1}
CONTAINERS = closed(
    {},
    name=TEXT,
    image=TEXT,
    envFrom={
        "items": {
            "oneOf": [closed({}, configMapRef=NAMED), closed({}, secretRef=NAMED)],
        }
    },
    ports=PORTS | {"items": closed({}, name=TEXT, containerPort=COUNT)},
    startupProbe=PROBE,
    livenessProbe=PROBE,
    readinessProbe=PROBE,
    resources=closed({}, requests=closed({}, cpu=TEXT, memory={"pattern": "^[1-9][0-9]*[MG]i$"})),
    securityContext=closed(
        {},
        allowPrivilegeEscalation={"const": False},
        readOnlyRootFilesystem={"const": True},
        capabilities=closed({}, drop={"const": ["ALL"]}),
    ),
    volumeMounts={"items": closed({}, name=TEXT, mountPath={"pattern": "^/"})},
)
PODS = closed(
    {},
    automountServiceAccountToken={"const": False},
    enableServiceLinks={"const": False},
    terminationGracePeriodSeconds=COUNT,
    securityContext=closed(
        {},
        runAsNonRoot={"const": True},
        runAsUser=COUNT,
        runAsGroup=COUNT,
        fsGroup=COUNT,
        fsGroupChangePolicy={"enum": ["OnRootMismatch", "Always"]},
        seccompProfile=closed({}, type={"const": "RuntimeDefault"}),
    ),
    containers={"items": CONTAINERS},
    volumes={
        "items": {
            "oneOf": [
                closed({}, name=TEXT, persistentVolumeClaim=closed({}, claimName=TEXT)),
                closed({}, name=TEXT, emptyDir={"const": {}}),
            ]
        }
    },
)
SELECTOR = closed({}, matchLabels=LABELS)
SPECS = {
    "apps/v1 Deployment": closed(
        {},
        replicas=COUNT,
        strategy=closed({}, type={"enum": ["Recreate", "RollingUpdate"]}),
        progressDeadlineSeconds=COUNT,
        selector=SELECTOR,
        template=closed({}, metadata=closed({}, labels=LABELS, annotations=LABELS), spec=PODS),
    ),
    "policy/v1 PodDisruptionBudget": closed(
        {},
        maxUnavailable=COUNT,
        unhealthyPodEvictionPolicy={"enum": ["IfHealthyBudget", "AlwaysAllow"]},
        selector=SELECTOR,
    ),
    "v1 PersistentVolumeClaim": closed(
        {},
        accessModes={"const": ["ReadWriteOnce"]},
        resources=closed({}, requests=closed({}, storage={"pattern": "^[1-9][0-9]*Gi$"})),
    ),
    "v1 Service": closed(
        {},
        publishNotReadyAddresses={"type": "boolean"},
        selector=LABELS,
        ports=PORTS | {"items": closed({}, name=TEXT, port=COUNT, targetPort=TEXT)},
    ),
}
"""What is used of each kind, as Kubernetes spells it."""


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: f"{each['kind']}")
def test_a_resource_has_the_fields_of_its_kind(resource: Resource):
    spec = SPECS[f"{resource['apiVersion']} {resource['kind']}"]
    schema = closed({}, apiVersion=TEXT, kind=TEXT, metadata=closed({}, name=TEXT), spec=spec)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(resource)] == []


def test_selectors_find_the_pods():
    labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert of_kind("Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert of_kind("Service")["spec"]["selector"] == labels


def test_volumes_are_those_of_the_image_and_are_there():
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in POD["volumes"]}
    image = re.search(r"^VOLUME \[(.*)\]$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert image
    assert set(mounts.values()) == {*re.findall(r'"(.+?)"', image[1]), "/tmp"}
    claimed = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in POD["volumes"]
        if "persistentVolumeClaim" in volume
    }
    claims = {each["metadata"]["name"] for each in RESOURCES if "Claim" in each["kind"]}
    assert claimed == claims


def test_docent_runs_as_the_user_of_the_image():
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    context = POD["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2]))
    assert context["fsGroup"] == int(user[2])


def test_probes_ask_the_port_that_is_served_to_other_machines():
    values = dotenv_values(LITE / "docent.env")
    (port,) = CONTAINER["ports"]
    assert str(port["containerPort"]) == values["DOCENT_HEALTH_PORT"]
    assert values["DOCENT_HEALTH_HOST"] == "0.0.0.0"
    paths = {}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert CONTAINER[probe]["httpGet"]["port"] == port["name"]
        paths[probe] = CONTAINER[probe]["httpGet"]["path"]
    # An index that is missing must not end the process that builds it.
    assert paths["startupProbe"] == paths["livenessProbe"] == "/healthz"
    assert paths["readinessProbe"] == "/readyz"
    annotations = of_kind("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == values["DOCENT_HEALTH_PORT"]


def test_docent_gets_the_time_that_it_needs_to_end():
    assert POD["terminationGracePeriodSeconds"] > END_SECONDS


def test_milvus_lite_has_one_process_and_a_drained_node_is_let_go():
    spec = of_kind("Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    assert of_kind("PodDisruptionBudget")["spec"]["maxUnavailable"] >= 1
    assert dotenv_values(LITE / "docent.env")["DOCENT_MILVUS_URI"].endswith(".db")


@pytest.mark.parametrize("file", [LITE / "docent.env", SCALE / "scale.env"], ids=lambda f: f.name)
def test_settings_are_ones_that_docent_knows_and_no_secrets(file: Path):
    values = dotenv_values(file)
    assert set(values) <= set(settings())
    secret = {name for name, info in settings().items() if "Secret" in str(info.annotation)}
    assert secret
    assert set(values) & (secret | {"DOCENT_STATE_URL"}) == set()


def test_the_secret_is_one_that_people_make():
    assert {"secretRef": {"name": "docent"}} in CONTAINER["envFrom"]
    assert not any(each["kind"] == "Secret" for each in RESOURCES)
    page = "".join(fences(DOCS / "kubernetes.md", "bash"))
    assert "kubectl create secret generic docent " in page


def test_the_images_are_those_of_this_version():
    (lite,), (scale,) = (KUSTOMIZATIONS[name]["images"] for name in ("lite", "scale"))
    assert lite["name"] == CONTAINER["image"]
    assert lite["newTag"] == newest_version()
    # That of the other one has its new name by then.
    assert scale["name"] == lite["newName"]
    assert scale["newTag"] == f"{newest_version()}-slim"


def test_patches_change_only_what_is_there():
    paths = {"/spec/template/spec/topologySpreadConstraints", "/spec/ports/-"}
    paths.add("/spec/template/spec/containers/0/ports/-")
    for name in ("scale", "http"):
        for patch in KUSTOMIZATIONS[name]["patches"]:
            operations = yaml.safe_load(patch["patch"])
            if isinstance(operations, dict):
                assert operations["$patch"] == "delete"
                names = {
                    each["metadata"]["name"]
                    for each in RESOURCES
                    if each["kind"] == operations["kind"]
                }
                assert operations["metadata"]["name"] in names
                continue
            changed = of_kind(patch["target"]["kind"])
            for operation in operations:
                if operation["op"] == "add":
                    assert operation["path"] in paths
                    continue
                value: Any = changed
                for step in operation["path"].split("/")[1:]:
                    value = value[int(step) if step.isdigit() else step]


def render(folder: Path) -> list[Resource]:
    assert KUBECTL
    done = subprocess.run(
        [KUBECTL, "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


@needs_kubectl
def test_kubectl_makes_two_docents_without_storage_of_their_own():
    rendered = {each["kind"]: each for each in render(SCALE)}
    assert set(rendered) == {"ConfigMap", "Deployment", "PodDisruptionBudget", "Service"}
    spec = rendered["Deployment"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["type"] == "RollingUpdate"
    # One that still starts is not reached while others can answer; a single one always is.
    assert rendered["Service"]["spec"]["publishNotReadyAddresses"] is False
    assert of_kind("Service")["spec"]["publishNotReadyAddresses"] is True
    assert spec["template"]["spec"]["containers"][0]["image"].endswith("-slim")
    values = dotenv_values(LITE / "docent.env") | dotenv_values(SCALE / "scale.env")
    assert rendered["ConfigMap"]["data"] == values
    reference = {"configMapRef": {"name": rendered["ConfigMap"]["metadata"]["name"]}}
    assert reference in spec["template"]["spec"]["containers"][0]["envFrom"]


@needs_kubectl
def test_kubectl_adds_a_port_for_slack(tmp_path):
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (line,) = [block for block in fences(DOCS / "kubernetes.md", "yaml") if "components" in block]
    with (tmp_path / "lite" / "kustomization.yaml").open("a") as file:
        file.write(line)
    rendered = {each["kind"]: each for each in render(tmp_path / "lite")}
    ports = {port["name"]: port for port in rendered["Service"]["spec"]["ports"]}
    assert set(ports) == {"health", "slack"}
    (container,) = rendered["Deployment"]["spec"]["template"]["spec"]["containers"]
    served = {port["name"]: str(port["containerPort"]) for port in container["ports"]}
    assert served["slack"] == rendered["ConfigMap"]["data"]["DOCENT_HTTP_PORT"]

"""The manifests: by Kubernetes' own schemas, and by what they say of each other."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
import yaml

from deployments import (
    DEPLOY,
    MANIFESTS,
    Resource,
    compose,
    container,
    environment,
    found,
    pods,
    resources,
    size,
)
from reknown.api.bodies import BodyLimits
from reknown.api.http import _PROBES
from reknown.configuration import Settings

_RELEASES = ("1.29", "1.33", "1.37")
# What a picture of 49 million pixels takes at most while it is read: docs/explanation/speed.md.
_IMAGE = 550 * 2**20
_STOP_SECONDS = 10


@pytest.mark.parametrize("release", _RELEASES)
def test_manifests_have_the_schema(release: str) -> None:
    kubernetes = pytest.importorskip("kubernetes_validate")
    for resource in resources():
        kubernetes.validate(resource.body, release, strict=True)


def test_a_mistake_in_a_manifest_would_be_noticed() -> None:
    kubernetes = pytest.importorskip("kubernetes_validate")
    server = found("Deployment", "reknown-server")
    server["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(server, _RELEASES[-1], strict=True)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_kubectl_puts_them_together() -> None:
    made = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kubernetes")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    bodies = [Resource("", body) for body in yaml.safe_load_all(made.stdout)]
    images = {container(each)["image"] for each in bodies if each.pod}
    assert images == {"registry.example.org/reknown:1"}


def test_all_that_stays_is_put_together() -> None:
    (text,) = (path.read_text("utf-8") for path in MANIFESTS if path.stem == "kustomization")
    listed = set(yaml.safe_load(text)["resources"])
    # to be applied when they are wanted, and over then
    once = {each.file for each in pods() if each.body["kind"] in {"Pod", "Job"}}
    assert listed | once == {each.file for each in resources()}
    assert not listed & once


@pytest.mark.parametrize("resource", pods(), ids=lambda each: each.place)
def test_pods_give_up_what_they_do_not_need(resource: Resource) -> None:
    pod, only = resource.pod, container(resource)
    assert pod
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in only["volumeMounts"]} == set(volumes)
    # as `read_mounted_key` wants it: no other user may read, its group may not write
    assert not volumes["secrets"]["secret"]["defaultMode"] & 0o027
    assert set(only["resources"]) == {"requests", "limits"}
    for variable in only["env"]:
        if "PASSWORD" in variable["name"] or "SECRET" in variable["name"]:
            assert "secretKeyRef" in variable["valueFrom"]


def _server() -> Resource:
    (server,) = (each for each in pods() if each.body["metadata"]["name"] == "reknown-server")
    return server


def test_probes_ask_what_the_server_answers() -> None:
    only = container(_server())
    ports = {port["name"]: port["containerPort"] for port in only["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = only[probe]["httpGet"]
        assert asked["path"] in _PROBES
        assert str(ports[asked["port"]]) == environment(_server()).get(
            "REKNOWN_SERVER__PORT", "8080"
        )
    assert only["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert (
        only["livenessProbe"]["httpGet"]["path"] == "/health"
    )  # a database that is down heals not
    (port,) = found("Service", "reknown")["spec"]["ports"]
    assert port["targetPort"] in ports


def test_what_selects_pods_finds_them() -> None:
    labels = [each.labels for each in pods()]
    for selector in (
        found("Service", "reknown")["spec"]["selector"],
        found("PodDisruptionBudget", "reknown-server")["spec"]["selector"]["matchLabels"],
        found("NetworkPolicy", "reknown-server")["spec"]["podSelector"]["matchLabels"],
        found("Deployment", "reknown-server")["spec"]["selector"]["matchLabels"],
        found("Deployment", "reknown-worker")["spec"]["selector"]["matchLabels"],
    ):
        assert sum(selector.items() <= each.items() for each in labels) == 1
    target = found("HorizontalPodAutoscaler", "reknown-server")["spec"]["scaleTargetRef"]
    assert found(target["kind"], target["name"])["apiVersion"] == target["apiVersion"]


def test_servers_are_replaced_without_a_gap() -> None:
    deployment = found("Deployment", "reknown-server")["spec"]
    assert "replicas" not in deployment  # would undo at every apply what the autoscaler did
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    least = found("HorizontalPodAutoscaler", "reknown-server")["spec"]["minReplicas"]
    assert least > found("PodDisruptionBudget", "reknown-server")["spec"]["minAvailable"]
    pod = deployment["template"]["spec"]
    waited = int(container(_server())["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert pod["terminationGracePeriodSeconds"] > waited + _STOP_SECONDS


def test_connections_are_enough() -> None:
    """PostgreSQL has 100 by default, three of which are for its administrator."""
    most = found("HorizontalPodAutoscaler", "reknown-server")["spec"]["maxReplicas"]
    surge = found("Deployment", "reknown-server")["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    workers = found("Deployment", "reknown-worker")["spec"]["replicas"]
    assert (most + surge) * Settings().database_connections + 3 * workers <= 97


def _needed(variables: dict[str, str]) -> int:
    """Bytes at most: what it may keep, bodies, and a large picture on each slot."""
    kept = sum(int(variables[f"REKNOWN_SERVER__{name}_MEMORY"]) for name in ("TEMPLATE", "MODEL"))
    workers = int(variables["REKNOWN_SERVER__WORKERS"])
    return kept * 2**20 + BodyLimits().all_bytes + workers * _IMAGE


def test_memory_is_enough_for_what_servers_may_keep() -> None:
    limits = container(_server())["resources"]["limits"]
    assert _needed(environment(_server())) <= size(limits["memory"])
    service: dict[str, Any] = compose()["services"]["server"]
    assert _needed(service["environment"]) <= size(service["mem_limit"])
    # processes see all cores of the machine, whatever share of their time they get
    assert int(service["environment"]["REKNOWN_SERVER__WORKERS"]) == service["cpus"]

"""The files of `deploy/`, parsed: what their tests ask about them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
_SIZES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "g": 2**30, "m": 2**20}


@dataclass(frozen=True, slots=True)
class Resource:
    """One object of Kubernetes, and the file that it is in."""

    file: str
    body: dict[str, Any]

    @property
    def place(self) -> str:
        return f"{self.file}:{self.body['kind']}"

    @property
    def pod(self) -> dict[str, Any] | None:
        """The specification of its pods, None where it has none."""
        if self.body["kind"] == "Pod":
            found: dict[str, Any] = self.body["spec"]
            return found
        template = self.body.get("spec", {}).get("template")
        return template["spec"] if template else None

    @property
    def labels(self) -> dict[str, str]:
        """Those of its pods."""
        body = self.body if self.body["kind"] == "Pod" else self.body["spec"]["template"]
        labels: dict[str, str] = body["metadata"]["labels"]
        return labels


def resources() -> list[Resource]:
    """All that kubectl is to apply, in the order of their files."""
    return [
        Resource(path.name, body)
        for path in MANIFESTS
        for body in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        if body["kind"] != "Kustomization"
    ]


def pods() -> list[Resource]:
    """Those that have pods."""
    return [each for each in resources() if each.pod]


def found(kind: str, name: str) -> dict[str, Any]:
    """The only one of this name."""
    (body,) = (
        each.body
        for each in resources()
        if each.body["kind"] == kind and each.body["metadata"]["name"] == name
    )
    return body


def container(resource: Resource) -> dict[str, Any]:
    """Its only one."""
    assert resource.pod
    (only,) = resource.pod["containers"]
    assert isinstance(only, dict)
    return only


def environment(resource: Resource) -> dict[str, str]:
    """The variables that its container sees; what is not in the files is made up."""
    variables: dict[str, str] = {}
    only = container(resource)
    for source in only.get("envFrom", ()):
        variables |= found("ConfigMap", source["configMapRef"]["name"])["data"]
    for each in only["env"]:
        field = each.get("valueFrom", {}).get("resourceFieldRef")
        if field:
            section, _, name = field["resource"].partition(".")
            variables[each["name"]] = only["resources"][section][name]
        else:
            variables[each["name"]] = each.get("value", "made-up")
    return variables


def compose() -> dict[str, Any]:
    """`compose.yaml`, with what stands there for variables that are not set."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    text = re.sub(r"\$\{\w+:\?[^}]*\}", "made-up", text)
    body: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
    return body


def unit_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Keys and values, which may repeat."""
    for line in path.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            yield key, value


def size(text: str) -> int:
    """Bytes of 4Gi, 512Mi or 4g."""
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]+)", text).groups()  # type: ignore[union-attr]
    return int(number) * _SIZES[unit]

"""What makes the check of rendered/ with istioctl fail, with a program in its place."""

from pathlib import Path

import pytest
import yaml

from tests.istio.__main__ import check

ROOT = Path(__file__).resolve().parents[2]
VALIDATES = (
    """for file in "$@"; do case $file in *.yaml) echo "\\"$file\\" is valid";; esac; done"""
)


def program(folder: Path, validate: str, analyze: str) -> str:
    """An istioctl that does this; what it was called with is in the file ``called``."""
    path = folder / "istioctl"
    path.write_text(
        f'#!/bin/sh\necho "$@" >> "{folder}/called"\n'
        f'for each; do case $each in *gateways.yaml) cp "$each" "{folder}";; esac; done\n'
        f"if [ $1 = validate ]; then\n{validate}\nelse\n{analyze}\nfi\n"
    )
    path.chmod(0o755)
    return str(path)


def test_each_kubernetes_cluster_is_analyzed_with_the_gateways_that_people_name(
    tmp_path: Path,
) -> None:
    assert check(program(tmp_path, VALIDATES, "true"), ROOT) == []
    called = (tmp_path / "called").read_text().splitlines()
    assert [line.split()[0] for line in called].count("analyze") == 7
    assert all("--all-namespaces" in line for line in called if line.startswith("analyze"))
    made = list(yaml.safe_load_all((tmp_path / "gateways.yaml").read_text()))
    names = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in made}
    assert names == {("istio-ingress", "models")}


@pytest.mark.parametrize(
    ("validate", "analyze", "found"),
    [
        (VALIDATES + "; echo 'a warning'", "true", "a warning"),
        ("false", "true", "istioctl validate ended with 1"),
        (VALIDATES, "echo 'Error [IST0101]'; exit 79", "prod-eu-central-1: Error [IST0101]"),
    ],
)
def test_all_that_istioctl_says_is_a_fault(
    tmp_path: Path, validate: str, analyze: str, found: str
) -> None:
    assert check(program(tmp_path, validate, analyze), ROOT)[0] == found


def test_without_manifests_nothing_passes(tmp_path: Path) -> None:
    assert check(program(tmp_path, VALIDATES, "true"), tmp_path) == [
        f"{tmp_path / 'rendered'} has no clusters"
    ]

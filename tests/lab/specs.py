"""The specs of an environment, moved into another one."""

import re
import shutil
from pathlib import Path

DESTINATION = "prod-eu-west-1"
"""The name under which Argo CD knows the one Kubernetes cluster of all regions of tenants."""


def copy_specs(specs: Path, target: Path, environment: str, address: str) -> None:
    """Copy the folder of an environment to ``target``, with another name and repository.

    Namespaces start with the new name, and no environment comes before it. Where tenants have
    theirs, all regions have one destination: the lab has one Kubernetes API, and a namespace in it
    can belong to one Application only.
    """
    shutil.copytree(specs, target)
    for path in target.rglob("*.yaml"):
        path.write_text(_renamed(path.read_text(), path, environment, address))


def without_promotions(text: str) -> str:
    """The text of a spec of an environment that has none before it: nothing is promoted to it."""
    text = re.sub(r"^  (predecessor|promotion):.*\n(    .*\n)*", "", text, flags=re.MULTILINE)
    return re.sub(r"^    - \{.*when: promote.*\}\n", "", text, flags=re.MULTILINE)


def _renamed(text: str, path: Path, environment: str, address: str) -> str:
    """The text of a spec in another environment, with namespaces and a repository of its own."""
    text = without_promotions(text)
    if path.name == "environment.yaml":
        text = re.sub(r"(metadata:\s*\{?\s*name: )[\w-]+", rf"\g<1>{environment}", text, count=1)
        if "  tenants:" in text:
            text = re.sub(r"(jurisdiction: \w+, destination: )[\w-]+", rf"\g<1>{DESTINATION}", text)
        text = re.sub(r"(region: [\w-]+, namespace: )", rf"\g<1>{environment}-", text)
        text = re.sub(r"repoURL: [^\s,}]+", f"repoURL: {address}", text)
        return re.sub(
            r"(namespaces: \[)([^\]]*)\]",
            lambda found: found[1] + re.sub(r"[\w-]+", rf"{environment}-\g<0>", found[2]) + "]",
            text,
        )
    if path.parent.name == "locks" or path.name == "quarantine.yaml":
        return re.sub(r"(\benvironment: )[\w-]+", rf"\g<1>{environment}", text, count=1)
    return re.sub(r"(\bnamespace: )([\w-]+)", rf"\g<1>{environment}-\g<2>", text)

"""Has Istio's own istioctl check rendered/: ``python -m tests.istio ISTIOCTL [FLEET]``.

Ends with 1 where istioctl finds anything in it, were it only a note. The schemas of this repository
and the API of Kubernetes accept what Istio does not: weights, hosts and subsets that do not fit.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

_VALID = re.compile(r'".*" is valid')


def check(istioctl: str, fleet: Path) -> list[str]:
    """What istioctl says about the manifests of a fleet; nothing where all of them are valid.

    Each object by itself, then all of one Kubernetes cluster together, for what they refer to.
    """
    places: dict[str, list[Path]] = {}
    for file in sorted((fleet / "rendered").glob("*/clusters/*/application.yaml")):
        place = _read(file)["spec"]["destination"]["name"]
        places.setdefault(place, []).append(file.parent)
    if not places:
        return [f"{fleet / 'rendered'} has no clusters"]
    found = list(_validate(istioctl, sorted((fleet / "rendered").rglob("*.yaml"))))
    gateways = "---\n".join(yaml.safe_dump(_gateway(name)) for name in _gateways(fleet))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "gateways.yaml")
        made.write_text(gateways)
        for place, folders in places.items():
            for line in _analyze(istioctl, [*folders, made]):
                found.append(f"{place}: {line}")
    return found


def _validate(istioctl: str, files: Sequence[Path]) -> Iterator[str]:
    arguments = [part for file in files for part in ("--filename", str(file))]
    done = _run(istioctl, "validate", *arguments)
    said = [line for line in _lines(done) if not _VALID.fullmatch(line)]
    yield from said
    # Both have to agree: a warning leaves the exit code 0, and not every failure says something.
    if done.returncode and not said:
        yield f"istioctl validate ended with {done.returncode}"


def _analyze(istioctl: str, paths: Sequence[Path]) -> Iterator[str]:
    # Without all namespaces it finds nothing, and in JSON it ends with 0 whatever it finds.
    options = ("--use-kube=false", "--all-namespaces", "--failure-threshold", "Info")
    done = _run(istioctl, "analyze", *options, *map(str, paths))
    if done.returncode:
        yield from _lines(done)


def _gateways(fleet: Path) -> list[str]:
    """The Gateways that regions and clusters name; they belong to the platform, not to the fleet.

    From the files of people and not from the manifests, which would always agree with themselves.
    """
    named: set[str] = set()
    for file in sorted((fleet / "clusters").rglob("*.yaml")):
        spec = _read(file).get("spec", {})
        for part in (spec, spec.get("defaults", {}), *spec.get("regions", ())):
            named.update(part.get("gateways", ()))
    return sorted(named - {"mesh"})


def _gateway(name: str) -> Any:
    namespace, _, own = name.partition("/")
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": own, "namespace": namespace},
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": [server]},
    }


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


if __name__ == "__main__":
    problems = check(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else "."))
    print("\n".join(problems) or "istioctl finds nothing in rendered/")
    sys.exit(bool(problems))

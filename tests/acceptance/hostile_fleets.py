"""Fleets in which one thing grows: a family, an identity that all share, environments, versions.

Each takes a size, and gives the trees after and before a change. Their documents are those of a
fleet of the bench, with a few fields replaced.
"""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache

from lockstep.model.document import Json
from lockstep.model.fleet import Tree
from lockstep.spec.yaml.load import load_yaml
from tests.bench.fleet import make_fleet

Change = tuple[Tree, Tree]
Specs = Mapping[str, Json]
"""What the spec of each cluster of a family has in place of the sample's, by the cluster's file."""

_REGIONS = [f"region-{number:02}" for number in range(5)]


def large_families(size: int) -> Change:
    """Families of that many clusters, each with something that all of its clusters get wrong."""
    names = [f"c{number:05}" for number in range(size)]
    views = {name: {"store": name, "views": {"a": str(n + 1)}} for n, name in enumerate(names)}
    now = {
        # Versions of their own gain weight in every wave, and no wave has finished.
        "versions": {n: _roles(50, str(k + 1), str(k + 5000)) for k, n in enumerate(names)},
        # Half of the clusters lack the candidate, and serve another stable version.
        "half": {n: _roles(50) if k % 2 else _roles(None, "9") for k, n in enumerate(names)},
        "features": {name: {**_roles(0), "features": views[name]} for name in names},
        "joining": dict.fromkeys(names, _roles(1)),
        "learning": {name: _learning(f"arm-{name}") for name in names},
    }
    before = {
        **now,
        "versions": {n: _roles(1, str(k + 1), str(k + 5000)) for k, n in enumerate(names)},
        "joining": dict.fromkeys(names[::2], _roles(1)),
    }
    return _large(now), _large(before)


def _large(families: Mapping[str, Specs]) -> Tree:
    return _environment("prod", [_family(n, specs, skew=9999) for n, specs in families.items()])


def large_environment(size: int) -> Change:
    """That many families: tenants above quota, one identity and host, arms that learn."""
    families = [
        _family(
            f"f{n}",
            {
                "one": {**_learning("arm"), **_identity("all"), "namespace": "f0"},
                "two": {**_roles(0), **_identity(f"pair-{n // 2}"), "host": "all.example.com"},
            },
            tenant=f"t{n}",
        )
        for n in range(size)
    ]
    tree = _environment("prod", families, quota={"cpu": "1", "memory": "1Gi"}, budget=1)
    return tree, tree


def many_environments(size: int) -> Change:
    """That many environments of two clusters: one identity is that of all, the other of two."""
    tree: dict[str, bytes] = {}
    for n in range(size):
        name = f"e{n:05}"
        specs = {
            "one": {**_roles(0), **_identity("all")},
            "two": {**_roles(0), **_identity(f"pair-{n // 2}")},
        }
        tree |= _environment(name, [_family("f", specs, environment=name)])
    return tree, tree


SHAPES = (large_families, large_environment, many_environments)


def _roles(weight: int | None, stable: str = "1", candidate: str = "2") -> Json:
    variants = [{"name": "stable", "version": stable, "weight": 100 - (weight or 0)}]
    if weight is not None:
        variants.append({"name": "candidate", "version": candidate, "weight": weight})
    return {"variants": variants}


def _learning(arm: str) -> Json:
    variants = [
        {"name": "stable", "version": "1", "weight": 90},
        {"name": arm, "version": "2", "weight": 10, "experiment": True},
    ]
    terms = {"learnsFrom": "live", "expires": "2028-12-31", "ceiling": 10, "writes": ["live"]}
    features = {"store": "feast", "views": {"live": "1"}, "writes": ["answers"]}
    return {"variants": variants, "experiments": {arm: terms}, "features": features}


def _identity(name: str) -> Json:
    principal = f"arn:aws:iam::123456789012:role/{name}"
    return {"access": {"identity": {"provider": "aws", "principal": principal}}}


def _family(
    name: str, specs: Specs, *, environment: str = "prod", tenant: str = "risk", skew: int = 1
) -> Tree:
    folder = f"clusters/{environment}/{name}"
    family = _sample("family.yaml")
    family["metadata"] |= {"name": name, "tenant": tenant}
    family["spec"]["consistency"]["maxVersionSkew"] = skew
    family["spec"]["rollout"]["waves"] = [[region] for region in _REGIONS]
    family["spec"]["defaults"]["namespace"] = name
    tree = {f"{folder}/family.yaml": family}
    versions = set()
    for number, (stem, spec) in enumerate(specs.items()):
        cluster = _sample("cluster")
        region = _REGIONS[number % len(_REGIONS)]
        cluster["metadata"]["name"] = f"{name}-{stem}"
        own = {
            "region": region,
            "host": f"{stem}.{name}.example.com",
            **_identity(f"{name}-{stem}"),
        }
        own |= {"residency": ["EU"], "privacy": {"logs": region, "training": [region]}}
        cluster["spec"] |= own | spec
        tree[f"{folder}/{stem}.yaml"] = cluster
        versions |= {variant["version"] for variant in spec["variants"]}
    for version in versions:
        lock = _sample("lock")
        lock["metadata"] = {"environment": environment, "family": name}
        lock["spec"]["identity"] |= {"version": version, "model": family["spec"]["model"]["name"]}
        tree[f"{folder}/locks/{version}.yaml"] = lock
    return {path: json.dumps(document).encode() for path, document in tree.items()}


def _environment(name: str, families: Iterable[Tree], **of_tenants: Json) -> Tree:
    environment = _sample("environment.yaml")
    environment["metadata"]["name"] = name
    regions = [{"name": r, "jurisdiction": "EU", "destination": r} for r in _REGIONS]
    environment["spec"] |= {"regions": regions}
    tree = {path: data for family in families for path, data in family.items()}
    tenants: dict[str, list[str]] = {}
    for path, data in tree.items():
        if path.endswith("/family.yaml"):
            metadata = json.loads(data)["metadata"]
            tenants.setdefault(metadata["tenant"], []).append(metadata["name"])
    sample = environment["spec"]["tenants"][0] | of_tenants
    environment["spec"]["tenants"] = [
        {**sample, "name": tenant, "namespaces": [*names, "common"]}
        for tenant, names in tenants.items()
    ]
    return {f"clusters/{name}/environment.yaml": json.dumps(environment).encode(), **tree}


def _sample(kind: str) -> Json:
    return deepcopy(_samples()[kind])


@cache
def _samples() -> dict[str, Json]:
    tree = make_fleet(8)
    folder = next(path for path in tree if path.endswith("/family.yaml")).rpartition("/")[0]
    below = {path.removeprefix(f"{folder}/"): path for path in tree if path.startswith(folder)}
    paths = {
        "environment.yaml": f"{folder.rpartition('/')[0]}/environment.yaml",
        "family.yaml": below["family.yaml"],
        "cluster": next(p for n, p in below.items() if "/" not in n and n != "family.yaml"),
        "lock": next(path for name, path in below.items() if name.startswith("locks/")),
    }
    return {kind: _value(path, tree[path]) for kind, path in paths.items()}


def _value(path: str, data: bytes) -> Json:
    document, _ = load_yaml(path, data)
    assert document is not None
    return document.value

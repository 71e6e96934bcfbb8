"""Fleets in which one thing grows: a family, an identity that all share, environments, versions.

Each takes the number of clusters, and gives the trees after and before a change. Their documents
are those of a fleet of the bench, with a few fields replaced.
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

_REGIONS = [f"region-{number:02}" for number in range(24)]


def unchanged(clusters: int) -> Change:
    """The fleet of the bench."""
    return (tree := make_fleet(clusters)), tree


def large_family(clusters: int) -> Change:
    """All clusters in one family, in the middle of a rollout."""
    return _one_family(_each(clusters, _variants(1))), _one_family(_each(clusters, _variants(0)))


def all_waves_at_once(clusters: int) -> Change:
    """In every wave of one family the candidate gains weight, and no wave has finished."""
    return _one_family(_each(clusters, _variants(50))), _one_family(_each(clusters, _variants(1)))


def many_versions(clusters: int) -> Change:
    """Each cluster of one family has versions of its own, and gives another one weight."""
    names = list(_each(clusters, {}))
    now = {name: _variants(50, str(n + 1), str(n + 5000)) for n, name in enumerate(names)}
    before = {name: _variants(1, str(n + 1), str(n + 5000)) for n, name in enumerate(names)}
    return _one_family(now, skew=9999), _one_family(before, skew=9999)


def half_without_candidate(clusters: int) -> Change:
    """Half of the clusters of one family lack the candidate, and serve another stable version."""
    names = list(_each(clusters, {}))
    specs = {name: _variants(50) if n % 2 else _variants(None, "9") for n, name in enumerate(names)}
    return _both(_one_family(specs, skew=9))


def one_feature_view_differs(clusters: int) -> Change:
    """Every cluster of one family reads another version of a feature view, by another service."""
    names = list(_each(clusters, {}))
    return _both(
        _one_family(
            {
                name: {**_variants(0), "features": {"store": name, "views": {"a": str(n + 1)}}}
                for n, name in enumerate(names)
            }
        )
    )


def doubled_family(clusters: int) -> Change:
    """One family gets as many new clusters as it has."""
    specs = _each(clusters, _variants(1))
    half = dict(list(specs.items())[::2])
    return _one_family(specs), _one_family(half)


def learning_arms(clusters: int) -> Change:
    """Each cluster of one family has an arm of its own that learns; all write to one view."""
    names = list(_each(clusters, {}))
    return _both(_one_family({name: _learning(f"arm-{name}") for name in names}))


def learning_families(clusters: int) -> Change:
    """Many families with such an arm, trained on one dataset."""
    families = [_family(f"f{n}", {"c": _learning("arm")}) for n in range(clusters)]
    return _both(_environment("prod", families))


def one_identity(clusters: int) -> Change:
    """All clusters have one identity, one namespace and one host."""
    spec = {**_variants(0), **_identity("all"), "namespace": "f0", "host": "all.example.com"}
    families = [_family(f"f{n}", {"c": spec}) for n in range(clusters)]
    return _both(_environment("prod", families))


def many_identities(clusters: int) -> Change:
    """Each identity is that of two clusters."""
    families = [
        _family(f"f{n}", {"c": {**_variants(0), **_identity(str(n // 2))}}) for n in range(clusters)
    ]
    return _both(_environment("prod", families))


def many_environments(clusters: int) -> Change:
    """Environments of two clusters: one identity is that of all, the other that of two."""
    tree: dict[str, bytes] = {}
    for n in range(clusters // 2):
        specs = {
            "one": {**_variants(0), **_identity("all")},
            "two": {**_variants(0), **_identity(str(n // 2))},
        }
        tree |= _environment(f"e{n:04}", [_family("f", specs, environment=f"e{n:04}")])
    return _both(tree)


def many_tenants(clusters: int) -> Change:
    """Families of tenants of their own, all above quota and budget, with common namespaces."""
    families = [_family(f"f{n}", {"c": _variants(0)}, tenant=f"t{n}") for n in range(clusters)]
    return _both(_environment("prod", families, quota={"cpu": "1", "memory": "1Gi"}, budget=1))


SHAPES = (
    unchanged, large_family, all_waves_at_once, many_versions, half_without_candidate,
    one_feature_view_differs, doubled_family, learning_arms, learning_families, one_identity,
    many_identities, many_environments, many_tenants,
)  # fmt: skip


def _both(tree: Tree) -> Change:
    return tree, tree


def _each(clusters: int, spec: Json) -> Specs:
    return {f"c{number:05}": spec for number in range(clusters)}


def _one_family(specs: Specs, skew: int = 1) -> Tree:
    return _environment("prod", [_family("f0", specs, skew=skew)])


def _variants(weight: int | None, stable: str = "1", candidate: str = "2") -> Json:
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

"""``lockstep add``: write the files of a further environment, family or cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lockstep.check.workspace import work_tree
from lockstep.edges.git import Git
from lockstep.edges.resources import scaffold_templates, shipped_tree
from lockstep.edges.scratch import sweep_work_tree
from lockstep.model.document import value_at
from lockstep.model.errors import UsageError
from lockstep.model.file_results import Scaffolded
from lockstep.model.fleet import Cluster, Environment, Fleet, Tree
from lockstep.model.paths import SETTINGS
from lockstep.policy.thresholds import ORGANISATION, threshold_values
from lockstep.scaffold.requests import (
    EXAMPLE_IMAGE,
    EXAMPLE_OWNER,
    EXAMPLE_ROUTING_KEYS,
    ClusterRequest,
    EnvironmentRequest,
    FamilyRequest,
    RegionRequest,
)
from lockstep.scaffold.texts import cluster_files, environment_files, family_files
from lockstep.scaffold.values import check_labels, check_values
from lockstep.scaffold.waves import with_wave
from lockstep.spec.selection import choose_families, choose_family
from lockstep.spec.settings import read_settings
from lockstep.text.sanitise import quoted
from lockstep.transactions.run import RunOptions
from lockstep.transactions.scaffolding import (
    Version,
    complete,
    refuse_existing,
    serving_version,
    valid_fleet,
    write_completed,
)

_TAKEN = "give another name; lockstep add edits no file that exists"
_OBSERVABILITY = ("spec", "observability")
_COMMIT = "git add --all && git commit"


@dataclass(frozen=True)
class FamilyOptions:
    """What ``add family`` was given; None is as in the families that are there."""

    model: str | None
    image: str | None
    namespace: str | None
    tenant: str | None
    owner: str | None
    regions: tuple[str, ...]
    version: str | None
    domain: str | None
    gate: Mapping[str, Any]


@dataclass(frozen=True)
class ClusterOptions:
    """What ``add cluster`` was given; the region is by default the cluster's name."""

    family: str
    region: str | None
    version: str | None
    domain: str | None


@dataclass(frozen=True)
class EnvironmentOptions:
    """What ``add environment`` was given; None is as in the environments that are there."""

    tier: str
    regions: tuple[RegionRequest, ...]
    kubernetes: str
    owner: str | None
    tenant: str
    namespace: str | None
    argocd_namespace: str | None
    argocd_project: str | None
    operator_labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Place:
    """The repository, with what is in it."""

    git: Git
    tree: Tree
    fleet: Fleet


def add_environment(options: RunOptions, name: str, given: EnvironmentOptions) -> Scaffolded:
    """Write the file of an environment. Raises as ``add_cluster``."""
    place = _read(options)
    settings = read_settings(place.tree.get(SETTINGS, b""))
    homes = list(place.fleet.environments.values())
    like = homes[0].document.value if homes else {}
    owner = given.owner or _of_families(place.fleet, "owner") or EXAMPLE_OWNER
    request = EnvironmentRequest(
        name, given.tier, given.regions, settings.repository, settings.branch, given.kubernetes,
        owner, given.tenant, given.namespace or "models",
        given.argocd_namespace or value_at(like, ("spec", "argocd", "namespace"), "argocd"),
        given.argocd_project or value_at(like, ("spec", "argocd", "project"), "default"),
        given.operator_labels
        or tuple(value_at(like, (*_OBSERVABILITY, "labels"), {}).items()),
    )  # fmt: skip
    check_values(shipped_tree(), {
        "environment": name, "owner": owner, "tenant": request.tenant,
        "namespace": request.namespace, "argocd-namespace": request.argocd_namespace,
        "argocd-project": request.argocd_project,
    })  # fmt: skip
    check_labels(shipped_tree(), request.operator_labels)
    for region in given.regions:
        check_values(shipped_tree(), {
            "region": region.name, "jurisdiction": region.jurisdiction,
            "destination": region.destination,
        })  # fmt: skip
    files = environment_files(request, scaffold_templates())
    refuse_existing(place.git.root, files, _TAKEN)
    todo = ["quota and budget of its tenant"] if given.tier == "production" else []
    if request.observed:
        todo.append("who observes it: spec.observability")
    return _write(options, place, files, "", Version(""), todo)


def add_family(options: RunOptions, name: str, given: FamilyOptions) -> Scaffolded:
    """Write a family with a cluster in each region. Raises as ``add_cluster``."""
    place = _read(options)
    home = _environment(place.fleet, options.environment)
    model = given.model or name
    check_values(shipped_tree(), {"family": name, "model": model, "version": given.version})
    listed = value_at(home.document.value, ("spec", "regions"), [])
    regions = given.regions or tuple(str(region["name"]) for region in listed)
    tenants = value_at(home.document.value, ("spec", "tenants"), [{}])
    first = tenants[0] if isinstance(tenants, list) and tenants else {}
    tenant = given.tenant or first.get("name") or _of_families(place.fleet, "tenant") or "ml"
    request = FamilyRequest(
        home.name, _tier(home), name, model, regions,
        given.owner or _of_families(place.fleet, "owner") or EXAMPLE_OWNER, tenant,
        given.namespace or next(iter(first.get("namespaces", ())), name),
        given.image or _image(place.fleet) or EXAMPLE_IMAGE,
        observed=value_at(home.document.value, _OBSERVABILITY) is not None,
        routing_keys=_routing_keys(place.tree), **given.gate,
    )  # fmt: skip
    check_values(shipped_tree(), {
        "owner": request.owner, "tenant": request.tenant, "namespace": request.namespace,
        "image": request.image, "domain": given.domain, "metric": request.metric,
        "dataset": request.dataset,
    })  # fmt: skip
    version = serving_version(options, model, given.version)
    domain = given.domain or _zone(place.tree, tenant) or request.owner.rpartition("@")[2]
    clusters = tuple(
        _cluster(home, name, region, region, version.number, domain) for region in regions
    )
    files = family_files(request, clusters, scaffold_templates())
    refuse_existing(place.git.root, files, _TAKEN)
    todo = [] if given.image else ["the image, if the model needs another than the other families"]
    return _write(options, place, files, f"{home.name}/{name}", version, todo)


def add_cluster(options: RunOptions, name: str, given: ClusterOptions) -> Scaffolded:
    """Write a cluster of a family, with a wave of its own where no wave has its region.

    Raises UsageError for a name that is not allowed or that exists, LockstepError where the
    registry does not give the version; nothing is written then.
    """
    place = _read(options)
    home, chosen = choose_family(place.fleet, given.family, options.environment)
    region = given.region or name
    owner = str(value_at(chosen.document.value, ("metadata", "owner"), EXAMPLE_OWNER))
    tenant = str(value_at(chosen.document.value, ("metadata", "tenant"), ""))
    domain = given.domain or _zone(place.tree, tenant) or owner.rpartition("@")[2]
    check_values(shipped_tree(), {"version": given.version, "domain": domain})
    number = given.version or _stable(chosen.clusters)
    request = _cluster(home, chosen.name, name, region, number, domain)
    files = cluster_files(request, scaffold_templates())
    refuse_existing(place.git.root, files, _TAKEN)
    path = chosen.document.path
    edited = with_wave(chosen.document, place.tree[path], region)
    if edited != place.tree[path]:
        files[path] = edited
    model = str(value_at(chosen.document.value, ("spec", "model", "name"), ""))
    locked = number in chosen.locks
    version = Version(number) if locked else serving_version(options, model, number)
    return _write(options, place, files, f"{home.name}/{chosen.name}", version, [])


def _read(options: RunOptions) -> _Place:
    git = Git.find(options.root)
    tree = work_tree(git)
    # What is written is derived from the files that are there, so they must be well-formed.
    return _Place(git, tree, valid_fleet(tree))


def _write(
    options: RunOptions,
    place: _Place,
    files: dict[str, bytes],
    family: str,
    version: Version,
    todo: list[str],
) -> Scaffolded:
    completed = complete(options, place.tree, files, family, version)
    sweep_work_tree(place.git.root)
    edited = {path: data for path, data in files.items() if path in place.tree}
    added = {path: data for path, data in completed.files.items() if path not in edited}
    rendered = {**completed.rendered, **edited}
    write_completed(place.git.root, replace(completed, files=added, rendered=rendered))
    commands = [_COMMIT, "lockstep check"]
    if family and any(path.startswith(f"ledger/{family}/") for path in place.tree):
        # Its newest record lists other clusters, and adopt records the one that joins.
        commands = [
            "git switch --create more-clusters",
            _COMMIT,
            "git push origin HEAD",
            f"lockstep adopt {family} --reason 'a cluster joins' --branch more-clusters",
        ]
    if completed.note:
        commands.insert(0, f"lockstep lock {family} {version.number} && lockstep render")
    written = tuple(sorted(files))
    lock, count = completed.lock, len(completed.rendered)
    return Scaffolded(written, count, lock, completed.note, tuple(todo), tuple(commands))


def _cluster(
    home: Environment, family: str, file: str, region: str, version: str, domain: str
) -> ClusterRequest:
    check_values(shipped_tree(), {"cluster": file, "region": region})
    listed = value_at(home.document.value, ("spec", "regions"), [])
    found = next((each for each in listed if each.get("name") == region), None)
    if found is None:
        raise UsageError(
            f"the environment {home.name} has no region {quoted(region, 80)}",
            fix=f"add it to spec.regions of {home.document.path}, or give one that is there: "
            f"{', '.join(str(each.get('name')) for each in listed)}",
        )
    jurisdiction = str(found["jurisdiction"])
    made = ClusterRequest(
        home.name, _tier(home), family, file, region, jurisdiction, version, domain
    )
    check_values(shipped_tree(), {"cluster": made.name, "host": made.host})
    return made


def _zone(tree: Tree, tenant: str) -> str:
    """The first zone of the organisation that hosts may be in; empty where it has none yet."""
    zones = threshold_values(ORGANISATION, tree.get(ORGANISATION, b"")).get("hosts")
    first = zones[0] if isinstance(zones, list) and zones else ""
    return first.replace("{tenant}", tenant) if isinstance(first, str) else ""


def _routing_keys(tree: Tree) -> str:
    """The first name that Secrets with routing keys may have, or an example to replace."""
    secrets = threshold_values(ORGANISATION, tree.get(ORGANISATION, b"")).get("secrets")
    names = value_at(secrets, ("onCall",), []) if isinstance(secrets, dict) else []
    first = names[0] if isinstance(names, list) and names else None
    return first if isinstance(first, str) else EXAMPLE_ROUTING_KEYS


def _environment(fleet: Fleet, name: str | None) -> Environment:
    choose_families(fleet, None, name)  # refuses an environment that is not there
    if name is None and len(fleet.environments) != 1:
        raise UsageError(
            "there are several environments",
            fix=f"give --environment: one of {', '.join(sorted(fleet.environments))}",
        )
    return fleet.environments[name or next(iter(fleet.environments))]


def _tier(home: Environment) -> str:
    return str(value_at(home.document.value, ("spec", "tier"), "production"))


def _of_families(fleet: Fleet, key: str) -> str | None:
    found = (value_at(f.document.value, ("metadata", key)) for f in fleet.families())
    return next((value for value in found if isinstance(value, str)), None)


def _image(fleet: Fleet) -> str | None:
    pointer = ("spec", "defaults", "serving", "image")
    found = (value_at(family.document.value, pointer) for family in fleet.families())
    return next((image for image in found if isinstance(image, str)), None)


def _stable(clusters: tuple[Cluster, ...]) -> str:
    """The version that a family serves: that of the variant with the most weight."""
    variants = [variant for cluster in clusters for variant in cluster.variants]
    by_weight = sorted(variants, key=lambda each: int(each.get("weight", 0)))
    return str(by_weight[-1].get("version", "1")) if by_weight else "1"

"""The check of a fleet: what spans its families, from their summaries and results alone.

Only where something is found are the files of more families needed, to say at which line.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lockstep.check.family import findings_of
from lockstep.check.family_values import FolderClaims, Terms
from lockstep.check.summary import FamilySummary
from lockstep.check.units import Unit, rendered_folder_of
from lockstep.model.document import Document, Json
from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import Cluster, Environment, Fleet, Tree
from lockstep.policy import PolicyItem, RuleFinding, environment_input
from lockstep.policy.environment_summary import summaries_of
from lockstep.render import Templates, compare, render_environment, render_tenants
from lockstep.render.collisions import Claims, find_collisions, shared_projects
from lockstep.render.folder import RenderedFolder
from lockstep.render.names import environment_folder, tenants_folder
from lockstep.spec import settings
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.structure.duplicates import check_duplicates
from lockstep.spec.structure.namespaces import check_namespaces
from lockstep.spec.validate import elsewhere, validate_environment

Summaries = Mapping[Unit, FamilySummary]


EnvironmentFolders = Mapping[str, Sequence[RenderedFolder]]
"""What belongs to each environment and its tenants, by the environment's name."""


@dataclass(frozen=True)
class FleetInput:
    """What the check of a fleet is made from.

    ``fleet`` has all environments, and the families whose files were read: at least those that
    share a name or a host with others, and those of ``claims``. ``before`` is the base's; only its
    environments count. ``unreadable`` is what the loader found in files of no family, ``about``
    what is wrong with each environment's own file, ``known`` what was found in files of families.
    ``summaries`` are those of all families in order, ``claims`` those of families that collide.
    ``left`` are the files under rendered/ that are in no folder of a cluster or family,
    ``settings`` the bytes of lockstep.yaml.
    """

    fleet: Fleet
    before: Fleet | None
    unreadable: Sequence[Finding]
    about: Mapping[str, Sequence[Finding]]
    summaries: Summaries
    claims: Mapping[Unit, FolderClaims]
    known: Sequence[Finding]
    left: Tree
    settings: bytes | None

    @property
    def valid(self) -> Fleet:
        """The environments whose own file has no error."""
        findings = [*self.unreadable, *(f for each in self.about.values() for f in each)]
        broken = {f.file for f in findings if f.severity is Severity.ERROR}
        environments = self.fleet.environments.items()
        return Fleet({n: e for n, e in environments if e.document.path not in broken})


@dataclass(frozen=True)
class FleetResult:
    """What spans families: ``invalid`` and ``denied`` as in FamilyResult.

    ``colliding`` are the folders that another one collides with: neither is written, so neither is
    compared with what is committed.
    """

    invalid: tuple[Finding, ...]
    denied: tuple[RuleFinding, ...]
    colliding: frozenset[str]


def check_fleet(
    given: FleetInput,
    folders: EnvironmentFolders,
    answers: Sequence[Sequence[Json]],
    terms: Terms,
) -> FleetResult:
    """Check what spans families; ``answers`` are those about environment_items, by policy set."""
    found, repeated = validate_spanning(given, terms.schemas)
    colliding: frozenset[str] = frozenset()
    if terms.compared:
        rendered = render_spanning(given, folders, repeated)
        colliding = rendered.colliding
        found += rendered.findings
        found += compare(rendered.files, rendered.committed, unrendered=rendered.unrendered)
    denied = findings_of(environment_items(given), answers, terms)
    return FleetResult(tuple(found), tuple(denied), colliding)


def validate_spanning(
    given: FleetInput, schemas: Sequence[Schemas]
) -> tuple[list[Finding], set[str]]:
    """What is wrong with what belongs to no family alone, in specs.

    Gives the files of clusters that take the name or the host of another, too.
    """
    found = [*given.unreadable, *(f for each in given.about.values() for f in each)]
    found += _missing_environments(given)
    found += _about_settings(given, schemas)
    found += check_namespaces(each for _, each in sorted(given.valid.environments.items()))
    repeated = _duplicates(given, [*given.unreadable, *given.known])
    return [*found, *repeated], {finding.file for finding in repeated}


def about_environment(
    environment: Environment, fleet: Fleet, families: Iterable[str], unreadable: Sequence[Finding],
    schemas: Sequence[Schemas],
) -> list[Finding]:  # fmt: skip
    """What is wrong with an environment's own file, by all schemas that count."""
    args = environment, fleet, set(families)
    return [f for each in schemas for f in validate_environment(*args, each, unreadable)]


def _missing_environments(given: FleetInput) -> Iterator[Finding]:
    """A finding for each environment whose own file is not there, at the first file in it."""
    found = {finding.file for finding in given.unreadable}
    for summary in given.summaries.values():
        head = f"clusters/{summary.unit[0]}/environment.yaml"
        missing = summary.unit[0] not in given.fleet.environments and head not in found
        if summary.first_file and missing:
            found.add(head)
            text, fix = f"{head} is missing", "add that file"
            yield Finding(summary.first_file, 1, 1, "layout.environment", text, fix)


def _about_settings(given: FleetInput, schemas: Sequence[Schemas]) -> list[Finding]:
    """What is wrong with ``lockstep.yaml``, and with environments that follow another branch."""
    if given.settings is None:
        return []
    knowing = [each for each in schemas if each.knows(settings.SCHEMA)]
    args = given.settings, given.fleet
    return [f for each in knowing for f in settings.check_settings(*args, each)]


def sharing(summaries: Summaries) -> set[Unit]:
    """The families that take a name or a host that another cluster of their environment has."""
    takers = Counter((s.unit[0], *each) for s in summaries.values() for each in s.taken)
    return {
        s.unit for s in summaries.values() if any(takers[s.unit[0], *each] > 1 for each in s.taken)
    }


def _duplicates(given: FleetInput, known: Iterable[Finding]) -> list[Finding]:
    """Names and hosts that are taken twice; places in ``known`` have a finding already."""
    shared: dict[str, list[str]] = {}
    for environment, name in sorted(sharing(given.summaries)):
        shared.setdefault(environment, []).append(name)
    found: list[Finding] = []
    for environment, names in shared.items():
        home = given.fleet.environments.get(environment)
        found += check_duplicates(home.families[name] for name in names) if home else ()
    return elsewhere(found, known)


def render_environments(
    given: FleetInput, templates: Templates, known: EnvironmentFolders
) -> dict[str, Sequence[RenderedFolder]]:
    """The folders of the environments whose own file has no error, and of their tenants.

    Those that are ``known`` are not rendered again. Of the others the objects are left out.
    """
    return {
        name: known[name] if name in known else _folders_of(each, templates)
        for name, each in given.valid.environments.items()
    }


def _folders_of(environment: Environment, templates: Templates) -> list[RenderedFolder]:
    made = render_environment(environment, templates), *render_tenants(environment, templates)
    return [replace(folder, manifests={}) for folder in made]


def colliding_families(
    claims: Mapping[Unit, FolderClaims], folders: EnvironmentFolders
) -> list[Unit]:
    """The families that claim what is claimed twice, in order."""
    rendered = (folder for each in folders.values() for folder in each)
    claimed = Counter(claim.what for folder in rendered for claim in folder.claims)
    claimed.update(c.what for each in claims.values() for _, _, own in each for c in own)
    return [
        unit
        for unit, each in sorted(claims.items())
        if any(claimed[claim.what] > 1 for _, _, own in each for claim in own)
    ]


@dataclass(frozen=True)
class RenderedSpanning:
    """The rendered files that belong to no family, and what is wrong with all folders together.

    ``colliding`` are the folders that another one collides with (see FleetResult). ``committed``
    is what ``files`` are compared with, without the folders that are ``unrendered``.
    """

    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    colliding: frozenset[str]
    committed: Tree
    unrendered: tuple[str, ...]


def render_spanning(
    given: FleetInput, environments: EnvironmentFolders, repeated: Collection[str]
) -> RenderedSpanning:
    """The folders of environments, and what several folders claim: which is right is not known.

    Clusters whose files are ``repeated`` take the name or host of another: that they claim the
    same would only repeat it.
    """
    own = [folder for each in environments.values() for folder in each]
    folders: list[tuple[Cluster | Document, str, Claims]] = [
        (given.fleet.environments[name].document, folder.path, folder.claims)
        for name, each in environments.items()
        for folder in each
    ]
    of_families = list(_claims(given))
    folders += [each for each in of_families if each[0].path not in repeated]
    shared = shared_projects(each.document for each in given.valid.environments.values())
    collisions = find_collisions(((origin, claims) for origin, _, claims in folders), shared)
    colliding = {folders[index][1] for index in collisions}
    colliding |= {folder for origin, folder, _ in of_families if origin.path in repeated}
    files: dict[str, bytes] = {}
    for folder in own:
        files |= {} if folder.path in colliding else folder.by_path()
    found = [finding for folder in own for finding in folder.findings]
    found += [finding for each in collisions.values() for finding in each]
    committed, unrendered = _outside_of_families(given, own, files)
    return RenderedSpanning(files, tuple(found), frozenset(colliding), committed, unrendered)


def _claims(given: FleetInput) -> Iterator[tuple[Cluster | Document, str, Claims]]:
    """What the folders of families claim, with the cluster or the family's document of each."""
    for (environment, name), claims in given.claims.items():
        if claims:
            family = given.fleet.environments[environment].families[name]
            origins: dict[str, Cluster | Document] = {family.document.path: family.document}
            origins |= {cluster.path: cluster for cluster in family.clusters}
            yield from ((origins[path], folder, each) for path, folder, each in claims)


def _outside_of_families(
    given: FleetInput, rendered: Iterable[RenderedFolder], files: Mapping[str, bytes]
) -> tuple[Tree, tuple[str, ...]]:
    """What rendered/ holds in no folder of a family; the folders that should have files, but not.

    Those are all of an environment whose own file is missing or has an error.
    """
    names = {*given.fleet.environments, *(s.unit[0] for s in given.summaries.values() if s.folders)}
    kept = {folder for s in given.summaries.values() for folder in s.folders}
    left = {path: d for path, d in given.left.items() if rendered_folder_of(path) not in kept}
    there = {path.rpartition("/")[0] for path in files}
    wanted = {folder.path for folder in rendered}
    for name in names - given.valid.environments.keys():
        wanted |= {environment_folder(name), tenants_folder(name)}
    return left, tuple(sorted(wanted - there))


def outside(folders: Collection[str], findings: Iterable[Finding]) -> list[Finding]:
    """Findings without those that compare a folder of ``folders``, which was not written."""
    return [
        f
        for f in findings
        if not (f.file.startswith("rendered/") and f.file.rpartition("/")[0] in folders)
    ]


def environment_items(given: FleetInput) -> list[PolicyItem]:
    """What rules of scope environment evaluate: each environment with the shares of all families.

    The families of ``given.fleet`` are those that a finding may point into.
    """
    shares = [(s.unit[0], s.share) for s in given.summaries.values() if s.share is not None]
    valid = given.valid
    summaries = summaries_of(valid.environments, shares)
    return [
        environment_input(valid, given.before, each, summaries[each.name])
        for each in valid.environments.values()
    ]


def named_clusters(answers: Iterable[Json]) -> set[str]:
    """The clusters that answers about environments point into, by name."""
    findings = [
        finding
        for answer in answers
        if isinstance(answer, dict) and isinstance(answer.get("findings"), list)
        for finding in answer["findings"]
        if isinstance(finding, dict)
    ]
    also = [each.get("also") for each in findings]
    places = [place for each in also if isinstance(each, list) for place in each]
    return {
        str(place["cluster"])
        for place in (*findings, *places)
        if isinstance(place, dict) and place.get("cluster") is not None
    }

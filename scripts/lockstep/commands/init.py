"""``lockstep init``: write the few files of a new fleet, lock what serves, and render."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lockstep.check.workspace import with_shipped
from lockstep.edges.files import existing
from lockstep.edges.git import Git
from lockstep.edges.os_errors import cannot_write
from lockstep.edges.resources import scaffold_templates, shipped_tree
from lockstep.model.errors import UsageError
from lockstep.model.file_results import Scaffolded
from lockstep.model.paths import SETTINGS
from lockstep.scaffold.pipelines import TRAINER, measured_on, pipeline_files
from lockstep.scaffold.requests import (
    EXAMPLE_IMAGE,
    EXAMPLE_OWNER,
    EXAMPLE_REPOSITORY,
    ClusterRequest,
    FleetRequest,
    PipelineRequest,
)
from lockstep.scaffold.texts import COMPANIONS, fleet_files
from lockstep.scaffold.values import check_labels, check_values
from lockstep.text.sanitise import bare_address
from lockstep.transactions.pipelines import REPLACE_TRAINING, add_pipelines
from lockstep.transactions.run import RunOptions
from lockstep.transactions.scaffolding import (
    complete,
    refuse_existing,
    serving_version,
    write_completed,
)

# What a fleet is made of; files in these would become part of the new one.
_FOLDERS = ("clusters", "ledger", "policies", "rendered", "templates")


@dataclass(frozen=True)
class InitOptions:
    """How ``init`` was called; ``domain`` is that of the hosts, and ``version`` what serves.

    With ``keep`` a README and other files that no check needs stay as they are. ``pipelines`` are
    the names of those whose files are to be written, too.
    """

    run: RunOptions
    version: str | None = None
    domain: str | None = None
    keep: bool = False
    pipelines: tuple[str, ...] = ()


def is_fleet(root: Path) -> bool:
    """Whether a folder holds a fleet."""
    return bool(existing(root, (SETTINGS, "clusters")))


def add_to_fleet(
    root: Path, names: Sequence[str], family: str | None, environment: str | None, *, keep: bool
) -> Scaffolded:
    """Add the files of pipelines to the fleet that is there; raises as ``add_pipelines``."""
    return add_pipelines(root, names, family, environment, keep=keep)


def repository_facts(folder: Path) -> tuple[str | None, str | None]:
    """The address of ``origin`` and the checked-out branch, where ``folder`` is in a repository."""
    git = Git.at(folder) if folder.is_dir() else None
    if git is None:
        return None, None
    origin = next((each for each in git.remotes() if each.name == "origin"), None)
    # The first address is as git rewrites it, the last as it is configured.
    address = origin.fetches[-1] if origin and origin.fetches else None
    if address and address.startswith("http"):
        address = bare_address(address)  # a password in it would be committed
    return address, git.branch()


def run(request: FleetRequest, options: InitOptions) -> Scaffolded:
    """Write a fleet whose clusters are made from the regions of its environment.

    Raises UsageError where a value is not allowed or a file exists, LockstepError where the
    registry does not give the version; nothing is written then.
    """
    _check(request, options)
    root = options.run.root
    _refuse_fleet(root)
    refuse_existing(
        root,
        _files(request, options, options.version or "1"),  # the paths are those of any version
        "move them away, or run it with --keep where they are not specs",
    )
    version = serving_version(options.run, request.family.model, options.version)
    files = _files(request, options, version.number)
    family = f"{request.environment.name}/{request.family.name}"
    completed = complete(options.run, with_shipped({}), files, family, version)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:  # a file is there, or one of its folders may not be written to
        raise cannot_write(error, str(root), "give a folder that you may write to") from error
    write_completed(root, completed)
    todo, unlocked = _todo(request, root), f"{family} {version.number}" if completed.note else ""
    if TRAINER in files:
        todo.append(REPLACE_TRAINING)
    return Scaffolded(
        tuple(sorted(files)),
        len(completed.rendered),
        completed.lock,
        completed.note,
        tuple(todo),
        tuple(_commands(root, unlocked, changes=bool(todo))),
    )


def _files(request: FleetRequest, options: InitOptions, version: str) -> dict[str, bytes]:
    """The files to write, without those to be kept."""
    clusters = _clusters(request, options, version)
    for cluster in clusters:
        check_values(shipped_tree(), {"cluster": cluster.name, "host": cluster.host})
    files = fleet_files(replace(request, clusters=clusters), scaffold_templates())
    pipelines = _pipelines(request, options)
    files |= pipelines
    there = existing(options.run.root, files) if options.keep else ()
    kept = COMPANIONS.union(pipelines).intersection(there)
    return {path: data for path, data in files.items() if path not in kept}


def _pipelines(request: FleetRequest, options: InitOptions) -> dict[str, bytes]:
    """The files of the pipelines that are asked for."""
    environment, family = request.environment, request.family
    made = PipelineRequest(
        options.pipelines, environment.name, family.name, family.model,
        tuple(sorted(family.regions)), family.owner, environment.repository, environment.branch,
        measured_on([family.dataset]),
    )  # fmt: skip
    return pipeline_files(made, scaffold_templates())


def _check(request: FleetRequest, options: InitOptions) -> None:
    environment, family = request.environment, request.family
    shipped = shipped_tree()
    given = {
        "environment": environment.name, "family": family.name, "model": family.model,
        "namespace": family.namespace, "tenant": family.tenant, "owner": family.owner,
        "image": family.image, "repository": environment.repository,
        "branch": environment.branch, "metric": family.metric, "dataset": family.dataset,
        "argocd-namespace": environment.argocd_namespace,
        "argocd-project": environment.argocd_project, "domain": options.domain,
        "version": options.version, "source": request.source or None, "hash": request.hash or None,
    }  # fmt: skip
    check_values(shipped, given)
    check_labels(shipped, environment.operator_labels)
    for region in environment.regions:
        check_values(shipped, {
            "region": region.name, "jurisdiction": region.jurisdiction,
            "destination": region.destination,
        })  # fmt: skip


def _clusters(
    request: FleetRequest, options: InitOptions, version: str
) -> tuple[ClusterRequest, ...]:
    environment, family = request.environment, request.family
    return tuple(
        ClusterRequest(
            environment.name, environment.tier, family.name, region.name, region.name,
            region.jurisdiction, version, options.domain or request.owner_domain,
        )
        for region in environment.regions
    )  # fmt: skip


def _refuse_fleet(root: Path) -> None:
    if found := existing(root, _FOLDERS):
        raise UsageError(
            f"these folders exist, so nothing was written: {', '.join(found)}",
            where=str(root),
            fix="to add to a fleet that is there, run lockstep add; else give an empty folder",
        )


def _todo(request: FleetRequest, root: Path) -> list[str]:
    """What is an example, and must be replaced before Argo CD syncs it."""
    family = f"clusters/{request.environment.name}/{request.family.name}"
    environment = f"clusters/{request.environment.name}/environment.yaml"
    settings = f"lockstep.yaml and {environment}"
    found = []
    if request.repository == EXAMPLE_REPOSITORY:
        found.append(f"the address of the repository, in {settings}")
    if request.family.image == EXAMPLE_IMAGE:
        found.append(f"the image, in {family}/family.yaml, and its registry in policies/data/")
    if request.owner == EXAMPLE_OWNER:
        found.append(f"the owner, in {family}/family.yaml and CODEOWNERS")
    if not request.source:
        found.append("the pin of the program, in lockstep.yaml: its comment shows how")
    elif not (request.hash or request.source.startswith("git+")):
        found.append("the hash of the program, in lockstep.yaml: pip hash prints that of a wheel")
    if request.environment.tier == "production":
        found.append(f"quota, budget, objectives and identities, in {family}/ and its environment")
    if request.environment.observed:
        found.append(f"who observes it, in spec.observability of {environment}")
    git = Git.at(root)
    if git and git.top != root:
        found.append(f"the workflow, CODEOWNERS and the hook: the forge reads them in {git.top}")
    return found


def _commands(root: Path, unlocked: str, *, changes: bool) -> list[str]:
    """What to run next; ``unlocked`` is the family and the version that have no lock, and with
    ``changes`` people replace examples before.
    """
    commands = [] if root == Path.cwd() else [f"cd {shlex.quote(str(root))}"]
    # In a folder that a repository ignores, git would store nothing.
    commands += [] if Git.at(root) else ["git init"]
    if unlocked:
        commands.append(f"lockstep lock {unlocked} && lockstep render")
    elif changes:
        commands.append("lockstep render")
    return [*commands, "git add --all && git commit --message 'Our fleet'", "lockstep check"]

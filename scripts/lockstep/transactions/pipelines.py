"""Adds the files of training pipelines to a fleet that is there, with the fleet's own values."""

from collections.abc import Sequence
from pathlib import Path

from lockstep.check.workspace import work_tree
from lockstep.edges.files import existing, read_file, write_all
from lockstep.edges.git import Git
from lockstep.edges.resources import scaffold_templates, shipped_tree
from lockstep.model.document import value_at
from lockstep.model.errors import UsageError
from lockstep.model.file_results import Scaffolded
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.paths import SETTINGS
from lockstep.scaffold.pipelines import FOLDER, TRAINER, dataset_of, pipeline_files
from lockstep.scaffold.requests import EXAMPLE_OWNER, PipelineRequest
from lockstep.scaffold.values import check_values
from lockstep.spec.selection import choose_families, choose_family
from lockstep.spec.settings import read_settings
from lockstep.transactions.scaffolding import valid_fleet

_LONGEST = 1024 * 1024
"""Bytes of a file of a pipeline that is there already; a longer one is not one of ours."""

REPLACE_TRAINING = f"the data, the training and the measures, in {TRAINER}"
"""What people have to do with the trainer."""


def add_pipelines(
    root: Path, names: Sequence[str], family: str | None, environment: str | None, *, keep: bool
) -> Scaffolded:
    """Write the files of pipelines that propose versions of a family of the fleet at ``root``.

    A file that is there with the same content stays, and with ``keep`` any other one, too. Raises
    UsageError where it is not clear which family is meant, and for a file with other content;
    Invalid where the fleet is not valid. Nothing is written then.
    """
    place = Git.find(root).root
    files = files_of_pipelines(place, names, family, environment)
    others = _with_other_content(place, files)
    if others and not keep:
        raise UsageError(
            f"these files exist with other content, so nothing was written: {', '.join(others)}",
            where=str(place),
            fix="move them away, or run it with --keep, which leaves them as they are",
        )
    new = {path: data for path, data in files.items() if not existing(place, [path])}
    write_all(place, new)
    todo = (REPLACE_TRAINING,) if TRAINER in new else ()
    commands = (f"git add {FOLDER} && git commit --message 'Propose from a training pipeline'",)
    return Scaffolded(tuple(sorted(new)), todo=todo, commands=commands if new else ())


def files_of_pipelines(
    root: Path, names: Sequence[str], family: str | None, environment: str | None
) -> dict[str, bytes]:
    """The files of pipelines for the fleet at ``root``, by their paths; raises as there."""
    tree = work_tree(Git.find(root))
    request = _request(tree, valid_fleet(tree), names, family, environment)
    return pipeline_files(request, scaffold_templates())


def _request(
    tree: Tree, fleet: Fleet, names: Sequence[str], name: str | None, environment: str | None
) -> PipelineRequest:
    family = _chosen(fleet, name, environment)
    settings = read_settings(tree.get(SETTINGS, b""))
    model = str(value_at(family.document.value, ("spec", "model", "name"), ""))
    owner = str(value_at(family.document.value, ("metadata", "owner"), EXAMPLE_OWNER))
    request = PipelineRequest(
        tuple(names), family.environment, family.name, model,
        tuple(sorted({cluster.region for cluster in family.clusters})), owner,
        settings.repository, settings.branch, dataset_of(family),
    )  # fmt: skip
    check_request(request)
    return request


def check_request(request: PipelineRequest) -> None:
    """Raise UsageError for the first value that its schema does not allow.

    They become code and arguments: what a schema refuses must not get there by a file that no
    check has seen.
    """
    check_values(shipped_tree(), {
        "environment": request.environment, "family": request.family, "model": request.model,
        "owner": request.owner, "repository": request.repository, "branch": request.branch,
        "dataset": request.dataset,
    })  # fmt: skip
    for region in request.regions:
        check_values(shipped_tree(), {"region": region})


def _chosen(fleet: Fleet, name: str | None, environment: str | None) -> Family:
    """The family that is named; without a name the only one there is."""
    if name is not None:
        return choose_family(fleet, name, environment)[1]
    families = choose_families(fleet, None, environment)
    if len(families) == 1:
        return families[0]
    listed = ", ".join(f"{each.environment}/{each.name}" for each in families[:10])
    raise UsageError(
        f"there are {len(families)} families, and a pipeline proposes versions of one",
        fix=f"give --family: one of {listed}" if families else "add one with lockstep add family",
    )


def _with_other_content(root: Path, files: dict[str, bytes]) -> list[str]:
    return [
        path
        for path in existing(root, files)
        if not (root / path).is_file() or read_file(root / path, _LONGEST) != files[path]
    ]

"""What is compiled from files of a tree: done once for the same files while the process lives.

One process often judges many trees with the same templates and policies: each family that
``advance`` moves, each example of a rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.policy import Rule, expected_rules
from lockstep.policy.input_schemas import input_schemas
from lockstep.policy.metadata import require_input_form
from lockstep.policy.thresholds import check_data
from lockstep.render import Templates
from lockstep.render.schemas import OWN_SCHEMAS
from lockstep.spec.schema.load import read_schemas
from lockstep.spec.validate import Schemas

POLICIES = "policies/"
_TEMPLATES = ("templates/", OWN_SCHEMAS)
_KEPT = 4
"""Trees of which the compiled files are kept: a change, its base, and two to spare."""

_Files = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Law:
    """The rules and schemas of one tree; ``input_schemas`` are those for OPA's compiler."""

    rules: tuple[Rule, ...]
    schemas: Schemas
    input_schemas: Mapping[str, Json]


def policies_of(tree: Tree) -> dict[str, bytes]:
    """The files of a tree's ``policies/``."""
    return dict(_files_of(tree, (POLICIES,)))


def law_of(tree: Tree) -> Law:
    """The rules and schemas of a tree. Raises LockstepError where they are unusable."""
    return _law(_files_of(tree, (POLICIES,)))


def threshold_findings(tree: Tree) -> tuple[Finding, ...]:
    """What is wrong with the thresholds of a tree. Raises LockstepError (see check_data)."""
    return _threshold_findings(_files_of(tree, (POLICIES,)))


def templates_of(tree: Tree, base: Tree | None = None) -> Templates:
    """The templates of a tree with the schemas of what they make; those of ``base`` judge too."""
    return _templates(_files_of(tree, _TEMPLATES), _files_of(base or {}, (OWN_SCHEMAS,)))


def _files_of(tree: Tree, folders: tuple[str, ...]) -> _Files:
    return tuple((path, tree[path]) for path in sorted(tree) if path.startswith(folders))


@lru_cache(_KEPT)
def _law(files: _Files) -> Law:
    policies = dict(files)
    require_input_form(policies)
    types = input_schemas(read_schemas(policies))
    return Law(expected_rules(policies), Schemas(policies), types)


@lru_cache(_KEPT)
def _threshold_findings(files: _Files) -> tuple[Finding, ...]:
    return tuple(check_data(dict(files)))


@lru_cache(_KEPT)
def _templates(files: _Files, base: _Files) -> Templates:
    return Templates(dict(files), read_kubernetes_schema, dict(base))

"""What is compiled from a tree's files: once for the same files, while the process lives.

One process often checks many trees with the same templates and policies: each family that
``advance`` moves, each example of a rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from lockstep.edges.cache import Cache
from lockstep.edges.content_key import content_key
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.policy import Rule, expected_rules
from lockstep.policy.deviations import switched_off
from lockstep.policy.input_schemas import input_schemas
from lockstep.policy.metadata import require_input_form
from lockstep.policy.thresholds import check_data
from lockstep.render import Templates
from lockstep.render.schemas import OWN_SCHEMAS
from lockstep.spec.schema.load import read_schemas
from lockstep.spec.schema.schemas import Schemas

POLICIES = "policies/"
_TEMPLATES = ("templates/", OWN_SCHEMAS)
_KEPT = 4
"""Trees whose compiled files are kept: a change, its base, and two more."""

_Files = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class CompiledPolicies:
    """The rules and schemas of one tree; ``input_schemas`` are those for OPA's compiler.

    The rules that are ``off`` are among ``rules``.
    """

    rules: tuple[Rule, ...]
    off: frozenset[Rule]
    schemas: Schemas
    input_schemas: Mapping[str, Json]


def policies_of(tree: Tree) -> dict[str, bytes]:
    """The files of a tree's ``policies/``."""
    return dict(_files_of(tree, (POLICIES,)))


def compile_policies(tree: Tree) -> CompiledPolicies:
    """The rules and schemas of a tree. Raises LockstepError where they cannot be used."""
    return _policies(_files_of(tree, (POLICIES,)))


def threshold_findings(tree: Tree) -> tuple[Finding, ...]:
    """What is wrong with the thresholds of a tree. Raises LockstepError (see check_data)."""
    return _threshold_findings(_files_of(tree, (POLICIES,)))


def templates_of(tree: Tree, base: Tree | None = None) -> Templates:
    """The templates of a tree, with the schemas that rendered objects must fit.

    Those of ``base`` count in addition, so that a change cannot loosen the schema of its objects.
    """
    return _templates(_files_of(tree, _TEMPLATES), _files_of(base or {}, (OWN_SCHEMAS,)))


def _files_of(tree: Tree, folders: tuple[str, ...]) -> _Files:
    # Sorted and hashable: this is the key of the caches below.
    return tuple((path, tree[path]) for path in sorted(tree) if path.startswith(folders))


@lru_cache(_KEPT)
def _policies(files: _Files) -> CompiledPolicies:
    policies = dict(files)
    require_input_form(policies)
    types = input_schemas(read_schemas(policies))
    rules, off = expected_rules(policies), switched_off(policies)
    not_counting = frozenset(rule for rule in rules if rule.name in off)
    return CompiledPolicies(rules, not_counting, Schemas(policies), types)


@lru_cache(_KEPT)
def _threshold_findings(files: _Files) -> tuple[Finding, ...]:
    # Kept, because the schemas of all thresholds would be compiled in every run.
    cache, key = Cache.of_user(), content_key([dict(files)], ["thresholds"])
    try:
        return tuple(map(Finding.from_json, cache.get(key)))
    except (KeyError, TypeError, ValueError, AttributeError):  # none, or anything else
        found = tuple(check_data(dict(files)))
        cache.put(key, [finding.to_json() for finding in found])
        return found


@lru_cache(_KEPT)
def _templates(files: _Files, base: _Files) -> Templates:
    return Templates(dict(files), read_kubernetes_schema, dict(base))

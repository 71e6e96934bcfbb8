"""The items that OPA evaluates, and the requests that carry them.

An item is a cluster, a family or an environment with its facts. Requests have a bounded size and
contain once what their items share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lockstep.model.document import Json
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.model.times import Moment
from lockstep.policy.rules import Rule, Scope

RenderedObjects = Mapping[str, Mapping[str, list[Json]]]
"""The rendered objects of each cluster, by the path of its file, then by kind."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The input that all items of one family share."""

    environment: Json
    environment_before: Json
    facts: Json


@dataclass(frozen=True, slots=True)
class PolicyItem:
    """One evaluation: a cluster, a family with all of its clusters, or a whole environment.

    ``id`` is the path of the file that declares it. ``documents`` holds each cluster's effective
    document as it is and as it was, by the path of its file; an environment has a ``summary`` of
    its clusters instead. ``family`` is None for an environment.
    """

    id: str
    scope: Scope
    environment: Environment
    family: Family | None
    clusters: tuple[Cluster, ...]
    shared: Shared
    documents: Json = field(default_factory=dict)
    summary: Json = None


@dataclass(frozen=True, slots=True)
class MalformedClusters:
    """Whether a family is ``complete``, and its malformed clusters as they were ``before``.

    A cluster with a malformed file is not evaluated. Its earlier state stays in the family, so that
    it does not count as removed or as diverged from the records.
    """

    complete: bool = True
    before: Sequence[Cluster] = ()


NO_MALFORMED = MalformedClusters()


BATCH_SIZE = 200
"""The most items in one request to OPA: larger requests are not faster, and may time out."""


def batches(
    items: Sequence[PolicyItem], rules: Sequence[Rule], moment: Moment, size: int = BATCH_SIZE
) -> Iterator[Json]:
    """The items in requests of at most ``size``, each with what its items share once.

    Items of a scope without a rule in ``rules`` are left out.
    """
    names = {scope: [rule.package for rule in rules if rule.scope is scope] for scope in Scope}
    wanted = [item for item in items if names[item.scope]]
    for start in range(0, len(wanted), size):
        yield _batch(wanted[start : start + size], names, moment)


def _batch(items: Sequence[PolicyItem], names: dict[Scope, list[str]], moment: Moment) -> Json:
    batch: Json = {
        "rules": {scope.value: packages for scope, packages in names.items()},
        "time": moment.to_json(),
        "environments": {},
        "environments_before": {},
        "families": {},
        "clusters": {},
        "tenancies": {},
        "items": [],
    }
    for item in items:
        # Items of one environment share these objects, so writing them again changes nothing.
        batch["environments"][item.environment.name] = item.shared.environment
        batch["environments_before"][item.environment.name] = item.shared.environment_before
        if item.family:
            batch["families"][item.family.folder] = item.shared.facts
            # By path: an item of a cluster and that of its family send a document once.
            batch["clusters"] |= item.documents
        else:
            batch["tenancies"][item.environment.name] = item.summary
        batch["items"].append(_reference(item))
    return batch


def _reference(item: PolicyItem) -> Json:
    return {
        "id": item.id,
        "scope": item.scope.value,
        "environment": item.environment.name,
        "family": item.family.folder if item.family else "",
        "clusters": list(item.documents),
    }

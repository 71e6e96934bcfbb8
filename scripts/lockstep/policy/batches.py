"""How the items go to OPA: in requests of a bounded size that hold what is shared once."""

from collections.abc import Iterator, Sequence

from lockstep.model.document import Json
from lockstep.policy.items import Moment, PolicyItem
from lockstep.policy.rules import Rule, Scope

BATCH_SIZE = 200
"""A request to OPA holds at most so many items: larger ones are not faster, and time out."""


def batches(
    items: Sequence[PolicyItem], rules: Sequence[Rule], moment: Moment, size: int = BATCH_SIZE
) -> Iterator[Json]:
    """The items in requests of at most ``size``, each holding what its items share once.

    An item of a scope for which ``rules`` has no rule is left out.
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
        batch["environments"][item.environment.name] = item.shared.environment
        batch["environments_before"][item.environment.name] = item.shared.environment_before
        if item.family:
            batch["families"][item.family.folder] = item.shared.facts
            batch["clusters"] |= item.documents
        else:
            batch["tenancies"][item.environment.name] = item.tenancy
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

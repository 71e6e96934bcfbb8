"""Which versions may not serve: what the ledger put into quarantine and nobody released."""

from lockstep.model.decision import API_VERSION, Action
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment, Family, Fleet
from lockstep.stages.yaml_write import dump_yaml


def in_force(fleet: Fleet, environment: str, family: str) -> list[Json]:
    """The quarantine entries that bind a family: its own, and those of earlier environments.

    An entry holds registry, model, version, digest, since, decision and reason. The ledger is
    the truth, so deleting a line of ``quarantine.yaml`` frees nothing; a line that the ledger
    does not know binds too.
    """
    entries: dict[tuple[str, str], Json] = {}
    seen: set[str] = set()
    name: str | None = environment
    while name and name in fleet.environments and name not in seen:
        seen.add(name)
        home: Environment = fleet.environments[name]
        if family in home.families:
            for entry in entries_of(home.families[family]):
                entries.setdefault((str(entry.get("version")), str(entry.get("digest"))), entry)
        name = home.predecessor
    return [entries[key] for key in sorted(entries)]


def entries_of(family: Family) -> list[Json]:
    """The entries of one family's own quarantine, from its file and from its ledger."""
    written = value_at(family.quarantine.value, ("spec", "versions")) if family.quarantine else None
    entries = [e for e in written if isinstance(e, dict)] if isinstance(written, list) else []
    released = _released(family)
    known = {_identity(entry) for entry in entries}
    return [e for e in entries if str(e.get("digest")) not in released] + [
        entry for entry in from_ledger(family) if _identity(entry) not in known
    ]


def from_ledger(family: Family) -> list[Json]:
    """The entries that the records demand: put in by a way back, not ended by a release."""
    model = value_at(family.spec, ("model",), {})
    entries: dict[str, Json] = {}
    for record in family.records:
        decision = record.decision
        if decision.action is Action.RELEASE:
            entries.pop(decision.target.digest, None)
        elif decision.quarantines:
            entries[decision.target.digest] = {
                "registry": model.get("registry"),
                "model": model.get("name"),
                "version": decision.target.version,
                "digest": decision.target.digest,
                "since": decision.decided_at,
                "decision": decision.id,
                "reason": decision.reason,
            }
    return list(entries.values())


def matches(entry: Json, *, registry: str, model: str, version: str, digest: str) -> bool:
    """Whether an entry means this version: by its content, or by its name in the registry."""
    by_name = (entry.get("registry"), entry.get("model"), entry.get("version"))
    return entry.get("digest") == digest or by_name == (registry, model, version)


def _identity(entry: Json) -> tuple[str, ...]:
    """What a line must share with the ledger's entry to stand for it: all that it binds by."""
    return tuple(str(entry.get(key)) for key in ("registry", "model", "version", "digest"))


def _released(family: Family) -> set[str]:
    """Digests whose last word in the ledger is a release."""
    last: dict[str, bool] = {}
    for record in family.records:
        decision = record.decision
        if decision.quarantines or decision.action is Action.RELEASE:
            last[decision.target.digest] = decision.action is Action.RELEASE
    return {digest for digest, released in last.items() if released}


def write_quarantine(family: Family, entries: list[Json]) -> bytes | None:
    """The bytes of ``quarantine.yaml`` with these entries; None (no file) where there are none."""
    if not entries:
        return None
    document = {
        "apiVersion": API_VERSION,
        "kind": "Quarantine",
        "metadata": {"environment": family.environment, "family": family.name},
        "spec": {"versions": entries},
    }
    return dump_yaml(document, by="lockstep revert and lockstep release")

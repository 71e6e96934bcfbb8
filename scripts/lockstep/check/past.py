"""How a family goes on from the base: its records, its locks, and what new records claim."""

from collections.abc import Sequence
from dataclasses import replace

from lockstep.check.family_values import PromotionSources, ReadFamily, Terms
from lockstep.model.decision import Record, Variants
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster, Family, Fleet, Tree
from lockstep.model.ledger import LedgerHistory
from lockstep.render.names import cluster_folder
from lockstep.render.restored import files_in
from lockstep.rollout.claims import StateFiles, added_records, check_claims, check_promotion
from lockstep.rollout.history import (
    HistoryOf,
    check_history,
    check_left_behind,
    check_rewritten,
    is_put_back,
    recorded_locks,
)
from lockstep.rollout.published import variants_before_newest
from lockstep.rollout.pull_requests import approvals, check_arrivals, check_quarantine
from lockstep.rollout.quarantine import Bound, bound_by


def about_the_past(read: ReadFamily, terms: Terms) -> tuple[list[Finding], bool]:
    """What the change does to records and locks, and whether git's history was asked for that."""
    given, asked = read.given, False

    def history() -> LedgerHistory:
        nonlocal asked
        asked = True
        return terms.history() if terms.history else LedgerHistory()

    asking = history if terms.history else None
    now = terms.now if terms.pull_request else None
    found = check_history(read.fleet, given.before or Fleet(), asking, now)
    declared = given.family
    # Of a family with a malformed cluster the state is not known, and that is a finding already.
    whole = read.valid and declared and len(read.valid.clusters) == len(declared.clusters)
    if read.valid and whole and given.before is not None:
        found += _about_new_records(read, read.valid, terms, asking)
    found += check_rewritten(given.files, given.files_before, asking)
    found += check_left_behind(given.files, given.files_before)
    locked = {lock.path for lock in recorded_locks(read.valid)} if read.valid else set()
    # What the base's lock held, the ledger says, too: a rollback may have restored it.
    return [*found, *(f for f in given.unread_before if f.file not in locked)], asked


def with_steps(old: Fleet, family: Family, files_before: Tree) -> Fleet:
    """The base's fleet, with a family as it was before its newest decision.

    For commits on the followed branch: each decision is a change of its own, and not all that came
    since the base together. As the base has it where its records do not show that.
    """
    home = old.environments.get(family.environment)
    before = home.families.get(family.name) if home else None
    if home is None or before is None:
        return old
    new = added_records(family, files_before)
    variants = variants_before_newest(family, before, new)
    if variants is None:
        return old
    clusters = tuple(_with_variants(each, variants.get(each.name)) for each in before.clusters)
    families = {**home.families, family.name: replace(before, clusters=clusters)}
    return Fleet({**old.environments, home.name: replace(home, families=families)})


def bound_as(read: ReadFamily, family: Family, terms: Terms) -> Bound:
    """What quarantines of other families are compared with.

    A version that the family has verified itself is not bound by them; an adoption or a
    verification that the change itself brings does not count, or it would allow itself.
    """
    if terms.published:
        return bound_by(family)
    new = set(map(id, added_records(family, read.given.files_before)))
    known = tuple(record for record in family.records if id(record) not in new)
    return bound_by(replace(family, records=known))


def about_quarantine(read: ReadFamily, family: Family, quarantine: Sequence[Json]) -> list[Finding]:
    """The new proposals and adoptions of a version that is in quarantine, or was at the base.

    A release counts from the next pull request on: each of the two has to be approved, and the
    second one on a state in which the first is known.
    """
    new = added_records(family, read.given.files_before)
    return [f for record in new for f in check_quarantine(record.decision, family, quarantine)]


def about_promotions(read: ReadFamily, family: Family, sources: PromotionSources) -> list[Finding]:
    """The new promotions of what the predecessor has not verified, or has rolled back since.

    In a pull request it has to be so at the base, too: what that verifies or adopts itself is
    promoted by a later one.
    """
    new = added_records(family, read.given.files_before)
    promotions = [record.decision for record in new if record.decision.promoted_from]
    home = read.given.environment
    predecessor = home.predecessor if home else None
    known = (sources.now, sources.base)
    return [f for each in promotions for f in check_promotion(each, predecessor, known)]


def verified_in_predecessor(read: ReadFamily, sources: PromotionSources) -> Json:
    """What rules know of the predecessor: its name, and the digests that it has verified.

    None where it has no such family. Those of a pull request's base and of its result: what it
    verifies itself is promoted by a later one, and where it removes the predecessor, or the family
    there, nothing that is new may come with it.
    """
    given = read.given
    home, before = given.environment, (given.before or Fleet()).environments.get(given.unit[0])
    if sources.now is None:  # there was one at the base
        home = before
    if home is None or (sources.now is None and sources.base is None):
        return None
    now, base = ({each.digest for each in known or ()} for known in (sources.now, sources.base))
    return {"environment": home.predecessor, "verified": sorted(now & base)}


def _with_variants(cluster: Cluster, variants: Variants | None) -> Cluster:
    if variants is None:
        return cluster
    spec = {**cluster.effective["spec"], "variants": variants}
    return replace(cluster, effective={**cluster.effective, "spec": spec})


def _about_new_records(
    read: ReadFamily, family: Family, terms: Terms, history: HistoryOf | None
) -> list[Finding]:
    """What is wrong with the records that the base does not have, and what needs approval."""
    home = read.given.before.environments.get(family.environment) if read.given.before else None
    before = home.families.get(family.name) if home else None
    # By path: those of a family that cannot be read at the base are not new either.
    new = added_records(family, read.given.files_before)
    found = _check_records(read, family, before, new, terms)
    if not found:
        return []
    # Only now, because it takes time: a record that was removed and is put back is not new. But who
    # may have added and removed it is not known, so what people had to approve, they approve again.
    old = [record for record in new if is_put_back(record, history)]
    found = approvals(family, before, old) if terms.pull_request else []
    new = [record for record in new if record not in old]
    return found + _check_records(read, family, before, new, terms)


def _check_records(
    read: ReadFamily, family: Family, before: Family | None, new: Sequence[Record], terms: Terms
) -> list[Finding]:
    if not new:
        return []
    folders = None
    if terms.compared:
        paths = [cluster_folder(each.environment, each.name) for each in family.clusters]
        folders = {path: files_in(read.given.rendered, path) for path in paths}
    state = StateFiles(read.given.files, folders)
    found = check_claims(family, before, new, state, terms.now)
    return found + (check_arrivals(family, before, new) if terms.pull_request else [])

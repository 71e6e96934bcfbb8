"""``lockstep audit``: who decided what and why, recomputed from records and compared with git."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lockstep.edges.files import read_tree
from lockstep.edges.git import Git
from lockstep.edges.resources import resource_dir
from lockstep.model.errors import NothingToCheck
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.result import History
from lockstep.rollout.chain import verify_chain
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.replay import replay
from lockstep.spec.assemble import assemble
from lockstep.spec.records import check_records
from lockstep.spec.schema.load import FOLDER
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.selection import choose_families


def run(
    root: Path, family: str | None, environment: str | None, *, verify: bool, again: bool
) -> History:
    """The decision records of the work tree.

    ``verify`` checks the chain, that records fit their schema, that git never saw one change, and
    that specs agree with the newest. ``again`` recomputes every verdict and action from the
    records alone. A family that is gone, or whose head cannot be read, still has its records.
    """
    git = Git.find(root)
    tree = read_tree(git.root, ("clusters", "ledger"))
    declared, unreadable = assemble(tree)
    heads = _missing_heads(tree, declared)
    fleet = assemble({**tree, **heads})[0] if heads else declared
    families = choose_families(fleet, family, environment)
    everything = family is None and environment is None
    own = tuple(f"ledger/{each.environment}/{each.name}" for each in families)
    folders = ("ledger",) if everything else own
    decisions = tuple(record.decision for each in families for record in each.records)
    findings = [f for f in unreadable if f.file.startswith(folders)]
    if verify:
        for folder in folders:
            findings += _verify_kept(git, tree, folder)
        findings += _verify(families, heads, unreadable)
    else:
        findings += _unread_evidence(families)
    for each in families if again else ():
        findings += replay(each)
    if not decisions and not findings:
        raise NothingToCheck("the ledger holds no record", fix="lockstep adopt makes the first")
    return History(decisions, arrange(findings), verified=verify, replayed=again)


def _missing_heads(tree: Tree, fleet: Fleet) -> dict[str, bytes]:
    """Empty heads for the families that have records, and no head that can be read."""
    heads = {}
    for _, environment, family in {tuple(p.split("/")[:3]) for p in tree if _is_record(p)}:
        home = fleet.environments.get(environment)
        if home is None:
            heads[f"clusters/{environment}/environment.yaml"] = b"kind: Environment"
        if home is None or family not in home.families:
            heads[f"clusters/{environment}/{family}/family.yaml"] = b"kind: ModelFamily"
    return heads


def _shipped_schemas() -> Schemas:
    """Those of the program: records are its own format, whatever the work tree holds."""
    shipped = resource_dir("policies").parent
    return Schemas(read_tree(shipped, [FOLDER.rstrip("/")]))


def _heads_of(family: Family) -> tuple[str, str]:
    return f"clusters/{family.environment}/environment.yaml", family.document.path


def _is_record(path: str) -> bool:
    return path.startswith("ledger/") and path.count("/") == 3


def _verify_kept(git: Git, tree: Tree, folder: str) -> list[Finding]:
    """Whether the records below a folder are those that commits brought, and all of them."""
    here = {path: data for path, data in tree.items() if path.startswith(f"{folder}/")}
    held = git.read_tree("HEAD", [folder]) if git.resolve("HEAD") else {}
    text, fix = "this record differs from HEAD", "git restore it, or git clean a new one"
    findings = [
        Finding(path, 1, 1, "ledger.uncommitted", text, fix)
        for path in sorted(here.keys() | held.keys())
        if here.get(path) != held.get(path)
    ]
    if git.is_shallow():
        text = "this clone is shallow: git cannot show whether a record was changed later"
        fix = "git fetch --unshallow"
        return [*findings, Finding(folder, 1, 1, "ledger.shallow", text, fix)]
    text = "a commit has changed or removed this record after it was made"
    fix = "find the commit with git log, and restore the record"
    rewritten = (Finding(p, 1, 1, "ledger.rewritten", text, fix) for p in git.rewritten(folder))
    return [*findings, *rewritten]


def _verify(
    families: Sequence[Family], heads: Collection[str], unreadable: Sequence[Finding]
) -> Iterator[Finding]:
    """What the records of each family say themselves; ``heads`` stand in for unreadable ones."""
    schemas = _shipped_schemas()
    for family in families:
        yield from verify_chain(family)
        yield from check_records(family, schemas)
        if family.document.path in heads:
            yield from (f for f in unreadable if f.file in _heads_of(family))
        else:
            yield from _diverged(family)


def _unread_evidence(families: Sequence[Family]) -> Iterator[Finding]:
    """What is wrong with evidence that cannot be shown because it cannot be read."""
    for family in families:
        if unread := tuple(record for record in family.records if record.unreadable):
            yield from check_records(replace(family, records=unread), _shipped_schemas())


def _diverged(family: Family) -> Iterator[Finding]:
    for divergence in find_divergences(family):
        fix = "undo the edit, roll back with lockstep revert, or adopt a settled state"
        text = str(divergence)
        yield Finding(divergence.file, divergence.line, 1, "rollout.diverged", text, fix)

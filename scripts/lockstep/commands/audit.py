"""``lockstep audit``: who, what, why; recomputed from the records, and held against git."""

from pathlib import Path

from lockstep.edges.files import read_tree
from lockstep.edges.git import Git
from lockstep.model.errors import NothingToCheck
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.result import History
from lockstep.rollout.chain import verify_chain
from lockstep.rollout.position import divergences
from lockstep.rollout.replay import replay
from lockstep.spec.assemble import assemble
from lockstep.spec.selection import choose_families


def run(
    root: Path, family: str | None, environment: str | None, *, verify: bool, again: bool
) -> History:
    """The decision records of the work tree.

    ``verify`` checks the chain, that git never saw a record change, and that specs agree with
    the newest record. ``again`` recomputes every verdict and action from each record alone.
    A family that is gone, or whose head cannot be read, still has its records.
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
    for folder in folders if verify else ():
        findings += _verify_kept(git, tree, folder)
    for each in families:
        if verify and each.document.path in heads:
            findings += [f for f in unreadable if f.file in _heads_of(each)]
            findings += verify_chain(each)
        elif verify:
            findings += _verify(each)
        findings += replay(each) if again else []
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


def _heads_of(family: Family) -> tuple[str, str]:
    return f"clusters/{family.environment}/environment.yaml", family.document.path


def _is_record(path: str) -> bool:
    return path.startswith("ledger/") and path.count("/") == 3


def _verify_kept(git: Git, tree: Tree, folder: str) -> list[Finding]:
    """Whether the records below a folder are those that commits brought, and all of them."""
    here = {path: data for path, data in tree.items() if path.startswith(f"{folder}/")}
    held = git.read_tree("HEAD", [folder]) if git.resolve("HEAD") else {}
    text, fix = "this record is not as git holds it", "git restore it, or git clean a new one"
    findings = [
        Finding(path, 1, 1, "ledger.uncommitted", text, fix)
        for path in sorted(here.keys() | held.keys())
        if here.get(path) != held.get(path)
    ]
    if git.is_shallow():
        text = "this clone is shallow: whether a record was changed since it was made is not known"
        fix = "git fetch --unshallow"
        return [*findings, Finding(folder, 1, 1, "ledger.shallow", text, fix)]
    text = "a commit has changed or removed this record after it was made"
    fix = "find the commit with git log, and restore the record"
    rewritten = (Finding(p, 1, 1, "ledger.rewritten", text, fix) for p in git.rewritten(folder))
    return [*findings, *rewritten]


def _verify(family: Family) -> list[Finding]:
    findings = verify_chain(family)
    for divergence in divergences(family):
        fix = "undo the edit, roll back with lockstep revert, or adopt a settled state"
        text = str(divergence)
        findings.append(Finding(divergence.file, divergence.line, 1, "rollout.diverged", text, fix))
    return findings

"""The audit of a ledger: what contradicts its records, by git, their chain, and a replay."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lockstep.check.approvals import check_approvals
from lockstep.edges import progress
from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.edges.resources import shipped_tree
from lockstep.model.audit_results import FamilyAudit, LedgerCheck
from lockstep.model.decision import Decision
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Tree
from lockstep.model.ledger import LedgerHistory
from lockstep.model.paths import ledger_folder
from lockstep.rollout.chain import verify_chain
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.gaps import replay_around_gaps
from lockstep.rollout.trust import check_times
from lockstep.spec.assemble import assemble
from lockstep.spec.ledger import files_of
from lockstep.spec.records import check_records
from lockstep.spec.schema.load import FOLDER
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.selection import choose_families, missing_heads
from lockstep.spec.yaml.load import Documents


@dataclass(frozen=True)
class Ledger:
    """The records to audit: the families that they belong to, and the folders that they are in.

    ``heads`` are the environments' and families' own files that are missing or malformed: empty
    ones replace them, because a family that is gone still has its records. ``unreadable`` is what
    cannot be read in ``tree``.
    """

    tree: Tree
    families: tuple[Family, ...]
    folders: tuple[str, ...]
    heads: frozenset[str]
    unreadable: tuple[Finding, ...]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision that can be read, family by family."""
        return tuple(record.decision for each in self.families for record in each.records)

    @property
    def unreadable_records(self) -> list[Finding]:
        """What cannot be read in the folders of the records themselves."""
        return [f for f in self.unreadable if f.file.startswith(self.folders)]


def read_ledger(
    tree: Tree, family: str | None, environment: str | None, documents: Documents | None = None
) -> Ledger:
    """The records of a family, of an environment, or of all that the tree has.

    ``documents`` remembers what is parsed of the files of people. Raises UsageError where there is
    no such family or environment.
    """
    documents = documents or Documents()
    declared, unreadable = assemble(tree, documents)
    heads = missing_heads(tree, declared)
    fleet = assemble({**tree, **heads}, documents)[0] if heads else declared
    families = choose_families(fleet, family, environment)
    own = tuple(ledger_folder(each.environment, each.name) for each in families)
    # All of the ledger: a folder whose name is not valid belongs to no family.
    folders = ("ledger",) if family is None and environment is None else own
    return Ledger(tree, families, folders, frozenset(heads), tuple(unreadable))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A finding of an audit, with the check that has it, and the family whose records it is about.

    ``family`` is None for files of the ledger that belong to no family.
    """

    check: LedgerCheck
    family: tuple[str, str] | None
    finding: Finding


def verify_ledger(
    git: Git, ledger: Ledger, now: datetime, commit: str | None = None
) -> Iterator[Contradiction]:
    """What is wrong with the records: the chain, their schema, times, git, and specs that differ.

    ``commit`` is what the ledger was read from; None for the work tree.
    """
    schemas = _shipped_schemas()
    yield from _by_file(ledger, LedgerCheck.SCHEMA, ledger.unreadable_records)
    for folder in ledger.folders if commit is None else ():
        yield from _by_file(ledger, LedgerCheck.GIT, _verify_kept(git, ledger.tree, folder))
    unchanged = _verify_unchanged(git, ledger, commit or git.resolve("HEAD"))
    yield from _by_file(ledger, LedgerCheck.GIT, unchanged)
    for family in ledger.families:
        found = {
            LedgerCheck.CHAIN: verify_chain(family),
            LedgerCheck.SCHEMA: check_records(family, schemas),
            LedgerCheck.TIMES: check_times(family, now),
            # An empty head declares no clusters, so all of them would be reported as diverged.
            LedgerCheck.SPECS: (f for f in ledger.unreadable if f.file in _heads_of(family))
            if family.document.path in ledger.heads
            else _diverged(family),
        }
        yield from _of_family(family, found)


def replay_ledger(ledger: Ledger) -> Iterator[Contradiction]:
    """What does not follow from the evidence of the records, or from the records before them.

    Raises LockstepError where a signature is to be verified and ``ssh-keygen`` cannot be run.
    """
    for number, family in enumerate(ledger.families, start=1):
        title = f"{family.environment}/{family.name}"
        progress.step("replaying", title, number, len(ledger.families))
        approvals = check_approvals(record.decision for record in family.records)
        yield from _of_family(
            family, {LedgerCheck.REPLAY: [*replay_around_gaps(family), *approvals]}
        )


def summarise(ledger: Ledger, found: Iterable[Contradiction]) -> tuple[FamilyAudit, ...]:
    """How many records each family has, and how many findings each check has about them."""
    counts: dict[tuple[str, str] | None, Counter[LedgerCheck]] = {}
    for each in found:
        counts.setdefault(each.family, Counter())[each.check] += 1
    return tuple(
        FamilyAudit(
            each.environment, each.name, len(files_of(each)),
            dict(counts.get((each.environment, each.name), {})),
            sum(file.settled for file in each.broken),
        )
        for each in ledger.families
    )  # fmt: skip


def unread_evidence(ledger: Ledger) -> Iterator[Finding]:
    """What is wrong with evidence that cannot be shown because it cannot be read.

    ``verify_ledger`` finds it too, with everything else that does not fit the schema.
    """
    for family in ledger.families:
        if unread := tuple(record for record in family.records if record.unreadable):
            yield from check_records(replace(family, records=unread), _shipped_schemas())


def _by_file(
    ledger: Ledger, check: LedgerCheck, findings: Iterable[Finding]
) -> Iterator[Contradiction]:
    """Findings about files of the ledger, each with the family in whose folder the file is.

    One about a folder is about every family below it.
    """
    homes = {ledger_folder(f.environment, f.name): (f.environment, f.name) for f in ledger.families}
    for finding in findings:
        path = finding.file
        about: list[tuple[str, str] | None] = [
            home
            for folder, home in homes.items()
            if path.startswith(f"{folder}/") or f"{folder}/".startswith(f"{path}/")
        ]
        yield from (Contradiction(check, home, finding) for home in about)
        if not about:
            yield Contradiction(check, None, finding)


def _of_family(
    family: Family, found: Mapping[LedgerCheck, Iterable[Finding]]
) -> Iterator[Contradiction]:
    for check, findings in found.items():
        for finding in findings:
            yield Contradiction(check, (family.environment, family.name), finding)


def _shipped_schemas() -> Schemas:
    """Those of the program: records are its own format, whatever the work tree holds."""
    return Schemas({p: data for p, data in shipped_tree().items() if p.startswith(FOLDER)})


def _heads_of(family: Family) -> tuple[str, str]:
    return f"clusters/{family.environment}/environment.yaml", family.document.path


def _verify_kept(git: Git, tree: Tree, folder: str) -> list[Finding]:
    """Whether the records below a folder are those of HEAD, and all of them."""
    here = {path: data for path, data in tree.items() if path.startswith(f"{folder}/")}
    held = git.read_tree("HEAD", [folder]) if git.resolve("HEAD") else {}
    text, fix = "this record differs from HEAD", "git restore it, or git clean a new one"
    return [
        Finding(path, 1, 1, "ledger.uncommitted", text, fix)
        for path in sorted(here.keys() | held.keys())
        if here.get(path) != held.get(path)
    ]


def _verify_unchanged(git: Git, ledger: Ledger, commit: str | None) -> Iterator[Finding]:
    """Whether the records are as commits brought them; what an adoption has settled is known."""
    history = LedgerReader(git).at(commit) if commit else LedgerHistory()
    # A finding: an audit that could not look at the history must not seem to pass.
    if history.missing:
        text = f"git cannot show whether a record was changed later: {history.missing}"
        fix = "git fetch --unshallow, or check out with fetch-depth: 0"
        yield from (Finding(f, 1, 1, "ledger.shallow", text, fix) for f in ledger.folders)
    settled = {f.path for each in ledger.families for f in each.broken if f.settled}
    folders = tuple(f"{folder}/" for folder in ledger.folders)
    text = "a commit has changed or removed this record after it was made"
    fix = "restore the record from git, or lockstep adopt the family, which names the record"
    for path in sorted(history.changed.keys() - settled):
        if path.startswith(folders):
            yield Finding(path, 1, 1, "ledger.rewritten", text, fix)


def _diverged(family: Family) -> Iterator[Finding]:
    for divergence in find_divergences(family):
        fix = "undo the edit, roll back with lockstep revert, or adopt a settled state"
        text = str(divergence)
        yield Finding(divergence.file, divergence.line, 1, "rollout.diverged", text, fix)

"""Validates a tree, and gives the part of it that is well-formed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lockstep.model.finding import Finding, Severity, arrange
from lockstep.model.fleet import Cluster, Environment, Family, Fleet, NoFile, Tree
from lockstep.model.outcome import Outcome, RuleText
from lockstep.model.paths import SETTINGS
from lockstep.rollout.chain import verify_chain
from lockstep.spec import settings
from lockstep.spec.assemble import assemble
from lockstep.spec.records import check_records
from lockstep.spec.schema.schemas import EFFECTIVE, Schemas
from lockstep.spec.validate import validate_fleet
from lockstep.spec.yaml.load import Documents
from lockstep.text.sanitise import without_credentials

# Machine files that concern a family as a whole. An unreadable one is in no Family, so it is
# found by its path.
_SHARED = re.compile(r"(clusters/[^/]+/[^/]+)/(?:locks/[^/]+|quarantine)\.yaml")


@dataclass(frozen=True)
class Checked:
    """A fleet with what a check has found in it so far.

    ``invalid`` is what schemas, structure and rendering find, ``denied`` what policies find.
    """

    fleet: Fleet
    invalid: tuple[Finding, ...] = ()
    denied: tuple[Finding, ...] = ()

    def outcome(self, tree: Tree, rules: Sequence[RuleText] = ()) -> Outcome:
        """What a report needs of it: the findings, with their source lines from ``tree``."""
        findings = arrange((*self.invalid, *self.denied))
        families, clusters = len(self.fleet.families()), len(self.fleet.clusters())
        summary = {"clusters": clusters, "families": families}
        return Outcome(findings, summary, excerpts(findings, tree), tuple(rules))


def excerpts(findings: Iterable[Finding], tree: Tree) -> dict[tuple[str, int], str]:
    """The lines that findings point at, by file and line; lines that are not there are left out."""
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        wanted.setdefault(finding.file, set()).add(finding.line)
    lines: dict[tuple[str, int], str] = {}
    for file, numbers in wanted.items():
        data = tree.get(file, b"")
        # Bytes are split at line feeds and carriage returns only, as YAML counts lines; text
        # would be split at other characters, too.
        text = [] if isinstance(data, NoFile) else data.splitlines()
        lines |= {
            (file, n): without_credentials(text[n - 1].decode(errors="replace"))
            for n in sorted(numbers)
            if n <= len(text)
        }
    return lines


def validate_tree(
    tree: Tree, documents: Documents | None = None, schemas: Sequence[Schemas] | None = None
) -> Checked:
    """Files, schemas, structure and the chains of records; no policy and no rendering.

    Files must fit all of ``schemas``: the base's and the tree's own, by default the latter alone.
    """
    fleet, unreadable = assemble(tree, documents)
    findings = list(unreadable)
    for each in schemas or [Schemas(tree)]:
        findings += validate_fleet(fleet, each, unreadable)
        findings += [f for family in fleet.families() for f in check_records(family, each)]
        if SETTINGS in tree and each.knows(settings.SCHEMA):
            findings += settings.check_settings(tree[SETTINGS], fleet, each)
    findings += [finding for family in fleet.families() for finding in verify_chain(family)]
    return Checked(fleet, arrange(findings))


def without_malformed(checked: Checked) -> Fleet:
    """The part of the fleet in which no file has an error, so that one mistake stays one finding.

    Without a malformed environment or family its clusters are left out, too; without a malformed
    lock its family. Broken records are no reason: a rollback goes on without them, and its result
    must be checked all the same.
    """
    errors = [f for f in checked.invalid if f.severity is Severity.ERROR]
    broken = {finding.file for finding in errors}
    # By folder: a search through all findings for each family would grow with their product.
    near: dict[str, list[Finding]] = {}
    for finding in errors:
        near.setdefault("/".join(finding.file.split("/")[:3]), []).append(finding)

    def part(environment: Environment) -> Environment:
        parts = (
            well_formed(family, near.get(family.folder, ()))
            for family in environment.families.values()
        )
        return replace(environment, families={each.name: each for each in parts if each})

    return Fleet(
        {
            name: part(environment)
            for name, environment in checked.fleet.environments.items()
            if environment.document.path not in broken
        }
    )


def fitting_part(old: Fleet, schemas: Schemas, valid: Fleet) -> Fleet:
    """The part of the base's fleet that fits the schemas, which rules can read.

    The base may hold a mistake that the change fixes. Documents that the base shares with
    ``valid`` are the same objects, and known to fit: in most changes that is all but a few.
    """
    known = {(id(c.document), id(c.family_document)) for c in valid.clusters()}

    def fits(cluster: Cluster) -> bool:
        same = (id(cluster.document), id(cluster.family_document)) in known
        return same or not schemas.problems(EFFECTIVE, cluster.effective)

    def part(environment: Environment) -> Environment:
        families = {
            name: replace(family, clusters=tuple(filter(fits, family.clusters)))
            for name, family in environment.families.items()
            if not schemas.check("ModelFamily", family.document)
        }
        return replace(environment, families=families)

    return Fleet({name: part(each) for name, each in old.environments.items()})


def well_formed(family: Family, invalid: Iterable[Finding]) -> Family | None:
    """The part of a family in which no file has an error; None where nothing of it is left.

    ``invalid`` are the findings about its files and about its environment's.
    """
    broken = {f.file for f in invalid if f.severity is Severity.ERROR}
    unread = {match[1] for path in broken if (match := _SHARED.fullmatch(path))}
    environment = f"clusters/{family.environment}/environment.yaml"
    if family.folder in unread or not broken.isdisjoint((environment, family.document.path)):
        return None
    return replace(family, clusters=tuple(c for c in family.clusters if c.path not in broken))

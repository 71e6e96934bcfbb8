"""The parts of a fleet and of a family that are well-formed, which rules can read."""

import re
from collections.abc import Iterable
from dataclasses import replace

from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.spec.schema.schemas import EFFECTIVE, Schemas

# Machine files that concern a family as a whole. An unreadable one is in no Family, so it is
# found by its path.
_SHARED = re.compile(r"(clusters/[^/]+/[^/]+)/(?:locks/[^/]+|quarantine)\.yaml")


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

"""The state before a change of an environment, a family or a cluster, across renames.

Rules that compare before and after must not treat a renamed thing as new: a new name would then
lift every limit on what the change moves. The state before may be malformed; it is not checked.
"""

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family, Fleet


def environment_before(
    new: Fleet, old: Fleet | None, environment: Environment
) -> Environment | None:
    """The environment as it was. A renamed one is recognised by a destination that it shares."""
    if old is None:
        return None
    gone = (e for e in old.environments.values() if e.name not in new.environments)
    renamed = (e for e in gone if _destinations(e) & _destinations(environment))
    return old.environments.get(environment.name) or next(renamed, None)


def family_before(new: Fleet, old: Fleet | None, family: Family) -> Family | None:
    """The family as it was. A renamed one is recognised by its model."""
    home = new.environments[family.environment]
    before = environment_before(new, old, home)
    if before is None:
        return None
    gone = (f for f in before.families.values() if f.name not in home.families)
    renamed = (f for f in gone if _model(f) == _model(family))
    return before.families.get(family.name) or next(renamed, None)


def clusters_before(family: Family, before: Family | None) -> dict[str, Cluster]:
    """Each cluster of a family as it was, by the path of its file; a new one is not among them.

    A renamed one is recognised by its file name and region, then by its region.
    """
    if before is None:
        return {}
    was = {cluster.path: cluster for cluster in before.clusters}
    # A cluster whose file is still there was not renamed.
    kept = {cluster.path for cluster in family.clusters}
    gone: dict[tuple[Json, str], Cluster] = {}
    for cluster in before.clusters:
        if cluster.path not in kept:
            gone.setdefault((cluster.region, _file(cluster)), cluster)
            gone.setdefault((cluster.region, ""), cluster)  # the first of the region
    found = {
        cluster.path: was.get(cluster.path)
        or gone.get((cluster.region, _file(cluster)))
        or gone.get((cluster.region, ""))
        for cluster in family.clusters
    }
    return {path: cluster for path, cluster in found.items() if cluster}


def _destinations(environment: Environment) -> set[str]:
    regions = value_at(environment.spec, ("regions",))
    return {
        str(value_at(region, ("destination",)))
        for region in (regions if isinstance(regions, list) else [])
    }


def _model(family: Family) -> Json:
    return value_at(family.spec, ("model",))


def _file(cluster: Cluster) -> str:
    return cluster.path.rsplit("/", 1)[-1]

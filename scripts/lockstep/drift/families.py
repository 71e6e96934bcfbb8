"""What a family serves in all of its regions: versions that git does not name, and live skew."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from lockstep.drift.state import LiveState, WantedCluster
from lockstep.drift.traffic import describe, git_shares, live_shares
from lockstep.model.drift import Drift, DriftClass, DriftKind

_FIX = "lockstep status shows what git says; revert the family if the wrong version serves"


def family_drifts(
    clusters: Sequence[WantedCluster], state: LiveState, arriving: Collection[tuple[str, str]]
) -> Iterator[Drift]:
    """The drifts of one family as a whole, from its clusters in all regions that were read.

    To a cluster that is ``arriving`` (environment and name) Argo CD is bringing what git says just
    now, so that counts.
    """
    serving = {}
    for each in clusters:
        live = state.at(each.destination)
        found = live_shares(each, live) if live else None
        if found is not None and (each.environment, each.name) in arriving:
            found = git_shares(each)
        if found is not None:
            serving[each] = found
    for cluster, shares in serving.items():
        unknown = sorted(shares.keys() - cluster.versions)
        if unknown:
            named = ", ".join(sorted(cluster.versions)) or "none"
            yield _drift(
                DriftKind.UNNAMED_VERSION, cluster,
                f"it serves {describe({v: shares[v] for v in unknown})}, and git names {named}",
                "A version answers requests that no check has seen and that no rollback knows.",
            )  # fmt: skip
    yield from _skew(serving)


def _skew(serving: Mapping[WantedCluster, Mapping[str, int]]) -> Iterator[Drift]:
    """More versions at once than git says: regions serve different versions."""
    live = {v for each, shares in serving.items() for v in shares if v not in each.arms}
    git = {v for each in serving for v in git_shares(each) if v not in each.arms}
    if len(live) <= max(len(git), 1):
        return
    first = next(iter(serving))
    where = "; ".join(
        f"{each.region or each.name} {describe(shares)}" for each, shares in serving.items()
    )
    yield Drift(
        DriftKind.SKEW, DriftClass.FAMILY, first.environment, first.family, "", "", "",
        "ModelFamily", "", first.family,
        f"it serves {len(live)} versions at once, and git says {len(git)}: {where}",
        "Regions answer the same request with different models.", _FIX,
    )  # fmt: skip


def _drift(drift: DriftKind, cluster: WantedCluster, what: str, means: str) -> Drift:
    return Drift(
        drift, DriftClass.FAMILY, cluster.environment, cluster.family, cluster.name, cluster.region,
        cluster.destination, "ModelCluster", "", cluster.name, what, means, _FIX,
    )  # fmt: skip

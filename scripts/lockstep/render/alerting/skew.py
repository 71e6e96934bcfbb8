"""The rules of a whole family, for a Prometheus that sees all of its regions: version skew.

Skew is the number of distinct versions with requests, less one, experiments left out.
"""

from collections.abc import Mapping, Sequence

from lockstep.render.alerting import series as names
from lockstep.render.alerting.alerts import MISSING, PAGE, PLACE, TICKET, Alerting
from lockstep.render.alerting.series import Rule
from lockstep.render.promql import series

_SERVING = {"lockstep_experiment": "false"}
_WHERE = "{{ .Labels.lockstep_region }} serves version {{ .Labels.lockstep_version }}. "


def skew_rules(
    given: Alerting, clusters: Sequence[Mapping[str, str]], most: int, longest: str
) -> list[Rule]:
    """What is recorded of a family, and its alerts; ``longest`` is a duration as PromQL has it.

    ``clusters`` has the labels of each of its clusters.

    For how long a skew lasts, a version counts while git gives it weight too, and for a while after
    its last request: a quiet night in one region does not begin it anew.
    """
    family = given.cluster
    requests = series(names.VERSION_REQUESTS, {**family.labels, **_SERVING})
    labels = {**family.labels, "namespace": family.namespace}
    # A template takes a text between backticks as it is; names of families are DNS labels.
    found = f"sum by (lockstep_region, lockstep_version) ({requests} > 0)"
    who = f"{{{{ range query `{found}` | sortByLabel `lockstep_region` }}}}{_WHERE}{{{{ end }}}}"
    of_late = f"max_over_time({requests}[30m]) > 0"
    given_weight = f"{series(names.WEIGHT, {**family.labels, **_SERVING})} > 0"
    return [
        {"record": names.FAMILY_VERSIONS, "expr": _versions(f"{requests} > 0"), "labels": labels},
        given.alert(
            "LockstepVersionSkew", PAGE, "10m",
            f"{family.of(names.FAMILY_VERSIONS)} - 1 > {most}",
            "{{ $labels.lockstep_family }} serves too many versions at once",
            f"{{{{ $value }}}} versions serve in addition to the first, and {most} may. {who}",
        ),
        given.alert(
            "LockstepVersionSkewTooLong", PAGE, longest,
            f"{_versions(f'{of_late} or {given_weight}')} > 1",
            "{{ $labels.lockstep_family }} has served several versions for too long",
            f"{{{{ $value }}}} versions have served for longer than {longest}. {who}", labels,
        ),
        _missing(given, clusters),
    ]  # fmt: skip


def _versions(serving: str) -> str:
    return f"count(count by (lockstep_version) ({serving}))"


def _missing(given: Alerting, clusters: Sequence[Mapping[str, str]]) -> Rule:
    """A cluster whose series do not arrive could serve any version, whatever others say there."""
    each = (f"absent({series(names.WEIGHT, labels)})" for labels in clusters)
    return given.alert(
        MISSING, TICKET, "15m", " or ".join(each),
        f"{PLACE} is not seen",
        "The Prometheus that evaluates the skew has no series of this cluster: which version it "
        "serves is not known here.",
        {"namespace": given.cluster.namespace, "lockstep_metric": "region"},
    )  # fmt: skip

"""The forms that the variants of one cluster take during a rollout.

Roles are ``stable``, ``candidate`` and ``previous``; any other variant is an experiment arm. A
rollout leaves the weights of arms alone: the roles share what the arms leave of 100.
"""

from collections.abc import Collection

from lockstep.model.decision import Variants
from lockstep.model.document import Json

STABLE, CANDIDATE, PREVIOUS = "stable", "candidate", "previous"
ROLES = (STABLE, CANDIDATE, PREVIOUS)


def role(variants: Variants, name: str) -> Json | None:
    """The variant with that name, or None."""
    return next((variant for variant in variants if variant["name"] == name), None)


def weight_of(variants: Variants, version: str) -> int:
    """The share of the traffic that a version gets in a role, experiment arms left out."""
    return sum(v["weight"] for v in variants if v["version"] == version and not _is_arm(v))


def serving_versions(variants: Variants) -> set[str]:
    """The versions with weight, experiment arms left out: what counts as skew."""
    return {v["version"] for v in variants if v["weight"] > 0 and not _is_arm(v)}


def arm_versions(variants: Variants) -> set[str]:
    """The versions with weight in an experiment arm."""
    return {v["version"] for v in variants if v["weight"] > 0 and _is_arm(v)}


def role_versions(variants: Variants) -> set[str]:
    """The versions in a role, those without weight too."""
    return {v["version"] for v in variants if not _is_arm(v)}


def kept_warm(variants: Variants) -> set[str]:
    """The versions that a rollback returns to, which therefore run ``serving.warmReplicas`` pods.

    That is a stable version with a candidate that runs (with traffic, or after a shift without),
    the previous version, and a stable version that a restore started again (see ``warmed``).
    Arms and candidates keep the floor of their own: a bad version must not get more pods.
    """
    rolls = any(v["name"] == CANDIDATE and _runs(v) for v in variants)
    return {
        v["version"]
        for v in variants
        if v["name"] == PREVIOUS or (v["name"] == STABLE and (rolls or v.get("warm") is True))
    }


def warmed(variants: Variants, before: Variants) -> Variants:
    """``variants`` with a warm stable version, unless it had its pods already in ``before``.

    All traffic comes to it together with its pods, and its autoscaler has not measured any yet.
    The mark stays until the next proposal.
    """
    ready = kept_warm(before)
    ready |= {v["version"] for v in before if v["name"] == STABLE and v["weight"] > 0}
    return [
        {**v, "warm": True} if v["name"] == STABLE and v["version"] not in ready else v
        for v in variants
    ]


def cooled(variants: Variants) -> Variants:
    """The variants without the mark of ``warmed``."""
    return [
        {k: v for k, v in each.items() if k != "warm"} if each["name"] == STABLE else each
        for each in variants
    ]


def settled(variants: Variants) -> bool:
    """Whether no rollout has left a role here: there is a stable version and arms at most."""
    roles = [v["name"] for v in variants if v["name"] in ROLES]
    # As a list: two stable variants are a mistake, and not settled.
    return roles == [STABLE]


def proposed(variants: Variants, version: str) -> Variants:
    """A settled form with the candidate added, which gets no traffic yet."""
    return _with_roles(
        variants,
        [_variant(STABLE, _stable(variants), share(variants))],
        [_variant(CANDIDATE, version, 0)],
    )


def stepped(variants: Variants, version: str, weight: int) -> Variants:
    """The form in which ``version`` has ``weight`` percent of what the arms leave.

    At 100 the roles are those of the end: the version is stable, and the one before it stays
    warm, so that a rollback never waits for pods to start.
    """
    whole = share(variants)
    before = _stable(variants)
    if weight == 100:
        return _with_roles(
            variants, [_variant(STABLE, version, whole)], [_variant(PREVIOUS, before, 0, warm=True)]
        )
    # At least 1: a candidate without traffic would pass its gates on nothing.
    part = min(whole, max(1, whole * weight // 100))
    return _with_roles(
        variants,
        [_variant(STABLE, before, whole - part)],
        [_variant(CANDIDATE, version, part)],
    )


def verified(variants: Variants) -> Variants:
    """The settled form: only the stable version and the arms are left."""
    return _with_roles(variants, [_variant(STABLE, _stable(variants), share(variants))], [])


def shifted(variants: Variants, bad: str) -> Variants:
    """All traffic of the roles to the running version that is not ``bad``.

    The bad version stays as it is, warm and without weight, until the restore. So does an arm
    that serves it. Where no other version runs (nothing to shift to), the form stays as it is.
    """
    other = next(
        (v["version"] for v in variants if v["name"] in ROLES and v["version"] != bad), None
    )
    # Unchanged also where the shift is made already, so that a second run has no effect.
    if other is None or weight_of(variants, bad) == 0:
        return variants
    # Its arms too: no version that goes into quarantine may keep traffic.
    rest = retired(variants, {bad}, warm=True)
    return _with_roles(
        rest,
        [_variant(STABLE, other, share(rest))],
        [_variant(CANDIDATE, bad, 0, warm=True)],
    )


def retired(variants: Variants, versions: Collection[str], *, warm: bool) -> Variants:
    """The experiment arms of these versions without weight, which returns to the roles.

    A candidate and a stable version share it in the proportion that they have. The arm itself
    stays at weight 0, because people's terms of the experiment name it. With ``warm`` its
    workload stays too: proxies get new routes one after the other, and some still send it
    requests for a while.
    """
    arms = [v["name"] for v in variants if _is_arm(v) and v["version"] in versions]
    if not arms or role(variants, STABLE) is None:
        return variants
    before = share(variants)
    whole = before + sum(v["weight"] for v in variants if v["name"] in arms)
    after = [
        _without_weight(v, warm=warm) if v["name"] in arms else _scaled(v, before, whole)
        for v in variants
    ]
    left = 100 - sum(v["weight"] for v in after if v["name"] != STABLE)
    return [{**v, "weight": left} if v["name"] == STABLE else v for v in after]


def _without_weight(arm: Json, *, warm: bool) -> Json:
    if warm:  # an arm that had no workload must not get one now
        return {**arm, "weight": 0, "warm": True} if arm["weight"] else arm
    return {key: value for key, value in arm.items() if key != "warm"} | {"weight": 0}


def _scaled(variant: Json, before: int, after: int) -> Json:
    """A role with its part of ``after``, rounded down: no gate has passed for more than that."""
    if _is_arm(variant) or variant["weight"] == 0 or before <= 0:
        return variant
    return {**variant, "weight": max(1, variant["weight"] * after // before)}


def share(variants: Variants) -> int:
    """What the experiment arms leave of 100 for the roles."""
    arms: int = sum(v["weight"] for v in variants if _is_arm(v))
    return 100 - arms


def _runs(variant: Json) -> bool:
    return variant["weight"] > 0 or variant.get("warm") is True


def _is_arm(variant: Json) -> bool:
    return variant["name"] not in ROLES


def _stable(variants: Variants) -> str:
    stable = role(variants, STABLE)
    if stable is None:
        raise ValueError("a cluster needs one variant with the name stable")
    version: str = stable["version"]
    return version


def _variant(name: str, version: str, weight: int, *, warm: bool = False) -> Json:
    variant: Json = {"name": name, "version": version, "weight": weight}
    # Left out where it is false, as people do: forms are compared as a whole.
    return variant | {"warm": True} if warm else variant


def _with_roles(variants: Variants, first: Variants, last: Variants) -> Variants:
    """The arms keep their places between the stable variant and the other role."""
    return [*first, *(v for v in variants if _is_arm(v)), *last]

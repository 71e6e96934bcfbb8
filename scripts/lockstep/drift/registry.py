"""What the registry says of the versions that serve, held against git."""

from collections.abc import Iterable, Mapping

from lockstep.model.drift import Drift, DriftClass, DriftKind

_PROPOSE = "propose another version, or revert the family"


def _drift(
    drift: DriftKind, classified: DriftClass, place: tuple[str, str], kind: str, name: str,
    what: str, means: str, fix: str,
) -> Drift:  # fmt: skip
    environment, family = place
    return Drift(
        drift, classified, environment, family, "", "", "", kind, "", name, what, means, fix
    )


def removed(place: tuple[str, str], model: str, version: str, said: str) -> Drift:
    """A version that serves, and that the registry no longer has; ``place`` is the family's."""
    return _drift(
        DriftKind.REGISTRY, DriftClass.PERSON, place, "ModelVersion", f"{model} {version}",
        f"the registry does not have it: {said}",
        "A pod that starts now may get no model, and no rollback returns to it.", _PROPOSE,
    )  # fmt: skip


def archived(place: tuple[str, str], model: str, version: str) -> Drift:
    """A version that serves, and that people have archived."""
    return _drift(
        DriftKind.REGISTRY, DriftClass.PERSON, place, "ModelVersion", f"{model} {version}",
        "it is archived in the registry, and serves",
        "People have said that it should no longer serve, and git says that it does.", _PROPOSE,
    )  # fmt: skip


def replaced(place: tuple[str, str], model: str, version: str, said: str) -> Drift:
    """A version that serves, and that is another model now than its lock says."""
    return _drift(
        DriftKind.REGISTRY, DriftClass.FAMILY, place, "ModelVersion", f"{model} {version}", said,
        "Pods that start now may serve another model than those that run, in any region.",
        "find out who changed the version in the registry; register a new one",
    )  # fmt: skip


def alias_drifts(
    place: tuple[str, str], model: str, aliases: Mapping[str, str], served: Iterable[str]
) -> Iterable[Drift]:
    """The aliases that say what serves, and name a version that git gives weight nowhere.

    ``served`` are the versions with weight, in all environments with this model.
    """
    known = sorted(set(served))
    for alias, version in sorted(aliases.items()):
        if version not in known:
            yield _drift(
                DriftKind.ALIAS, DriftClass.PERSON, place, "ModelAlias", f"{model}@{alias}",
                f"it names version {version}, and git serves {', '.join(known) or 'none'}",
                "Who loads the model by its alias, such as a batch job, gets another one than the "
                "clusters serve.", "move the alias, or propose the version that it names",
            )  # fmt: skip

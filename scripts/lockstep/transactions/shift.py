"""The manifests of a shift that is not followed by its restore in the same commit."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

from lockstep.model.decision import Variants
from lockstep.model.errors import Invalid
from lockstep.model.fleet import Cluster, Tree
from lockstep.render.inputs import floors_by_slug
from lockstep.render.names import cluster_folder, version_slug
from lockstep.render.restored import files_in
from lockstep.render.shifted import CannotEdit, shifted_folder, with_floors, with_traffic_of
from lockstep.transactions.rendering import render_committed, render_family
from lockstep.transactions.state import FamilyState, overlay, spec_changes


class ShiftedFiles(NamedTuple):
    """Files under ``rendered/`` by path, and what the record says about them."""

    rendered: Mapping[str, bytes]
    unchecked: tuple[str, ...] = ()


def shifted_files(
    state: FamilyState,
    committed: Tree,
    variants: Mapping[str, Variants],
    only: Collection[Cluster] | None = None,
) -> ShiftedFiles:
    """The ``committed`` manifests with the traffic of these variants; nothing else changes.

    Those of all clusters of the family, or of ``only`` some. Where they are what the specs render
    now, that is what the shifted specs render. Elsewhere the weights are edited in place. Raises
    Invalid where neither can be done.
    """
    before, after = _renderings(state, variants)
    files: dict[str, bytes] = {}
    unchecked: list[str] = []
    for cluster in state.family.clusters if only is None else only:
        path = cluster_folder(cluster.environment, cluster.name)
        old, was, now = (files_in(each, path) for each in (committed, before, after))
        try:
            new = _shifted(state, cluster, variants[cluster.name], old, was, now)
        except CannotEdit as error:
            if not now:
                raise Invalid(
                    f"the traffic cannot be moved in {path}: {error}, and it cannot be rendered",
                    fix="fix the templates, then run it again",
                ) from None
            new = with_traffic_of(old, now)
            unchecked.append(f"{path}: the routes are rendered again, because {error}")
        files |= {f"{path}/{name}": data for name, data in new.items()}
    return ShiftedFiles(files, tuple(unchecked))


def _renderings(
    state: FamilyState, variants: Mapping[str, Variants]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What the specs render before and after the shift; empty where they cannot be rendered."""
    try:
        after = overlay(state.tree, spec_changes(state.family, state.tree, variants))
        return render_committed(state), render_family(after, state)
    except Invalid:  # broken templates must not keep traffic on a bad version
        return {}, {}


def _shifted(
    state: FamilyState,
    cluster: Cluster,
    variants: Variants,
    committed: Mapping[str, bytes],
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
) -> Mapping[str, bytes]:
    """The folder of one cluster. Raises CannotEdit."""
    if variants == cluster.variants:
        return committed
    if after and committed == before:
        return after
    old, new = _weights(cluster.variants), _weights(variants)
    bad = {version_slug(version) for version in old if old[version] and not new[version]}
    good = max(new, key=lambda version: new[version] - old[version])
    shifted = shifted_folder(committed, bad, version_slug(good))
    return with_floors(shifted, changed_floors(state, cluster, cluster.variants, variants))


def changed_floors(
    state: FamilyState, cluster: Cluster, before: Variants, after: Variants
) -> dict[str, int]:
    """The floors that a change of variants gives versions, by slug; those that stay are left out.

    By the fields of today, so that committed bytes get no other change of them.
    """
    environment = state.fleet.environments[state.family.environment]
    old, new = (floors_by_slug(cluster, environment, each) for each in (before, after))
    return {slug: floor for slug, floor in new.items() if old.get(slug) != floor}


def _weights(variants: Variants) -> Counter[str]:
    """The share of the traffic of each version, whatever roles it has."""
    weights: Counter[str] = Counter()
    for variant in variants:
        weights[variant["version"]] += variant["weight"]
    return weights

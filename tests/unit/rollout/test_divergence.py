"""Divergence: every edit of variants that no record holds is found, at its line."""

from dataclasses import replace
from typing import Any

import pytest

from lockstep.model.ledger import LedgerHistory
from lockstep.rollout.chain import judged
from lockstep.rollout.divergence import find_divergences, has_diverged
from lockstep.rollout.plan import Move, plan
from lockstep.rollout.state_words import describe_state
from lockstep.spec.ledger import files_of, with_trusted
from tests.unit.fleets import FAMILY, family, tree
from tests.unit.rollout.ledgers import START, adopted, proposed


def test_the_order_of_variants_is_no_divergence() -> None:
    made = proposed(adopted(family()), "2")
    made.clusters[0].variants.reverse()
    assert find_divergences(made) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [({"weight": 60}, "stable 1@60"), ({"version": "9"}, "stable 9@100"),
     ({"warm": True}, "stable 1@100"), ({"name": "other"}, "other 1@100")],
)  # fmt: skip
def test_any_edit_of_a_variant_is_a_divergence_at_its_line(
    change: dict[str, Any], found: str
) -> None:
    made = adopted(family())
    made.clusters[1].variants[0].update(change)
    (divergence,) = find_divergences(made)
    assert (divergence.cluster, divergence.file, divergence.line) == (
        "fraud-b", "clusters/prod/fraud/b.yaml", 7,
    )  # fmt: skip
    assert str(divergence) == (
        f"clusters/prod/fraud/b.yaml:7: fraud-b has {found}, the record says stable 1@100"
    )


def test_inherited_variants_diverge_where_the_family_wrote_them() -> None:
    files = {path: data.partition(b"  variants")[0] for path, data in tree().items()}
    line = b"  defaults: {variants: [{name: stable, version: '1', weight: 100}]}\n"
    made = adopted(family(files | {"clusters/prod/fraud/family.yaml": FAMILY + line}))
    made.clusters[0].variants[0]["weight"] = 1
    where = find_divergences(made)[0]
    assert (where.file, where.line) == ("clusters/prod/fraud/family.yaml", 14)


def test_a_cluster_that_came_or_went_is_a_divergence() -> None:
    made = adopted(family())
    gone = replace(made, clusters=made.clusters[:2])
    assert [str(each) for each in find_divergences(gone)] == [
        "clusters/prod/fraud/family.yaml:1: fraud-c has no variants, the record says stable 1@100"
    ]
    came = replace(adopted(gone), clusters=made.clusters)
    assert "the record says no variants" in str(find_divergences(came)[0])


def test_a_family_with_a_broken_record_has_diverged_until_an_adoption_has_settled_it() -> None:
    made = adopted(adopted(family()))
    assert not has_diverged(made)
    broken = judged(made, LedgerHistory({made.records[0].decision.path: ()}))
    assert has_diverged(broken) and find_divergences(broken) == []
    assert describe_state(broken, START) == "diverged (steady)"
    assert plan(broken, [], START).move is Move.DIVERGED
    assert plan(broken, [], START).reason == "broken records: ledger/prod/fraud/000001.json"
    after = adopted(broken)
    assert not has_diverged(with_trusted(after, files_of(after)))


def test_a_family_without_any_valid_record_has_diverged_too() -> None:
    made = adopted(family())
    broken = judged(made, LedgerHistory({made.records[0].decision.path: ()}))
    assert broken.records == () and plan(broken, [], START).move is Move.DIVERGED

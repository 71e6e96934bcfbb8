"""Which shard evaluates a family and reports a finding."""

from lockstep.check.shards import owns, reports
from lockstep.model.finding import Finding
from lockstep.model.shard import Shard

FILES = (
    "clusters/prod/fraud/a.yaml", "clusters/prod/fraud/locks/1.yaml",
    "clusters/prod/environment.yaml", "ledger/prod/fraud/000001.json",
    "rendered/prod/environment/applications.yaml", "policies/data/waivers/x.yaml",
)  # fmt: skip


def reporters(file: str, count: int) -> list[int]:
    finding = Finding(file, 1, 1, "r", "m", "f")
    shards = [Shard(index, count) for index in range(1, count + 1)]
    return [shard.index for shard in shards if reports(shard, finding)]


def test_every_finding_is_reported_by_exactly_one_shard() -> None:
    for count in (1, 2, 5, 16):
        assert all(len(reporters(file, count)) == 1 for file in FILES)


def test_what_spans_families_is_reported_where_the_family_of_its_file_is() -> None:
    (shard,) = reporters("clusters/prod/fraud/a.yaml", 7)
    assert reporters("ledger/prod/fraud/000001.json", 7) == [shard]
    assert owns(Shard(shard, 7), ("prod", "fraud"))


def test_what_belongs_to_no_family_is_the_first_shards() -> None:
    for file in ("clusters/prod/environment.yaml", "rendered/prod/clusters/gone/service.yaml",
                 "policies/data/waivers/x.yaml"):  # fmt: skip
        assert reporters(file, 7) == [1]


def test_families_are_spread_over_shards() -> None:
    units = [("prod", f"f{number}") for number in range(40)]
    counts = [sum(owns(Shard(index, 4), unit) for unit in units) for index in range(1, 5)]
    assert sum(counts) == 40
    assert min(counts) > 3

"""Which shard evaluates a family and reports a finding."""

from lockstep.check.shards import ShardScope
from lockstep.model.finding import Finding
from lockstep.model.shard import Shard
from tests.unit.fleets import fleet, tree

FILES = (
    "clusters/prod/fraud/a.yaml", "clusters/prod/fraud/locks/1.yaml",
    "clusters/prod/environment.yaml", "ledger/prod/fraud/000001.json",
    "rendered/prod/clusters/fraud-a/service.yaml",
    "rendered/prod/clusters/gone/service.yaml", "policies/data/waivers/x.yaml",
)  # fmt: skip


def owners(file: str, count: int) -> list[int]:
    finding = Finding(file, 1, 1, "r", "m", "f")
    shards = [Shard(index, count) for index in range(1, count + 1)]
    return [shard.index for shard in shards if ShardScope(fleet(), shard).reports(finding)]


def test_every_file_has_exactly_one_shard() -> None:
    for count in (1, 2, 5, 16):
        assert all(len(owners(file, count)) == 1 for file in FILES)


def test_what_belongs_to_a_family_stays_together() -> None:
    family = [file for file in FILES if "fraud" in file]
    assert len({owners(file, 7)[0] for file in family}) == 1


def test_what_belongs_to_no_family_is_the_first_shards() -> None:
    for file in ("clusters/prod/environment.yaml", "rendered/prod/clusters/gone/service.yaml",
                 "policies/data/waivers/x.yaml"):  # fmt: skip
        assert owners(file, 7) == [1]


def test_families_are_spread_over_shards() -> None:
    files = {}
    for number in range(40):
        for path, data in tree().items():
            files[path.replace("/fraud/", f"/f{number}/")] = data.replace(b"fraud", b"f%d" % number)
    whole = fleet(files)
    parts = [ShardScope(whole, Shard(index, 4)).part(whole) for index in range(1, 5)]
    counts = [len(part.families()) for part in parts]
    assert sum(counts) == 40
    assert min(counts) > 3

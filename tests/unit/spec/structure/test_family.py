"""How the files of a fleet fit together; the plain cases stand in tests/examples."""

from pathlib import Path

import pytest

from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet
from lockstep.spec.assemble import assemble
from lockstep.spec.structure.duplicates import check_duplicates
from lockstep.spec.structure.environment import check_environment
from lockstep.spec.structure.family import check_family_structure
from lockstep.spec.structure.lists import InvalidPlaces

ROOT = Path(__file__).resolve().parents[4]
BASE = ROOT / "tests" / "examples" / "base"
FILES = {p.relative_to(BASE).as_posix(): p.read_bytes() for p in BASE.rglob("*") if p.is_file()}
PROD = "clusters/prod/"
FAMILY, US, EU = (f"{PROD}scoring/{name}.yaml" for name in ("family", "us-east-1", "eu-west-1"))
HOME = PROD + "environment.yaml"


def check_structure(fleet: Fleet, faulty: tuple[str, ...] = ()) -> list[Finding]:
    findings: list[Finding] = []
    for environment in fleet.environments.values():
        findings += check_environment(environment, fleet, environment.families)
        for family in environment.families.values():
            findings += check_family_structure(family, environment, faulty, InvalidPlaces())
        findings += check_duplicates(environment.families.values())
    return findings


def rules(files: dict[str, bytes], *, faulty: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    fleet, _ = assemble(files)
    return [(f.rule.removeprefix("structure."), f.file) for f in check_structure(fleet, faulty)]


def edited(
    path: str, old: str, new: str, files: dict[str, bytes] | None = None
) -> dict[str, bytes]:
    files = files or FILES
    assert old.encode() in files[path]
    return files | {path: files[path].replace(old.encode(), new.encode(), 1)}


def test_base_fits() -> None:
    assert rules(FILES) == []


def test_copied_file_with_the_old_name_is_one_finding_for_the_name() -> None:
    copied = edited(EU, "scoring-eu-west-1", "scoring-us-east-1")
    assert rules(copied) == [("name", EU)]


def test_misspelt_region_of_a_wave_is_one_finding_that_lists_the_regions() -> None:
    files = edited(FAMILY, "[eu-west-1]", "[eu-wets-1]")
    fleet, _ = assemble(files)
    (found,) = check_structure(fleet)
    assert (found.rule, found.line, found.column) == ("structure.unknown-region", 12, 27)
    regions = "eu-central-1, eu-west-1 and us-east-1"
    fix = f"its regions are {regions}; name one of them, or add this one to {HOME}"
    assert found.fix == fix


def test_misspelt_region_of_a_cluster_is_one_finding() -> None:
    assert rules(edited(EU, "region: eu-west-1", "region: eu-wst-1")) == [("unknown-region", EU)]


def test_inherited_region_is_reported_where_it_was_written() -> None:
    files = edited(FAMILY, "  defaults:", "  defaults:\n    region: us-west-9")
    files[US] = edited(US, "  region: us-east-1\n", "")[US]
    assert rules(files)[0] == ("unknown-region", FAMILY)


@pytest.mark.parametrize("faulty", [(PROD + "scoring/eu-central-1.yaml",), (US,)])
def test_family_with_a_faulty_file_is_not_blamed_for_missing_clusters(
    faulty: tuple[str, ...],
) -> None:
    files = {path: data for path, data in FILES.items() if path != US}
    assert rules(files) == [("wave-without-cluster", FAMILY)]
    assert rules(files, faulty=faulty) == []
    alone = {path: data for path, data in files.items() if path != EU}
    assert rules(alone) == [("empty-family", FAMILY)]
    assert rules(alone, faulty=faulty) == []


def many(entry: str) -> str:
    return ", ".join(entry.replace("N", str(number)) for number in range(2000))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (US, "  variants:", f"  variants: [{many('{name: aN}')}]\n  experiments:"),
        (US, "  variants:", f"  variants: [{many('{name: stable}')}]\n  experiments:"),
        (US, "  variants:", f"  experiments: {{{many('aN: {}')}}}\n  variants:"),
        (FAMILY, "[[us-east-1], [eu-west-1]]", f"[[{many('us-east-N')}]]"),
        (FAMILY, "[[us-east-1], [eu-west-1]]", f"[{many('[us-east-N]')}]"),
        (FAMILY, "  gates:", f"  gates: [{many('{name: auc}')}]\n  old:"),
        (HOME, "  argocd:", f"  freezes: [{{families: [{many('fN')}]}}]\n  argocd:"),
    ],
)
def test_a_list_that_is_far_too_long_is_for_the_schema_to_tell(
    path: str, old: str, new: str
) -> None:
    found = rules(edited(path, old, new))
    assert {rule for rule, _ in found} <= {"region-in-no-wave"} and len(found) <= 2


def test_a_file_whose_name_no_cluster_can_have_is_to_be_renamed() -> None:
    files = {path: data for path, data in FILES.items() if path != US}
    fleet, _ = assemble({**files, PROD + "scoring/US_East_1.yaml": FILES[US]})
    (found,) = check_structure(fleet)
    assert found.fix.startswith("rename the file or folder: lower-case")


def test_an_unknown_region_in_a_wave_is_not_reported_again_by_a_cluster() -> None:
    assert rules(edited(FAMILY, "[eu-west-1]", "[nowhere]")) == [("unknown-region", FAMILY)]


def test_hosts_may_repeat_in_another_environment() -> None:
    copy = {path.replace("/prod/", "/dev/"): data for path, data in FILES.items()}
    dev = {
        path: data.replace(b"name: prod\n", b"name: dev\n").replace(
            b"environment: prod", b"environment: dev"
        )
        for path, data in copy.items()
    }
    assert rules(FILES | dev) == []


def test_circle_of_predecessors_is_found_in_each_environment_of_it() -> None:
    dev = "clusters/dev/environment.yaml"
    files = FILES | {dev: FILES[HOME].replace(b"name: prod\n", b"name: dev\n")}
    files = edited(dev, "spec:\n", "spec:\n  predecessor: prod\n", files)
    assert rules(files) == []
    files = edited(HOME, "spec:\n", "spec:\n  predecessor: dev\n", files)
    assert rules(files) == [("predecessor-circle", dev), ("predecessor-circle", HOME)]


def test_predecessor_that_leads_into_a_circle_is_not_blamed_for_it() -> None:
    late = "clusters/late/environment.yaml"
    files = edited(HOME, "spec:\n", "spec:\n  predecessor: prod\n")
    files |= {
        late: FILES[HOME]
        .replace(b"name: prod\n", b"name: late\n")
        .replace(b"spec:\n", b"spec:\n  predecessor: prod\n")
    }
    assert rules(files) == [("predecessor-circle", HOME)]


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ("- {name: stable, version: '7', weight: 100}", []),
        ("- {name: candidate, version: '7', weight: 100}", ["no-stable-variant"]),
        ("- {name: previous, version: '7', weight: 100}", ["no-stable-variant"]),
        (
            "- {name: stable, version: '7', weight: 100, experiment: false}",
            [],
        ),
        (
            "- {name: stable, version: '7', weight: 50}\n"
            "    - {name: arm, version: '8', weight: 50, experiment: false}",
            ["experiment"],
        ),
        (
            "- {name: Stable, version: '7', weight: 50}\n"
            "    - {name: arm, version: '8', weight: 50, experiment: true}",
            ["experiment"],
        ),
        ("- {version: '7', weight: 100}", []),
        (
            "- {name: stable, version: '8', weight: 90}\n"
            "    - {name: candidate, version: '9', weight: 10}\n"
            "    - {name: previous, version: '7', weight: 0}",
            ["candidate-and-previous"],
        ),
        ("- 7", []),
    ],
)
def test_roles_of_variants(variants: str, expected: list[str]) -> None:
    files = edited(US, '- {name: stable, version: "7", weight: 100}', variants)
    assert [rule for rule, _ in rules(files)] == expected


def test_steps_of_equal_weight_do_not_rise() -> None:
    files = edited(FAMILY, "{weight: 10, bake: 1h}", "{weight: 100, bake: 1h}")
    assert rules(files) == [("step-order", FAMILY)]


def test_lock_is_named_by_its_version() -> None:
    path = PROD + "scoring/locks/6.yaml"
    renamed = FILES | {path: FILES[PROD + "scoring/locks/7.yaml"]}
    assert rules(renamed) == [("lock-name", path)]
    [finding] = check_structure(assemble(renamed)[0], ())
    assert finding.fix == "write it again: lockstep lock prod/scoring 6"


def test_values_from_files_are_escaped_in_messages() -> None:
    files = edited(US, "region: us-east-1", 'region: "\\e[2J\\n"')
    fleet, _ = assemble(files)
    messages = [f.message + f.fix for f in check_structure(fleet)]
    assert messages
    assert all(message.isprintable() for message in messages)


def test_only_variant_under_another_name_is_one_finding_at_that_name() -> None:
    fleet, _ = assemble(edited(US, "name: stable", "name: arm"))
    (finding,) = check_structure(fleet)
    assert (finding.rule, finding.pointer) == ("structure.experiment", "/spec/variants/0/name")


def related(files: dict[str, bytes]) -> list[tuple[str, list[tuple[str, int, str]]]]:
    fleet, _ = assemble(files)
    return [
        (f.rule.removeprefix("structure."), [(r.file, r.line, r.note) for r in f.related])
        for f in check_structure(fleet)
    ]


def test_duplicate_names_the_first_of_the_two() -> None:
    twice = edited(EU, "host: scoring.eu-west-1", "host: scoring.us-east-1")
    assert related(twice) == [("duplicate-host", [(EU, 10, "uses it already")])]
    waves = edited(FAMILY, "[eu-west-1]]", "[eu-west-1, us-east-1]]")
    assert related(waves) == [("duplicate-region", [(FAMILY, 12, "the first of the two")])]
    variants = edited(
        US, "    - {name: stable",
        '    - {name: stable, version: "7", weight: 0}\n    - {name: stable',
    )  # fmt: skip
    assert related(variants) == [("duplicate-variant", [(US, 11, "the first of the two")])]


def test_a_further_host_belongs_to_one_cluster() -> None:
    more = edited(
        US,
        "  variants:",
        "  hosts: [a.example.com, scoring.eu-west-1.models.example.com]\n  variants:",
    )
    assert related(more) == [("duplicate-host", [(EU, 10, "uses it already")])]
    fleet, _ = assemble(more)
    (found,) = check_structure(fleet)
    assert (found.file, found.pointer) == (US, "/spec/hosts/1")
    twice = edited(
        US, "  variants:", "  hosts: [scoring.us-east-1.models.example.com]\n  variants:"
    )
    assert related(twice) == [("duplicate-host", [(US, 9, "the first of the two")])]
    (found,) = check_structure(assemble(twice)[0])
    assert found.message == (
        "duplicate entry: the host 'scoring.us-east-1.models.example.com' is already spec.host of "
        "this cluster"
    )


def test_unknown_region_names_where_the_regions_are() -> None:
    files = edited(US, "region: us-east-1", "region: us-west-1")
    assert related(files)[0] == ("unknown-region", [(HOME, 8, "the regions")])


def test_inherited_value_names_the_cluster_that_uses_it() -> None:
    files = edited(FAMILY, "  defaults:", "  defaults:\n    region: us-west-9")
    files[US] = edited(US, "  region: us-east-1\n", "")[US]
    fleet, _ = assemble(files)
    users = {r.file for f in check_structure(fleet) for r in f.related if "default" in r.note}
    assert users == {US}, "the other one has a region of its own"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (HOME, "name: us-east-1, ", ""),
        (FAMILY, "[[us-east-1], [eu-west-1]]", "[us-east-1, eu-west-1]"),
        (FAMILY, "[[us-east-1], [eu-west-1]]", "[[us-east-1, 3]]"),
    ],
)
def test_what_a_schema_rejects_is_not_reported_here(path: str, old: str, new: str) -> None:
    assert rules(edited(path, old, new)) == []


ARM = '    - {name: ranker, version: "8", weight: 0, experiment: true}\n'
TERMS = '  experiments: {ranker: {learnsFrom: offline, expires: "2030-12-31"}}\n'


def test_terms_belong_to_an_arm_that_there_is() -> None:
    files = edited(US, "  variants:\n", TERMS + "  variants:\n" + ARM)
    assert rules(files) == []
    files = edited(US, "ranker:", "rankre:", files)
    fleet, _ = assemble(files)
    (found,) = check_structure(fleet)
    assert (found.rule, found.line, found.column) == ("structure.unknown-arm", 10, 17)
    assert found.fix.startswith("the arms here are ranker; name one of them, or remove")
    stable = edited(US, "rankre:", "stable:", files)
    assert rules(stable) == [("unknown-arm", US)]

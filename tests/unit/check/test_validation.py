"""A tree is validated family by family, and the part without errors is what rules may see."""

from lockstep.check.validation import validate_tree, without_malformed
from lockstep.model.finding import Finding
from tests.unit.check.test_rendering import HEAD, clusters, fleet


def test_a_valid_tree_has_no_finding_and_all_of_it_is_well_formed() -> None:
    checked = validate_tree(fleet())
    assert checked.invalid == ()
    assert [each.path for each in without_malformed(checked).clusters()] == clusters(fleet())


def test_a_malformed_cluster_is_left_out_and_its_line_is_shown() -> None:
    first, *others = clusters(fleet())
    checked = validate_tree({**fleet(), first: fleet()[first].replace(b"region:", b"regoin:")})
    places = {(finding.file, finding.line) for finding in checked.invalid}
    assert {file for file, _ in places} == {first}
    assert [each.path for each in without_malformed(checked).clusters()] == others
    outcome = checked.outcome()
    assert outcome.excerpts.keys() == places
    assert any("regoin" in text for text in outcome.excerpts.values())
    assert outcome.summary == {"clusters": 8, "families": 2}


def test_a_missing_environment_is_found_at_the_first_file_in_it() -> None:
    first, *_ = clusters(fleet())
    family = first.rpartition("/")[0]
    moved = {
        path.replace("clusters/prod/", "clusters/lost/"): data for path, data in fleet().items()
        if path.startswith(f"{family}/")
    }  # fmt: skip
    checked = validate_tree({**fleet(), **moved})
    found = {finding.rule: finding for finding in checked.invalid}
    assert found["layout.environment"].message == "clusters/lost/environment.yaml is missing"


def test_of_a_malformed_environment_nothing_is_well_formed() -> None:
    checked = validate_tree({**fleet(), HEAD: b"kind: Environment\n"})
    assert isinstance(checked.invalid[0], Finding)
    assert not [c for c in without_malformed(checked).clusters() if c.environment == "prod"]

"""What of a family differs between two environments."""

from dataclasses import replace

from lockstep.model.fleet import Environment, Family, Fleet
from lockstep.rollout.environment_differences import environment_differences
from tests.unit.fleets import fleet, tree


def made(name: str, **edits: str) -> tuple[Family, Environment]:
    """The family in an environment of that name; ``edits`` replace text by the key of a file."""
    files = {}
    for path, data in tree().items():
        text = data.decode()
        for place, edit in edits.items():
            old, _, new = edit.partition(" => ")
            if path.endswith(f"/{place}.yaml"):
                assert old in text
                text = text.replace(old, new)
        files[path] = text.encode()
    home = _home(fleet(files), name)
    return home.families["fraud"], home


def _home(found: Fleet, name: str) -> Environment:
    return replace(found.environments["prod"], name=name)


def differences(**edits: str) -> list[str]:
    """Those of prod, as edited, from staging."""
    (source, before), (target, home) = made("staging"), made("prod", **edits)
    return environment_differences(source, before, target, home)


def test_equal_environments_do_not_differ() -> None:
    assert differences() == []


def test_gates_rollout_and_tier_are_compared_by_field() -> None:
    assert differences(family="max: 0.03 => max: 0.02") == ["gates.fpr.max: 0.02; in staging: 0.03"]
    assert differences(family="[{weight: 10, bake: 1h},  => [") == [
        'rollout.steps: [{"bake":"2h","weight":100}]; in staging: '
        '[{"bake":"1h","weight":10},{"bake":"2h","weight":100}]'
    ]
    assert differences(environment="regions: [] => regions: [], tier: staging") == [
        "tier: staging; in staging: production"
    ]


def test_a_gate_of_one_environment_alone_is_not_set_in_the_other() -> None:
    found = differences(family="name: fpr => name: other")
    assert "gates.fpr.max: not set; in staging: 0.03" in found
    assert "gates.other.max: 0.03; in staging: not set" in found


def test_fields_of_clusters_are_compared_all_together_and_the_version_is_none() -> None:
    assert differences(a='version: "1" => version: "2"') == []
    found = differences(a="region: a => residency: [EU]\n  region: a")
    assert found == ['spec.residency: ["EU"]; in staging: not set']
    found = differences(
        a="region: a => host: east\n  region: a", b="region: b => host: west\n  region: b"
    )
    assert found == ['spec.host: "east" or "west"; in staging: not set']
    found = differences(a="region: a => region: d")
    assert found == ["regions: b, c and d; in staging: a, b and c"]


def test_replicas_come_first_and_what_is_too_much_is_counted() -> None:
    many = ", ".join(f"f{number:02}: 1" for number in range(50))
    found = differences(a=f"region: a => zz: {{{many}}}\n  serving: {{replicas: 5}}\n  region: a")
    assert found[0] == "spec.serving.replicas: 5; in staging: not set"
    assert len(found) == 41 and found[-1] == "and 11 more"

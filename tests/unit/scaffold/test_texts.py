"""Every value becomes one YAML scalar, and every file is valid YAML."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lockstep.edges.resources import scaffold_templates
from lockstep.scaffold.requests import (
    ClusterRequest,
    EnvironmentRequest,
    FamilyRequest,
    FleetRequest,
    RegionRequest,
)
from lockstep.scaffold.texts import FORGES, fleet_files, scalar


def fleet(forge: str = "github", tier: str = "production", source: str = "") -> FleetRequest:
    region = RegionRequest("eu-west-1", "NO", "prod-eu-west-1")
    environment = EnvironmentRequest(
        "prod", tier, (region,), "https://git.example.com/ml/fleet.git", "main", "1.37"
    )
    family = FamilyRequest("prod", tier, "on", "Fraud: {x}", ("eu-west-1",))
    cluster = ClusterRequest("prod", tier, "on", "eu-west-1", "eu-west-1", "NO", "1", "example.com")
    return FleetRequest(environment, family, (cluster,), forge, "0.1.0", source)


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))))
def test_a_text_stays_a_text_in_any_place(text: str) -> None:
    written = f"a: {scalar(text)}\nb: [{scalar(text)}, {{c: {scalar(text)}}}]\n"
    assert yaml.safe_load(written) == {"a": text, "b": [text, {"c": text}]}


@pytest.mark.parametrize("word", ["no", "NO", "true", "null", "1", "1.10", "0x1", "1e3", "~", "y"])
def test_what_yaml_reads_as_something_else_is_quoted(word: str) -> None:
    assert yaml.safe_load(scalar(word)) == word


@pytest.mark.parametrize("forge", FORGES)
@pytest.mark.parametrize("tier", ["development", "staging", "production"])
def test_every_file_is_valid_yaml_without_odd_spaces(forge: str, tier: str) -> None:
    files = fleet_files(fleet(forge, tier), scaffold_templates())
    for path, data in files.items():
        text = data.decode()
        too_many = "\n" * (4 if path.endswith(".py") else 3)
        assert text.endswith("\n") and not text.endswith("\n\n") and too_many not in text, path
        assert all(line == line.rstrip() for line in text.splitlines()), path
        if path.endswith((".yaml", ".yml")):
            assert isinstance(yaml.safe_load(text), dict)


def test_the_pin_is_written_where_a_source_is_given() -> None:
    source = "https://pypi.example.com/simple"
    pinned = fleet_files(fleet(source=source), scaffold_templates())["lockstep.yaml"]
    assert yaml.safe_load(pinned)["program"] == {"version": "0.1.0", "source": source}
    comment = fleet_files(fleet(), scaffold_templates())["lockstep.yaml"].decode()
    assert "program" not in yaml.safe_load(comment) and "# program:" in comment

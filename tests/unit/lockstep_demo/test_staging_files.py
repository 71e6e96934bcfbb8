"""The files of staging: as production's, with other regions, sizes and names."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

pytest.importorskip("sklearn", reason="the demo needs lockstep[registry]")

from lockstep_demo.fleet_files import fleet_files
from lockstep_demo.payments import REGIONS, STAGING_REGIONS
from lockstep_demo.staging_files import edited, staging_files


def specs(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The specs in the folders of environments, by path."""
    return {
        path: yaml.safe_load(data)["spec"]
        for path, data in files.items()
        if path.startswith("clusters/")
    }


def test_no_cluster_of_staging_has_the_host_or_the_identity_of_one_in_production() -> None:
    ours, theirs = (
        {
            (spec["region"], spec["host"], spec["access"]["identity"]["principal"])
            for spec in specs(files).values()
            if "region" in spec
        }
        for files in (staging_files("1"), fleet_files("1", "origin"))
    )
    for here, there in zip(zip(*ours, strict=True), zip(*theirs, strict=True), strict=True):
        assert not {*here} & {*there}
    assert {region for region, _, _ in ours} == {*STAGING_REGIONS}
    assert {region for region, _, _ in theirs} == {*REGIONS}
    assert {host for _, host, _ in ours} == {
        f"fraud-detection.{region}.staging.models.example.com" for region in STAGING_REGIONS
    }


def test_staging_has_a_dashboard_a_model_and_destinations_of_its_own() -> None:
    ours, theirs = specs(staging_files("1")), specs(fleet_files("1", "origin"))
    families = [
        spec
        for each in (ours, theirs)
        for path, spec in each.items()
        if path.endswith("family.yaml")
    ]
    assert len({spec["defaults"]["observability"]["dashboard"] for spec in families}) == 2
    assert len({spec["model"]["name"] for spec in families}) == 2
    regions = [
        {region["destination"] for region in spec["regions"]}
        for each in (ours, theirs)
        for path, spec in each.items()
        if path.endswith("environment.yaml")
    ]
    assert not regions[0] & regions[1]


def test_an_edit_whose_text_is_not_there_once_is_refused() -> None:
    assert edited("a b", (("a", "c"), ("b", "d"))) == "c d"
    for text in ("b", "a a"):
        with pytest.raises(ValueError, match="not there once: a"):
            edited(text, (("a", "c"),))

"""The page that shows what each field renders to."""

import pytest

from lockstep.edges.resources import shipped_tree
from lockstep.model.document import Json
from lockstep.model.fleet import Fleet
from lockstep.render.trace.field_table import field_name, field_table, unwritten, written_fields
from lockstep.spec.schema.flatten import flatten
from lockstep.spec.schema.load import read_schemas
from tests.golden.test_golden import golden_fleet
from tests.unit.render import rendering

SERVED = ("spec.serving.", "spec.traffic.", "spec.access.", "spec.host", "spec.namespace")
"""The fields of a cluster that are there to be rendered."""


@pytest.fixture(scope="module")
def schemas() -> dict[str, Json]:
    files = read_schemas(shipped_tree())
    return {
        "ModelCluster": flatten(files, "effective-cluster.json"),
        "ModelFamily": flatten(files, "model-family.json"),
        "Environment": flatten(files, "environment.json"),
        "ModelLock": flatten(files, "model-lock.json"),
    }


def test_every_field_of_serving_traffic_and_access_is_in_an_object(
    schemas: dict[str, Json],
) -> None:
    """A field that nothing renders is a promise that is not kept. Use it in the golden fleet."""
    written = written_fields([golden_fleet()], rendering.templates(), schemas)
    unused = unwritten("ModelCluster", written, schemas["ModelCluster"])
    assert [field for field in unused if field.startswith(SERVED)] == []


def test_a_field_has_the_objects_that_it_is_written_to(schemas: dict[str, Json]) -> None:
    page = field_table([golden_fleet()], rendering.templates(), schemas)
    rows = dict(
        line.strip("| ").split(" | ", 1) for line in page.splitlines() if line.startswith("| `")
    )
    image = "Deployment `spec.template.spec.containers[].image`"
    assert image in rows["`spec.serving.image`"]
    assert "VirtualService `spec.http[].match[].headers.*`" in rows["`spec.traffic.bucketHeader`"]
    others = "AppProject, ConfigMap, LimitRange, Namespace and ResourceQuota"
    assert f"every object but {others} `metadata.name`" in page
    assert "`spec.privacy.lawfulBasis`" not in rows


def test_a_fleet_without_clusters_has_no_rows_of_clusters(schemas: dict[str, Json]) -> None:
    written = written_fields([Fleet()], rendering.templates(), schemas)
    assert written == {}
    assert "spec.serving.image" in unwritten("ModelCluster", written, schemas["ModelCluster"])


@pytest.mark.parametrize(
    ("pointer", "field"),
    [
        (("spec", "variants", 1, "weight"), "spec.variants[].weight"),
        (("spec", "access", "secrets", "TOKEN", "path"), "spec.access.secrets.*.path"),
        (("metadata", "name"), "metadata.name"),
    ],
)
def test_a_place_is_named_without_numbers_and_chosen_names(
    pointer: tuple[str | int, ...], field: str, schemas: dict[str, Json]
) -> None:
    assert field_name(pointer, schemas["ModelCluster"]) == field

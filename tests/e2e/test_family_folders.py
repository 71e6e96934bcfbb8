"""What watches whole families in a real Argo CD: it arrives in one place, and nothing else may.

The root Application includes the families' Applications and their AppProject by its globs.
"""

import json
import re
from collections.abc import Iterator

import pytest

from tests.acceptance.world import git
from tests.lab import Lab
from tests.lab.applications import Object, said
from tests.lab.fleet import ARGOCD, WATCHING, LabFleet, assert_stays_synced
from tests.lab.layout import REPOSITORY
from tests.lab.platform import MONITORING
from tests.lab.waiting import wait_until

GOLDEN = REPOSITORY / "tests" / "golden" / "clusters" / "prod"
ENVIRONMENT = "watching"
FAMILY = "fraud-detection"
APPLICATION = f"{ENVIRONMENT}-family-{FAMILY}"
PROJECT = f"{ENVIRONMENT}-observability"


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """A family of which only the root Application was applied, all of it Synced and Healthy."""
    folder = tmp_path_factory.mktemp("families")
    fleet = LabFleet.create(lab, ENVIRONMENT, GOLDEN, folder, families=(FAMILY,))
    fleet.put_platform()
    try:
        fleet.apply_root()
        with fleet.play_operators():
            fleet.wait_synced()
        yield fleet
    finally:
        fleet.remove()


def place(each: Object) -> tuple[str, str, str]:
    meta = each["metadata"]
    return each["kind"], meta["namespace"], meta["name"]


def test_the_family_arrives_where_all_regions_are_seen(fleet: LabFleet) -> None:
    app = fleet.applications()[APPLICATION]
    assert app["spec"]["destination"]["namespace"] == MONITORING
    assert app["spec"]["project"] == PROJECT
    assert fleet.live("appprojects.argoproj.io", PROJECT, ARGOCD)
    wanted = fleet.rendered(f"families/{FAMILY}/*.yaml")
    expected = {place(each) for each in wanted if each["kind"] != "Application"}
    assert {place(each) for each in fleet.listed(WATCHING, MONITORING)} == expected
    assert {place for _, place, _ in expected} <= {MONITORING}


def test_it_stays_synced(fleet: LabFleet) -> None:
    assert_stays_synced(fleet)


def test_its_project_refuses_what_runs(fleet: LabFleet) -> None:
    before = git(fleet.clone, "rev-parse", "HEAD")
    hostile = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "hostile", "namespace": MONITORING},
    }
    path = fleet.clone / "rendered" / ENVIRONMENT / "families" / FAMILY / "hostile.json"
    path.write_text(json.dumps(hostile))
    fleet.commit("Put in what a family may not have")
    fleet.push()
    fleet.refresh(APPLICATION)
    reason = f"resource :ServiceAccount is not permitted in project {PROJECT}"

    def refused() -> bool:
        return reason in json.dumps(fleet.applications()[APPLICATION].get("status", {}))

    try:
        wait_until(refused, 120, lambda: said(fleet.applications()[APPLICATION]))
        assert not fleet.live("serviceaccounts", "hostile", MONITORING)
    finally:
        git(fleet.clone, "revert", "--no-edit", f"{before}..HEAD")
        fleet.push()
        with fleet.play_operators():
            fleet.wait_synced()


def test_a_removed_family_takes_what_watches_it_along(fleet: LabFleet) -> None:
    head = fleet.clone / "clusters" / ENVIRONMENT / "environment.yaml"
    before, _, rest = head.read_text().partition("  observability:\n")
    after = re.sub(r"\A(    .*\n)+", "", rest)
    assert rest != after
    head.write_text(before + after)
    fleet.publish("Watch the families no more")

    def gone() -> bool:
        fleet.refresh(fleet.root)
        project = fleet.live("appprojects.argoproj.io", PROJECT, ARGOCD)
        return APPLICATION not in fleet.applications() and project is None

    with fleet.play_operators():
        wait_until(gone, 120, lambda: "\n".join(map(said, fleet.applications().values())))
    assert fleet.listed(WATCHING, MONITORING) == []

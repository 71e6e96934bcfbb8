"""``lockstep add`` without a registry: further environments, families and clusters."""

from pathlib import Path

import pytest
import yaml

from lockstep.cli import invoke
from tests.unit.commands.test_init import files, folder, init

NOW = "2026-06-01T08:00:00Z"

new_folder = folder


@pytest.fixture
def fleet(new_folder: Path) -> Path:
    regions = ("--region", "eu-west-1:EU", "--region", "us-east-1:US")
    code, said = init(new_folder, "--environment", "one", *regions)
    assert code == 0, said
    return new_folder


def add(fleet: Path, *arguments: str) -> tuple[int, str]:
    return invoke(["add", *arguments, "--root", str(fleet), "--now", NOW])


def test_an_environment_and_a_family_in_it_are_added(fleet: Path) -> None:
    code, said = add(
        fleet, "environment", "two", "--tier", "production", "--region", "eu-west-1:EU"
    )
    assert code == 0, said
    code, said = add(fleet, "family", "ranking", "-e", "two", "--region", "eu-west-1")
    assert code == 0, said
    added = {f"clusters/two/ranking/{name}.yaml" for name in ("family", "eu-west-1")}
    assert {"clusters/two/environment.yaml", *added} <= files(fleet)
    assert invoke(["validate", "--root", str(fleet)])[0] == 0


@pytest.mark.parametrize("tier", ["staging", "production"])
def test_a_further_environment_is_observed_by_the_same_operator(
    new_folder: Path, tier: str
) -> None:
    assert init(new_folder, "--environment", "one", "--operator-label", "release=prom")[0] == 0
    code, said = add(
        new_folder, "environment", "two", "--tier", tier, "--region", "eu-west-1:EU",
        "--tenant", "shop",
    )  # fmt: skip
    assert code == 0 and "spec.observability" in said, said
    environment = yaml.safe_load((new_folder / "clusters/two/environment.yaml").read_text())
    assert environment["spec"]["observability"]["labels"] == {"release": "prom"}
    organisation = new_folder / "policies/data/organisation.yaml"
    names = organisation.read_text().replace('"on-call-{tenant}"', '"{family}-pager-{tenant}"')
    organisation.write_text(names)
    code, said = add(new_folder, "family", "ranking", "-e", "two", "--tenant", "shop")
    assert code == 0, said
    family = yaml.safe_load((new_folder / "clusters/two/ranking/family.yaml").read_text())
    written = family["spec"]["defaults"]["observability"]
    assert written["dashboard"] == "ranking" and "skew" in written["alerts"]
    on_call = {"secret": "ranking-pager-shop", "key": "routing-key"}
    assert written.get("onCall") == (on_call if tier == "production" else None)


def test_a_family_of_a_tenant_without_callers_is_refused(new_folder: Path) -> None:
    assert init(new_folder, "--environment", "one")[0] == 0
    production = ("--tier", "production", "--region", "eu-west-1:EU")
    assert add(new_folder, "environment", "two", *production)[0] == 0
    before = files(new_folder)
    code, said = add(new_folder, "family", "ranking", "-e", "two", "--tenant", "shop")
    assert code == 2 and "nothing may call this cluster" in said, said
    assert "list the namespaces of its callers in spec.tenants" in said
    assert files(new_folder) == before


def test_a_cluster_gets_a_wave_of_its_own(fleet: Path) -> None:
    path = fleet / "clusters/one/fraud"
    (path / "us-east-1.yaml").unlink(missing_ok=True)
    head = (path / "family.yaml").read_text()
    (path / "family.yaml").write_text(head.replace("      - [us-east-1]\n", ""))
    code, said = add(fleet, "cluster", "us-east-1", "--family", "one/fraud")
    assert code == 0, said
    assert "us-east-1" in (path / "family.yaml").read_text()
    assert (path / "us-east-1.yaml").is_file()


@pytest.mark.parametrize(
    ("zones", "arguments", "host"),
    [
        ("[ml.example.org, example.com]", (), "ranking.eu-west-1.one.ml.example.org"),
        ('["{tenant}.example.org"]', (), "ranking.eu-west-1.one.shop.example.org"),
        ("[ml.example.org]", ("--domain", "a.example"), "ranking.eu-west-1.one.a.example"),
        ("1", (), "ranking.eu-west-1.one.example.com"),
    ],
)
def test_a_host_is_in_the_first_zone_of_the_organisation(
    fleet: Path, zones: str, arguments: tuple[str, ...], host: str
) -> None:
    path = fleet / "policies/data/organisation.yaml"
    path.write_text(path.read_text().replace("hosts: [example.com]", f"hosts: {zones}"))
    code, said = add(
        fleet, "family", "ranking", "-e", "one", "--tenant", "shop", "--region", "eu-west-1",
        *arguments,
    )  # fmt: skip
    assert code == 0, said
    assert f"host: {host}\n" in (fleet / "clusters/one/ranking/eu-west-1.yaml").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ("environment", "one"),
        ("family", "fraud", "-e", "one"),
        ("cluster", "eu-west-1", "--family", "one/fraud"),
        ("cluster", "ap-south-1", "--family", "one/fraud"),
        ("family", "x", "-e", "none"),
    ],
)
def test_what_exists_or_fits_nowhere_is_refused(fleet: Path, arguments: tuple[str, ...]) -> None:
    before = files(fleet)
    code, said = add(fleet, *arguments)
    assert code == 2 and "Traceback" not in said, said
    assert files(fleet) == before

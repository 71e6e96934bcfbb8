"""The fleet in this repository passes its own checks and is the example to learn from."""

import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.cli import invoke
from lockstep.model.document import value_at
from lockstep.model.times import parse_time
from tests.acceptance.world import git
from tests.reference_locks import date_locks, read_at, time_of_checks

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("clusters", "policies", "rendered", "templates")
PROD = Path("clusters/prod")
# From the fleet itself: rules about the age of facts see it as on the day it was last read.
NOW = time_of_checks()
HUMAN = sorted(
    path.relative_to(REPOSITORY)
    for path in (REPOSITORY / "clusters").rglob("*.yaml")
    if "locks" not in path.parts and path.name != "quarantine.yaml"
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    for folder in FOLDERS:
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    return tmp_path


def check(root: Path) -> tuple[int, list[Any]]:
    """The exit code of a whole check, and all of its findings, warnings included."""
    code, said = invoke(["check", "--root", str(root), "--now", NOW, "--format", "json"])
    return code, json.loads(said)["findings"]


def spec(family: str, cluster: str = "family") -> Any:
    """The spec as written; for a cluster without the family's defaults."""
    return yaml.safe_load((REPOSITORY / PROD / family / f"{cluster}.yaml").read_text())["spec"]


def jurisdictions() -> dict[str, str]:
    environment = yaml.safe_load((REPOSITORY / PROD / "environment.yaml").read_text())
    return {each["name"]: each["jurisdiction"] for each in environment["spec"]["regions"]}


# The whole check


def test_check_finds_nothing(copy: Path) -> None:
    assert check(copy) == (0, [])
    said = invoke(["check", "--root", str(copy), "--now", NOW])[1]
    assert said == "no errors in 14 clusters\n"


def test_render_changes_nothing(copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    code, said = invoke(["render", "--root", str(copy)])
    assert (code, said) == (0, "rendered/ is as the specs declare it\n")
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_check_needs_no_registry(copy: Path) -> None:
    """A CI job that only checks installs light, and gets its answer without MLflow."""
    arguments = ["check", "--root", str(copy), "--now", NOW]
    code = (
        "import sys; from lockstep.cli import invoke; "
        f"assert invoke({arguments!r})[0] == 0; "
        "sys.exit('mlflow was imported' if 'mlflow' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        ("credit-scoring/eu-west-2", "logs: eu-west-2", "logs: us-east-1", "data-residency"),
        ("credit-scoring/eu-west-2", "[UK, EU]", "[UK, EU, US]", "residency"),
        ("credit-scoring/family", "max: 0.04", "max: 0.06", "regulated-floors"),
        ("credit-scoring/family", "humanReview: ", "# humanReview: ", "human-review"),
        ("personalisation/us-east-1", "ceiling: 5", "ceiling: 50", "experiment-terms"),
        ("personalisation/us-east-1", "[bandit_clicks]", "[front_page_answers]", "feedback-data"),
        ("recommender/family", 'items: "4"', 'items: "4", prices: "1"', None),
    ],
)
def test_the_special_settings_of_a_family_are_checked(
    copy: Path, file: str, old: str, new: str, rule: str | None
) -> None:
    path = copy / PROD / f"{file}.yaml"
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    assert invoke(["render", "--root", str(copy)])[0] == 0
    assert {found["rule"] for found in check(copy)[1]} == ({f"policy.{rule}"} if rule else set())


ARM = (
    '    - {name: stable, version: "12", weight: 90}\n'
    '    - {name: seasonal-ranker, version: "14", weight: 10, experiment: true}\n'
    "  experiments:\n"
    "    seasonal-ranker: {learnsFrom: offline, ceiling: 10, owner: shop-experiments@example.com,\n"
    '      expires: "EXPIRES"}\n'
)


def rules_about_an_arm(copy: Path, now: str, expires: str) -> set[str]:
    """What a check finds where an A/B test begins in one more cluster, at a time."""
    git(copy, "add", "--all")
    git(copy, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "1")
    path = copy / PROD / "recommender/us-east-1.yaml"
    stable = '    - {name: stable, version: "12", weight: 100}\n'
    assert stable in path.read_text()
    path.write_text(path.read_text().replace(stable, ARM.replace("EXPIRES", expires)))
    assert invoke(["render", "--root", str(copy)])[0] == 0
    said = invoke(["check", "--root", str(copy), "--base", "HEAD", "--now", now,
                   "--format", "json"])[1]  # fmt: skip
    return {each["rule"] for each in json.loads(said)["findings"] if each["severity"] == "error"}


def test_an_experiment_with_the_other_version_of_a_family_finds_fresh_facts(copy: Path) -> None:
    times = read_at()
    assert max(times) - min(times) < timedelta(hours=168 - 1), "make reference-locks dates them all"
    assert "policy.lock-fresh" not in rules_about_an_arm(copy, NOW, "2028-12-31")


def test_the_facts_can_be_made_fresh_at_any_time_and_get_old_again(copy: Path) -> None:
    date_locks(copy, parse_time("2031-03-05T10:00:00Z"))
    assert invoke(["render", "--root", str(copy)])[1] == "rendered/ is as the specs declare it\n"
    found = rules_about_an_arm(copy, "2031-03-05T11:00:00Z", "2031-12-31")
    assert "policy.lock-fresh" not in found
    said = invoke(["check", "--root", str(copy), "--base", "HEAD", "--format", "json",
                   "--now", "2031-03-13T11:00:00Z"])[1]  # fmt: skip
    assert "policy.lock-fresh" in {each["rule"] for each in json.loads(said)["findings"]}


def test_a_change_of_templates_is_one_finding_with_a_count_and_places(copy: Path) -> None:
    for template in (copy / "templates").rglob("*.j2"):
        template.write_text(template.read_text().replace("metadata:", "# changed\nmetadata:", 1))
    code, found = check(copy)
    (one,) = (each for each in found if each["rule"] == "render.different")
    assert code == 10
    files = re.fullmatch("([0-9]+) rendered files in [0-9]+ folders differ .*", one["message"])
    assert files and int(files[1]) == len(one["related"]) > 20
    said = invoke(["check", "--root", str(copy), "--now", NOW])[1]
    assert said.count("render.different") == 1 and "fix: lockstep render" in said
    assert len(said.splitlines()) < 40


def test_a_file_that_no_rollout_could_edit_is_a_finding_before_one_begins(copy: Path) -> None:
    path = copy / PROD / "recommender/us-east-1.yaml"
    text = path.read_text().replace("weight: 100", "weight: &all 100")
    path.write_text(text)
    assert "structure.not-editable" not in {each["rule"] for each in check(copy)[1]}
    path.write_text(text + "  serving: {replicas: *all}\n")
    code, found = check(copy)
    (one,) = (each for each in found if each["rule"] == "structure.not-editable")
    assert code == 10 and one["file"] == "clusters/prod/recommender/us-east-1.yaml"
    line = path.read_text().splitlines()[one["line"] - 1]
    assert line[one["column"] - 1 :].startswith("&all 100")
    assert [each["note"] for each in one["related"]] == ["uses it"]


# The files


@pytest.mark.parametrize("path", HUMAN, ids=str)
def test_a_hand_written_file_reads_in_a_minute(path: Path) -> None:
    first, *lines = (REPOSITORY / path).read_text().splitlines()
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert schema != first
    assert (REPOSITORY / path.parent / schema).is_file()
    # An environment lists what all its regions, tenants and teams share.
    assert len(lines) < (100 if path.name == "environment.yaml" else 66)
    assert max(map(len, lines)) <= 130


def test_every_owner_is_a_role() -> None:
    for path in HUMAN:
        text = (REPOSITORY / path).read_text()
        for address in re.findall(r"[\w.+-]+@[\w.-]+", re.sub(r"image: .*", "", text)):
            assert re.fullmatch(r"[a-z]+(-[a-z]+)+@example\.com", address), path


# The families


def test_the_environment_is_production_with_a_tenant_for_each_family() -> None:
    environment = yaml.safe_load((REPOSITORY / PROD / "environment.yaml").read_text())["spec"]
    heads = [yaml.safe_load(path.read_text()) for path in (REPOSITORY / PROD).glob("*/family.yaml")]
    tenants = {head["metadata"]["name"]: head["metadata"]["tenant"] for head in heads}
    assert tenants == {
        "credit-scoring": "credit",
        "fraud-detection": "risk",
        "personalisation": "media",
        "recommender": "shop",
    }
    assert environment["tier"] == "production"
    assert {each["name"] for each in environment["tenants"]} == set(tenants.values())
    assert {"cron", "from"} <= {key for freeze in environment["freezes"] for key in freeze}


def test_the_fleet_shows_what_model_servers_need() -> None:
    used: set[str] = set()
    stores: set[str] = set()
    for path in HUMAN:
        written = yaml.safe_load((REPOSITORY / path).read_text())["spec"]
        for each in (written, written.get("defaults", {})):
            used |= each.get("serving", {}).keys()
            secrets = each.get("access", {}).get("secrets", {}).values()
            stores |= {secret.get("storeKind", "SecretStore") for secret in secrets}
    assert used >= {
        "affinity", "args", "batching", "cache", "command", "env", "fetch", "hpa",
        "imagePullSecrets", "keda", "lifecycle", "metrics", "nodeSelector", "ports",
        "priorityClassName", "probes", "runtime", "securityContext",
        "terminationGracePeriodSeconds", "tolerations", "volumes", "warmReplicas", "warmUp",
        "whenUnsatisfiable", "workers", "zones",
    }  # fmt: skip
    assert spec("personalisation")["defaults"]["serving"]["keda"].keys() >= {
        "requestsPerSecond", "p95Milliseconds", "queueLength", "queueMetric",
    }  # fmt: skip
    assert stores == {"SecretStore", "ClusterSecretStore"}
    limits = spec("personalisation", "eu-west-1")["serving"]["resources"]["limits"]
    assert limits == {"nvidia.com/gpu": "1"}


def test_fraud_detection_serves_one_version_in_every_region() -> None:
    regions = [region for wave in spec("fraud-detection")["rollout"]["waves"] for region in wave]
    assert len(regions) == 3
    variants = [spec("fraud-detection", region)["variants"] for region in regions]
    assert variants == [[{"name": "stable", "version": "41", "weight": 100}]] * 3


def test_the_recommender_has_an_experiment_that_learns_nothing() -> None:
    cluster = spec("recommender", "eu-west-1")
    arms = [each["name"] for each in cluster["variants"] if each.get("experiment")]
    assert arms == list(cluster["experiments"]) == ["seasonal-ranker"]
    assert cluster["experiments"]["seasonal-ranker"]["learnsFrom"] == "offline"


def test_regulated_segments_of_credit_scoring_have_stricter_gates() -> None:
    family = spec("credit-scoring")
    segments = {
        region: spec("credit-scoring", region)["segment"]
        for wave in family["rollout"]["waves"]
        for region in wave
    }
    assert {region for region, each in segments.items() if each["regulated"]} == {
        "eu-west-1", "eu-west-2",
    }  # fmt: skip
    gates = {(gate.get("segment"), gate.get("metric")): gate for gate in family["gates"]}
    assert gates["consumer", "auc"]["min"] > gates[None, "auc"]["min"]
    assert gates["consumer", "fpr"]["confidence"] > 0.95
    assert {each["name"] for each in segments.values()} <= {segment for segment, _ in gates}
    assert family["defaults"]["privacy"]["automatedDecision"] is True
    lock = yaml.safe_load((REPOSITORY / PROD / "credit-scoring/locks/9.yaml").read_text())["spec"]
    tags = lock["facts"]["tags"]
    assert re.fullmatch("sha256:[0-9a-f]{64}", tags["model_card.digest"])
    assert {"train.version", "train.workers", "train.seed"} <= tags.keys()


def test_data_of_the_uk_stay_in_the_uk_and_the_eu() -> None:
    homes = jurisdictions()
    british = [region for region, jurisdiction in homes.items() if jurisdiction == "UK"]
    clusters = [
        yaml.safe_load((REPOSITORY / path).read_text())["spec"]
        for path in HUMAN
        if path.stem in british
    ]
    assert clusters
    for cluster in clusters:
        places = {cluster["region"], cluster["privacy"]["logs"], *cluster["privacy"]["training"]}
        assert {homes[place] for place in places} <= set(cluster["residency"]) <= {"UK", "EU"}


def environment(name: str) -> Any:
    return yaml.safe_load((REPOSITORY / "clusters" / name / "environment.yaml").read_text())["spec"]


def effective(name: str) -> dict[tuple[str, str], Any]:
    """Each cluster's spec in an environment, with its family's defaults, by family and region."""
    specs = {}
    for head in (REPOSITORY / "clusters" / name).glob("*/family.yaml"):
        defaults = yaml.safe_load(head.read_text())["spec"]["defaults"]
        for path in head.parent.glob("*.yaml"):
            if path != head:
                own = yaml.safe_load(path.read_text())["spec"]
                specs[head.parent.name, own["region"]] = {**defaults, **own}
    return specs


def locked(name: str, family: str, version: str) -> Any:
    path = REPOSITORY / "clusters" / name / family / "locks" / f"{version}.yaml"
    return yaml.safe_load(path.read_text())["spec"]


def test_staging_shares_no_name_with_production_in_what_both_environments_use() -> None:
    prod, staging = environment("prod"), environment("staging")
    assert prod["predecessor"] == "staging" and "predecessor" not in staging
    assert staging["tier"] == "staging"
    for key in ("name", "destination"):
        ours, theirs = ({each[key] for each in spec["regions"]} for spec in (staging, prod))
        assert ours and not ours & theirs
    addresses = {spec["registries"]["mlflow"]["address"] for spec in (prod, staging)}
    assert len(addresses) == 2
    for path in (
        ("host",),
        ("access", "identity", "principal"),
        ("observability", "dashboard"),
    ):
        ours, theirs = (
            {value_at(spec, path) for spec in effective(name).values()}
            for name in ("staging", "prod")
        )
        assert None not in ours and not ours & theirs, path
    assert all(".staging." in spec["host"] for spec in effective("staging").values())


def test_staging_serves_what_production_does_under_numbers_of_its_own_registry() -> None:
    ours, theirs = (
        {family: spec["variants"][0]["version"] for (family, _), spec in effective(name).items()}
        for name in ("staging", "prod")
    )
    assert ours.keys() == {"credit-scoring", "personalisation"}
    for family, version in ours.items():
        digest = locked("staging", family, version)["identity"]["digest"]
        copy = locked("prod", family, theirs[family])
        assert copy["identity"]["digest"] == copy["facts"]["tags"]["lockstep.digest"] == digest
        assert version != theirs[family]


def test_the_clusters_of_staging_are_smaller() -> None:
    ours, theirs = (
        {each["name"]: each["quota"] for each in environment(name)["tenants"]}
        for name in ("staging", "prod")
    )
    assert all(int(quota["cpu"]) < int(theirs[name]["cpu"]) for name, quota in ours.items())


def served(cluster: str) -> list[Any]:
    """The routes of a rendered VirtualService, each as its name and its subsets with weights."""
    path = REPOSITORY / "rendered/prod/clusters" / cluster / "virtualservice.yaml"
    return [
        (
            route["name"],
            {place["destination"]["subset"]: place["weight"] for place in route["route"]},
            bool(route.get("match")),
        )
        for route in yaml.safe_load(path.read_text())["spec"]["http"]
    ]


def test_an_arm_that_learns_shares_no_route_with_production() -> None:
    cluster = spec("personalisation", "us-east-1")
    (arm,) = (each for each in cluster["variants"] if each.get("experiment"))
    terms = cluster["experiments"][arm["name"]]
    assert terms["learnsFrom"] == "live"
    assert arm["weight"] <= terms["ceiling"] == 5
    own = f"v{arm['version']}"
    routes = served("personalisation-us-east-1")
    holding = [(subsets, matches) for _, subsets, matches in routes if own in subsets]
    assert holding == [({own: 100}, True)], "its own route, for its own buckets alone"
    assert routes[-1] == ("weighted", {"v21": 100}, False)


def test_what_an_arm_learns_reaches_nothing_else() -> None:
    terms = spec("personalisation", "us-east-1")["experiments"]["bandit"]
    features = spec("personalisation")["defaults"]["features"]
    assert not set(terms["writes"]) & {*features["views"], *features["writes"]}
    locks = REPOSITORY / PROD / "personalisation/locks"
    trained = {
        path.stem: {
            dataset["name"]
            for dataset in yaml.safe_load(path.read_text())["spec"]["facts"]["datasets"]
        }
        for path in locks.glob("*.yaml")
    }
    assert trained["24"] == set(terms["training"])
    assert not trained["24"] & trained["21"]

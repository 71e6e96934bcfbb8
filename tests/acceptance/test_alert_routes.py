"""Where Alertmanager sends alerts, asked of its own tool with the configuration of the operator."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.render.rendering import cluster
from tests.unit.render.specs import ON_CALL, render_observed

pytestmark = pytest.mark.skipif(
    not shutil.which("amtool"),
    reason="no amtool on PATH; on Debian: apt install prometheus-alertmanager",
)

OURS = {
    "namespace": "fraud",
    "lockstep_environment": "prod",
    "lockstep_cluster": "fraud-eu",
    "alertname": "LockstepErrorBudgetBurnFast",
}
NO_ONE = "null"
NAMES = {
    "routingKey": "routing_key", "sendResolved": "send_resolved", "groupBy": "group_by",
    "groupWait": "group_wait", "groupInterval": "group_interval",
    "repeatInterval": "repeat_interval",
}  # fmt: skip
"""What Alertmanager calls the fields of the operator's objects."""


def snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {NAMES.get(key, key): snake(item) for key, item in value.items()}
    return [snake(item) for item in value] if isinstance(value, list) else value


def matchers(items: list[dict[str, str]]) -> list[str]:
    return [f'{m["name"]}{m["matchType"]}"{m["value"]}"' for m in items]


def as_the_operator_writes_it(folder: Path, *names: str) -> Path:
    """Alertmanager's configuration of the routes of these clusters.

    The operator prefixes receivers, reads the routing key, adds the namespace, and goes on behind
    the first route that matches.
    """
    config: dict[str, Any] = {
        "route": {"receiver": NO_ONE, "routes": []},
        "receivers": [{"name": NO_ONE}],
        "inhibit_rules": [],
    }
    for name in names:
        spec = cluster(name, observability={"onCall": ON_CALL})
        manifest = render_observed(spec, alertmanager=True).manifests["alertmanagerconfig.yaml"]
        namespace, prefix = f'namespace="{manifest["metadata"]["namespace"]}"', f"{name}/"
        route = snake(manifest["spec"]["route"])
        for each in (route, *route["routes"]):
            each |= {"receiver": prefix + each["receiver"], "matchers": matchers(each["matchers"])}
        route |= {"matchers": [namespace, *route["matchers"]], "continue": True}
        config["route"]["routes"].append(route)
        for receiver in manifest["spec"]["receivers"]:
            (pagerduty,) = snake(receiver["pagerdutyConfigs"])
            pagerduty["routing_key"] = "0123456789abcdef0123456789abcdef"
            pagerduty["details"] = {d["key"]: d["value"] for d in pagerduty["details"]}
            written = {"name": prefix + receiver["name"], "pagerduty_configs": [pagerduty]}
            config["receivers"].append(written)
        config["inhibit_rules"] += [
            {
                "source_matchers": [namespace, *matchers(rule["sourceMatch"])],
                "target_matchers": [namespace, *matchers(rule["targetMatch"])],
                "equal": rule["equal"],
            }
            for rule in manifest["spec"]["inhibitRules"]
        ]
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    return path


def amtool(*arguments: str) -> str:
    command = ["amtool", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def receivers(config: Path, **labels: str) -> set[str]:
    """Who hears of an alert with our labels, these replaced; an empty one is none."""
    given = [f"{name}={value}" for name, value in {**OURS, **labels}.items() if value]
    said = amtool("config", "routes", "test", f"--config.file={config}", *given)
    return set(said.strip().split(","))


def test_alertmanager_accepts_the_routes_and_their_texts(tmp_path: Path) -> None:
    said = amtool("check-config", str(as_the_operator_writes_it(tmp_path, "fraud-eu", "fraud-us")))
    assert "SUCCESS" in said and "2 inhibit rules" in said and "5 receivers" in said


def test_alerts_go_where_their_severity_and_their_cluster_say(tmp_path: Path) -> None:
    config = as_the_operator_writes_it(tmp_path, "fraud-eu", "fraud-us")
    assert receivers(config, severity="page") == {"fraud-eu/page"}
    assert receivers(config, severity="ticket") == {"fraud-eu/ticket"}
    other = receivers(config, severity="ticket", lockstep_cluster="fraud-us")
    assert other == {"fraud-us/ticket"}
    # An alert without severity is a mistake that wakes an engineer, and not one that gets lost.
    assert receivers(config) == {"fraud-eu/page"}


@pytest.mark.parametrize("label", ["namespace", "lockstep_environment", "lockstep_cluster"])
def test_alerts_of_others_stay_theirs(tmp_path: Path, label: str) -> None:
    config = as_the_operator_writes_it(tmp_path, "fraud-eu")
    assert receivers(config, severity="page", **{label: "another"}) == {NO_ONE}
    assert receivers(config, severity="page", **{label: ""}) == {NO_ONE}

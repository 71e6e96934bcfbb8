"""A finding about a rendered object is at the line of the template or spec that wrote it."""

from pathlib import Path

import pytest

from lockstep.cli.entry import invoke
from tests.acceptance.fleets import EU, FAMILY, Fleet, rules

TEMPLATE = "templates/virtualservice/virtualservice.yaml.j2"


def test_a_template_that_breaks_a_route_is_named_with_its_line(tmp_path: Path) -> None:
    fleet = Fleet.create(tmp_path)
    text = (tmp_path / TEMPLATE).read_text()
    old = "            subset: {{ subset | quote }}\n"
    # The first is that of requests; the others are those of TCP.
    (tmp_path / TEMPLATE).write_text(text.replace(old, "            subset: lost\n", 1))
    line = text[: text.index(old)].count("\n") + 1
    code, findings = fleet.check()
    assert code == 11
    assert set(rules(findings)) == {"policy.subsets-routed"}
    places = {(f["file"], f["line"]) for f in findings if '"lost"' in str(f["message"])}
    assert places == {(TEMPLATE, line)}


def test_a_manifest_that_kubernetes_refuses_is_reported_at_its_value(tmp_path: Path) -> None:
    fleet = Fleet.create(tmp_path)
    template = "templates/service/service.yaml.j2"
    fleet.edit(template, "      port: 80\n", "      port: eighty\n")
    line = (tmp_path / template).read_text().split("port: eighty")[0].count("\n") + 1
    code, findings = fleet.check()
    assert code == 10
    places = {(f["file"], f["line"]) for f in findings if f["rule"] == "render.manifest"}
    assert places == {(template, line)}


@pytest.mark.parametrize("broken", [EU, FAMILY, "clusters/prod/environment.yaml"])
def test_the_manifests_of_an_unreadable_file_are_not_deleted(tmp_path: Path, broken: str) -> None:
    fleet = Fleet.create(tmp_path)
    before = {p: p.read_bytes() for p in (tmp_path / "rendered").rglob("*") if p.is_file()}
    fleet.edit(broken, "kind:", "kind: [")
    code, findings = fleet.check()
    assert code == 10
    assert {f["file"] for f in findings if not f["rule"].startswith("policy.")} == {broken}
    assert invoke(["render", "--root", str(tmp_path)])[0] == 10
    assert all(path.read_bytes() == data for path, data in before.items())


def test_a_malformed_template_is_one_finding_and_no_other_output(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fleet = Fleet.create(tmp_path)
    fleet.edit("templates/service/service.yaml.j2", "  ports:\n", "   ports:\n")
    capfd.readouterr()
    for verb in ("check", "render"):
        code, text = invoke([verb, "--root", str(tmp_path)])
        assert code == 10 and "templates/service/service.yaml.j2:" in text
    assert capfd.readouterr() == ("", "")

"""Findings as JUnit XML, which GitLab, Jenkins and most other CI systems show as test results.

A suite for each file with a case for each finding, and before them a suite ``lockstep`` with what
passed, so that a clean check is a report too. An error is a failure; a spec that could not be
evaluated is an error of JUnit; all others are skipped, with what they say: warnings, what needs
approval, what is suppressed, and notes.
Names of cases hold no line numbers: CI systems compare them between branches. Where only a part of
the fleet was checked, the property ``scope`` of the suite ``lockstep`` says so.
"""

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import POLICY, UNEVALUATED, Outcome
from lockstep.report.counting import Kind, kind, scope
from lockstep.report.text import describe_suppression
from lockstep.text.sanitise import one_line

WELL_FORMED = "everything is well-formed"
"""The case that passes unless something other than policy finds an error."""


def format_outcome(outcome: Outcome) -> str:
    """An XML document in ASCII, which is the same in every encoding."""
    findings = arrange(outcome.findings)
    root = ElementTree.Element("testsuites", name="lockstep")
    passed, about = _passed(outcome, findings), scope(outcome.summary)
    if passed or about:
        suite = ElementTree.SubElement(root, "testsuite", name="lockstep")
        if about:
            properties = ElementTree.SubElement(suite, "properties")
            ElementTree.SubElement(properties, "property", name="scope", value=about)
        for name in passed:
            ElementTree.SubElement(suite, "testcase", classname="lockstep", name=one_line(name))
    # The findings are in the order of their files, which groupby needs.
    for file, group in groupby(findings, lambda finding: finding.file):
        _suite(root, one_line(file), list(group))
    for suite in root:
        _count(suite, [suite])
    _count(root, list(root))
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, "us-ascii", xml_declaration=True)
    return data.decode("ascii")


def _passed(outcome: Outcome, findings: Sequence[Finding]) -> list[str]:
    broken = {finding.rule for finding in findings if finding.stops}
    passed = [] if any(not rule.startswith(POLICY) for rule in broken) else [WELL_FORMED]
    if broken & UNEVALUATED.keys():  # some rule was not evaluated on every spec
        return passed
    return passed + sorted({rule.id for rule in outcome.rules} - broken)


def _suite(root: ElementTree.Element, file: str, findings: Sequence[Finding]) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=file)
    names: dict[str, int] = {}
    for finding in findings:
        name = _unused(one_line(f"{finding.rule}: {finding.message}"), names)
        case = ElementTree.SubElement(suite, "testcase", classname=file, name=name, file=file)
        _result(case, finding)


def _unused(name: str, names: dict[str, int]) -> str:
    """The name, numbered if it is in use: GitLab keeps only the first of several equal names.

    ``names`` are those in use, each with the last number that was tried for it; the new one is
    added. A file may have thousands of findings of one name.
    """
    new = name
    while new in names:
        names[name] += 1
        new = f"{name} ({names[name]})"
    names[new] = 1
    return new


def _result(case: ElementTree.Element, finding: Finding) -> None:
    found = kind(finding)
    tag = "skipped"
    if found is Kind.ERROR:
        tag = "error" if finding.rule in UNEVALUATED else "failure"
    message = one_line(finding.message)
    result = ElementTree.SubElement(case, tag, message=f"{found}: {message}")
    # one_line, because XML cannot hold control characters, not even as references.
    result.text = "\n".join(map(one_line, _lines(finding)))
    if tag != "skipped":
        result.set("type", one_line(finding.rule))


def _lines(finding: Finding) -> list[str]:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    lines = [f"{place}: {kind(finding)} {finding.rule}: {finding.message}"]
    lines += [f"fix: {finding.fix}"] if finding.fix else []
    lines += [f"also {also.file}:{also.line}:{also.column} {also.note}" for also in finding.related]
    return [*lines, describe_suppression(finding)] if finding.suppression else lines


def _count(element: ElementTree.Element, suites: Sequence[ElementTree.Element]) -> None:
    cases = [case for suite in suites for case in suite.iter("testcase")]
    element.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(case.find(tag) is not None for case in cases)))

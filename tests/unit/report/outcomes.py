"""Outcomes for tests of reports: an ordinary one, and hostile ones of every shape."""

import random
from dataclasses import replace

from hypothesis import strategies as st

from lockstep.model.finding import Finding, Related, Severity, Suppression, arrange
from lockstep.model.outcome import Outcome, RuleText

CLUSTER = "clusters/prod/fraud/eu.yaml"
WRONG = Finding(
    CLUSTER, 9, 13, "policy.residency", 'region "us-east-1" lies in "US"', "choose another region",
    "/spec/region", related=(Related("clusters/prod/fraud/family.yaml", 4, 3, "inherited here"),),
)  # fmt: skip
ODD = Finding(CLUSTER, 2, 1, "lock.stale", "old facts", "", severity=Severity.WARNING)
WAIVER = Suppression(
    "policies/data/waivers.yaml", 7, "risk-ml@example.com", "until the move", "RISK-7", "2026-09-30"
)
WAIVED = Finding(
    "clusters/prod/fraud/us.yaml", 3, 5, "policy.image-by-digest", "image is a tag", "use a digest",
    "/spec/image", suppression=WAIVER,
)  # fmt: skip
RULES = (
    RuleText("policy.residency", "Data stays where it may be", "Regions and the law.", "privacy"),
    RuleText("policy.weights-sum", "Weights add up", "They add up to 100.", "structure"),
)
ORDINARY = Outcome(
    arrange([WRONG, ODD, WAIVED]),
    {"clusters": 3, "families": 1},
    {(CLUSTER, 9): "  region: us-east-1  # the law", (CLUSTER, 2): "kind: ModelCluster"},
    RULES,
)

PARTIAL = replace(ORDINARY, summary={**ORDINARY.summary, "of": 1000, "base": "origin/main"})
"""What the check of a change finds, which touches one family."""

ATTACKS = (
    "x\n::error file=a,line=1::forged", "::stop-commands::x", "##[group]x", "a\r\x1b[2K\x9b1m",
    "\u202egnp\u2066", "]]><failure/>", "<b>&amp;</b>", "[[ATTACHMENT|/etc/passwd]]", "\x00\uffff",
    "```\n# forged\n", "` <script>", "``", "@everyone #1 !2 GH-3", "[x](http://x.example)", "|", "",
    "{0} }{ ](1)", "%0A::error::x", "a:1,b=2", "//host/x", "../x", "https://x.example/y", "\t",
    " ", "\ud800", "世界" * 3, "e\u0301\u200d", "line 4, x.yaml:3:1", "</details>", "<!-- -->",
)  # fmt: skip
TEXT = st.one_of(st.sampled_from(ATTACKS), st.text(st.characters(), max_size=30))
LINE = st.integers(1, 9)
RELATED = st.builds(Related, TEXT, LINE, LINE, TEXT)
SUPPRESSION = st.builds(Suppression, TEXT, LINE, TEXT, TEXT, TEXT, TEXT)
FINDINGS = st.builds(
    Finding, TEXT, LINE, LINE, TEXT.filter(bool), TEXT, TEXT, TEXT, st.sampled_from(Severity),
    st.lists(RELATED, max_size=3).map(tuple), st.none() | SUPPRESSION,
)  # fmt: skip


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """Any findings, in any order, with source lines for some and rules."""
    findings = draw(st.lists(FINDINGS, max_size=6))
    excerpts = {(f.file, f.line): draw(TEXT) for f in findings if draw(st.booleans())}
    names = [f.rule for f in findings] + ["policy.other"]
    named = st.builds(RuleText, st.sampled_from(names), TEXT, TEXT, TEXT)
    rules = draw(st.lists(named, max_size=3, unique_by=lambda rule: rule.id))
    return Outcome(tuple(findings), {"clusters": 3}, excerpts, tuple(rules))


def shuffled(outcome: Outcome) -> Outcome:
    """The same outcome, in another order."""
    chance = random.Random(len(outcome.findings))
    findings, rules = list(outcome.findings), list(outcome.rules)
    excerpts = list(outcome.excerpts.items())
    for each in (findings, rules, excerpts):
        chance.shuffle(each)
    findings += findings[:1]
    return Outcome(tuple(findings), outcome.summary, dict(excerpts), tuple(rules))


def many(number: int, severity: Severity = Severity.ERROR, rule: str = "policy.x") -> list[Finding]:
    """That many findings in ten files."""
    return [
        Finding(f"clusters/{n % 10}.yaml", n + 1, 1, rule, f"mistake {n}", "fix it", "", severity)
        for n in range(number)
    ]

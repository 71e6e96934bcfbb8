"""Reviews for tests: an ordinary one, and hostile ones of every shape."""

from dataclasses import replace as changed

from hypothesis import strategies as st
from msgspec.structs import replace

from lockstep.model.differences import (
    ChangeType,
    Danger,
    FieldChange,
    FleetDiff,
    ObjectChange,
    WeightChange,
)
from lockstep.model.evidence import Verdict
from lockstep.model.forecast import Follow, Forecast, ForecastStep
from lockstep.model.review import (
    ApprovalGate,
    ClusterReview,
    Excerpt,
    FamilyReview,
    MetricReview,
    MetricValue,
    NewDecision,
    PartChange,
    Review,
    RoleReview,
    VariantShare,
)
from lockstep.report.review import Links
from tests.unit.report.outcomes import ATTACKS, FINDINGS, ODD, WAIVED, WRONG

WEB = "https://git.example.com/ml/fleet"
HEAD = "0123456789abcdef0123456789abcdef01234567"
LINKS = Links(f"{WEB}/src/commit/{HEAD}/", HEAD, f"{WEB}/commit/{HEAD}", f"{WEB}/actions/runs/7")

BEFORE = (VariantShare("stable", "41", 100),)
AFTER = (VariantShare("stable", "41", 90), VariantShare("candidate", "42", 10))
CLUSTER = ClusterReview(
    "fraud-eu", "eu-west-1", "clusters/prod/fraud/eu.yaml", PartChange.CHANGED, 1, BEFORE, AFTER
)
METRIC = MetricReview(
    "auc", "fraud-eu", "eu-west-1", "auc on holdout-eu", {"min": 0.94, "maxDropVsStable": 0.005},
    MetricValue("42", 0.957, 4121), MetricValue("41", 0.955), Verdict.PASS, "in bounds", False,
)  # fmt: skip
STEPS = Forecast(
    Follow.STEPS, "2026-03-01T08:00:00Z", "42", 2, 1,
    (ForecastStep(1, 1, ("eu-west-1",), 10, "2026-03-01T08:00:00Z"),
     ForecastStep(2, 1, ("us-east-1",), 10, "2026-03-01T10:00:00Z")),
    "2026-03-01T12:00:00Z", ("auc",), ("weekend",),
)  # fmt: skip
FAMILY = FamilyReview(
    "prod", "fraud", "risk-ml@example.com", PartChange.CHANGED, "steady", "version 42 proposed", "",
    (CLUSTER,), (NewDecision("propose", "42", "ledger/prod/fraud/000007.json", "A runner", "new"),),
    (METRIC,), (ApprovalGate("sign-off", "managers", 2, "propose"),), STEPS,
)  # fmt: skip
REVIEW = Review(
    base="origin/main",
    findings=(WRONG, ODD, WAIVED),
    summary={"clusters": 3, "of": 11, "base": "origin/main"},
    excerpts=(Excerpt(WRONG.file, 9, "  region: us-east-1  # the law"),),
    families=(FAMILY,),
)

MARK = "Qzx"
"""In every text of a hostile review, so that it is found wherever it got."""


def _marked(text: str) -> str:
    half = len(text) // 2
    return f"{MARK}{text[:half]}{MARK}{text[half:]}{MARK}"


TEXT = st.one_of(st.sampled_from(ATTACKS), st.text(st.characters(codec="utf-8"), max_size=30)).map(
    _marked
)
_SHARE = st.builds(
    VariantShare, TEXT | st.sampled_from(["stable", "candidate"]), TEXT, st.integers(0, 100)
)
_SHARES = st.lists(_SHARE, max_size=3).map(tuple)
_CLUSTER = st.builds(
    ClusterReview, TEXT, TEXT, TEXT, st.sampled_from(PartChange), st.integers(0, 3), _SHARES,
    _SHARES,
)  # fmt: skip
_NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15)
_VALUE = st.builds(MetricValue, TEXT, st.none() | _NUMBER, st.none() | st.integers(0, 10**15))
_METRIC = st.builds(
    MetricReview, TEXT, TEXT, TEXT, TEXT,
    st.dictionaries(TEXT | st.sampled_from(["min", "max"]), _NUMBER, max_size=3), _VALUE,
    st.none() | _VALUE, st.sampled_from(Verdict), TEXT, st.booleans(),
)  # fmt: skip
_STEP = st.builds(
    ForecastStep, st.integers(0, 9), st.integers(0, 9), st.lists(TEXT, max_size=3).map(tuple),
    st.integers(0, 100), TEXT,
)  # fmt: skip
_FORECAST = st.builds(
    Forecast, st.sampled_from(Follow), TEXT, TEXT, st.integers(0, 9), st.integers(0, 9),
    st.lists(_STEP, max_size=3).map(tuple), TEXT, st.lists(TEXT, max_size=3).map(tuple),
    st.lists(TEXT, max_size=3).map(tuple), TEXT,
)  # fmt: skip
_FAMILY = st.builds(
    FamilyReview, TEXT, TEXT, TEXT, st.sampled_from(PartChange), TEXT, TEXT, TEXT,
    st.lists(_CLUSTER, max_size=3).map(tuple),
    st.lists(st.builds(NewDecision, TEXT, TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple),
    st.lists(_METRIC, max_size=3).map(tuple),
    st.lists(st.builds(ApprovalGate, TEXT, TEXT, st.integers(0, 9), TEXT), max_size=3).map(tuple),
    st.none() | _FORECAST,
)  # fmt: skip
_ROLE = st.builds(RoleReview, TEXT, st.lists(TEXT, max_size=3).map(tuple))
_JSON = st.none() | TEXT | st.integers(0, 9) | st.dictionaries(TEXT, TEXT, max_size=3)
_OBJECT = st.builds(
    ObjectChange, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, st.sampled_from(ChangeType),
    st.lists(st.builds(FieldChange, TEXT, _JSON, _JSON), max_size=3).map(tuple),
    st.lists(st.builds(WeightChange, TEXT, TEXT, st.integers(0, 100), st.integers(0, 100)),
             max_size=3).map(tuple),
    st.lists(st.builds(Danger, TEXT, TEXT), max_size=3).map(tuple),
)  # fmt: skip
_DIFF = st.builds(
    FleetDiff, TEXT, TEXT, st.integers(0, 9), st.integers(0, 9),
    st.lists(_OBJECT, max_size=3).map(tuple),
)  # fmt: skip
_FINDING = FINDINGS.flatmap(
    lambda found: st.builds(
        changed, st.just(found), file=TEXT, message=TEXT, fix=TEXT, rule=TEXT, related=st.just(()),
        suppression=st.just(None),
    )
)  # fmt: skip


@st.composite
def reviews(draw: st.DrawFn) -> Review:
    """A review whose every text is hostile."""
    findings = draw(st.lists(_FINDING, max_size=3))
    excerpts = [Excerpt(f.file, f.line, draw(TEXT)) for f in findings if draw(st.booleans())]
    summary: dict[str, int | str] = {"clusters": 1, "of": 2, "base": draw(TEXT)}
    if draw(st.booleans()):
        summary["shard"] = draw(TEXT)
    return replace(
        REVIEW,
        base=draw(TEXT),
        findings=tuple(findings),
        summary=summary,
        excerpts=tuple(excerpts),
        families=tuple(draw(st.lists(_FAMILY, max_size=2))),
        diff=draw(st.none() | _DIFF),
        approvers=tuple(draw(st.lists(_ROLE, max_size=3))),
        missing=tuple(draw(st.lists(TEXT, max_size=3))),
    )

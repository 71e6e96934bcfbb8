"""Decisions of every shape, for tests of how they are written and read."""

from hypothesis import strategies as st

from lockstep.model.blocks import Block, Count
from lockstep.model.decision import (
    Action,
    Decision,
    Phase,
    Position,
    PromotedFrom,
    Restored,
    Target,
    VerifiedState,
)
from lockstep.model.evidence import (
    Answer,
    ComparisonResult,
    Condition,
    Evidence,
    Measurement,
    Verdict,
)
from lockstep.model.times import format_time

FULL = Decision(
    environment="prod",
    family="fraud",
    sequence=7,
    previous="sha256:" + "1" * 64,
    action=Action.ADVANCE,
    target=Target("42", "sha256:" + "2" * 64),
    source=Position(Phase.ROLLING, 0, 0),
    to=Position(Phase.ROLLING, 0, 1),
    variants={"fraud-a": [{"name": "stable", "version": "41", "weight": 100, "warm": True}]},
    reason="every gate passed",
    actor="a runner <runner@example.com>",
    decided_at="2026-03-01T08:00:00Z",
    program_version="0.1.0",
    time_given=True,
    base="a" * 40,
    plan={"waves": [["a"]], "steps": [{"weight": 100, "bake": "1h"}]},
    verdict=Verdict.PASS,
    evidence=(
        Evidence(
            {"name": "auc", "source": "mlflow", "min": 0.9}, "fraud-a", "42", "41",
            "2026-03-01T07:00:00Z", "2026-03-01T08:00:00Z",
            Answer("auc", Measurement(0.95, 5000, "2026-03-01T07:30:00Z"), Measurement(0.94)),
            Verdict.PASS, "0.95, must be at least 0.9",
        ),
    ),
    live_since="2026-03-01T07:00:00Z",
    unchecked=("the registry",),
    verified_state=VerifiedState(
        "b" * 64, {"clusters/prod/fraud/a.yaml": "c" * 40}, {"rendered": "d" * 40}
    ),
    restored=Restored(3, False, ("a.yaml#/spec/host",), "e" * 40),
    quarantines=True,
    broken_records={"ledger/prod/fraud/000006.json": "sha256:" + "3" * 64},
    promoted_from=PromotedFrom("staging", "17", 9, "sha256:" + "4" * 64),
)  # fmt: skip
"""A decision in which every field is set."""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
COUNTS = st.integers(0, 10**6)
TIMES = st.datetimes(timezones=st.timezones()).map(
    lambda moment: format_time(moment) if 1 < moment.year < 9999 else "2026-03-01T08:00:00Z"
)
DIGESTS = st.sampled_from(["sha256:" + digit * 64 for digit in "0f"])
OBJECTS = st.sampled_from(["a" * 40, "0123456789abcdef" * 4])
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9)
VARIANTS = st.lists(
    st.fixed_dictionaries(
        {"name": TEXTS, "version": TEXTS, "weight": st.integers(0, 100)},
        optional={"warm": st.booleans(), "experiment": st.booleans()},
    ),
    max_size=3,
)
POSITIONS = st.builds(Position, st.sampled_from(Phase)) | st.builds(
    Position, st.sampled_from(Phase), COUNTS, COUNTS
)
MEASUREMENTS = st.builds(
    Measurement,
    NUMBERS,
    st.none() | COUNTS,
    st.none() | TEXTS,
    st.none() | TEXTS,
    TEXTS,
    TEXTS,
    st.none() | st.builds(Measurement, NUMBERS, time=TEXTS),
)
CONDITIONS = st.builds(Condition, st.none() | st.booleans(), TEXTS)
PAIRS = st.none() | st.builds(Count, COUNTS, COUNTS)
BLOCKS = st.builds(Block, TEXTS, TEXTS, PAIRS, PAIRS, TEXTS, TEXTS)
ANSWERS = st.builds(
    Answer, TEXTS, MEASUREMENTS, st.none() | MEASUREMENTS, TEXTS, st.none() | CONDITIONS,
    st.lists(BLOCKS, max_size=2).map(tuple),
)  # fmt: skip
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
COMPARISONS = st.builds(
    ComparisonResult, TEXTS, FLOATS, FLOATS, FLOATS, st.none() | FLOATS, FLOATS, COUNTS,
    st.none() | TEXTS,
)  # fmt: skip
GATES = st.dictionaries(TEXTS, NUMBERS | TEXTS, max_size=3)
EVIDENCE = st.builds(
    Evidence, GATES, TEXTS, TEXTS, st.none() | TEXTS, TEXTS, TEXTS, ANSWERS,
    st.sampled_from(Verdict), TEXTS, st.none() | COMPARISONS,
)  # fmt: skip
DECISIONS = st.builds(
    Decision,
    environment=TEXTS,
    family=TEXTS,
    sequence=st.integers(1, 999_999),
    previous=st.none() | TEXTS,
    action=st.sampled_from(Action),
    target=st.builds(Target, TEXTS, TEXTS),
    source=POSITIONS,
    to=POSITIONS,
    variants=st.dictionaries(TEXTS, VARIANTS, max_size=2),
    reason=TEXTS,
    actor=TEXTS,
    decided_at=TIMES,
    program_version=TEXTS,
    time_given=st.booleans(),
    base=st.none() | OBJECTS,
    plan=st.none() | st.dictionaries(TEXTS, st.lists(NUMBERS, min_size=1), min_size=1, max_size=2),
    verdict=st.none() | st.sampled_from(Verdict),
    evidence=st.lists(EVIDENCE, max_size=2).map(tuple),
    live_since=st.none() | TIMES,
    unchecked=st.lists(TEXTS, max_size=2).map(tuple),
    verified_state=st.none()
    | st.builds(
        VerifiedState,
        st.none() | OBJECTS,
        st.dictionaries(TEXTS, OBJECTS),
        st.dictionaries(TEXTS, OBJECTS),
    ),
    restored=st.none()
    | st.builds(
        Restored,
        st.integers(1, 999_999),
        st.booleans(),
        st.lists(TEXTS, max_size=2).map(tuple),
        st.none() | TEXTS,
    ),
    quarantines=st.booleans(),
    broken_records=st.dictionaries(TEXTS, st.none() | TEXTS, max_size=2),
    promoted_from=st.none() | st.builds(PromotedFrom, TEXTS, TEXTS, st.integers(1, 9), DIGESTS),
)

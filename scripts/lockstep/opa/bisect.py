"""What OPA says when an evaluation fails, and which item of a batch was at fault."""

import json
from collections.abc import Callable

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError

MOST_FAULTS = 10
"""So many items are named; a rule that fails for every spec is not tried on all of them."""

Ask = Callable[[Json], Json]


class EvaluationFault(LockstepError):
    """A rule failed on some item of the batch; ``where`` is the place in its Rego."""


def fault_of(error: Exception) -> EvaluationFault | None:
    """The fault that a failed request tells of, or None where it never reached a rule."""
    response = getattr(error, "response", None)
    if response is None:
        return None
    try:
        first = response.json()["errors"][0]
        place = first.get("location") or {}
        # A bundle's files have its name before their own.
        file = str(place.get("file"))
        where = f"{file[max(file.find('policies/'), 0) :]}:{place.get('row')}"
        return EvaluationFault(f"{first['code']}: {first['message']}"[:500], where=where)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def answer_each(ask: Ask, batch: Json) -> list[Json]:
    """The answers to a batch; where it fails, to its parts, down to the item at fault.

    One failing item fails a whole request, so the batch is halved until that item stands alone;
    it is answered by ``{"id", "error": {"message", "where"}}``. After MOST_FAULTS such items, the
    others of their part are answered the same way without being asked.
    """
    return _Search(ask).answers(batch)


class _Search:
    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.faults = 0

    def answers(self, batch: Json) -> list[Json]:
        try:
            answers = self.ask(batch)
        except EvaluationFault as fault:
            return self._split(batch, fault)
        if not isinstance(answers, list):
            raise LockstepError(
                "OPA gave no answer: data.lockstep.answers is undefined",
                where="policies/main.rego", fix="restore policies/main.rego from git",
            )  # fmt: skip
        _require_all(batch, answers)
        return answers

    def _split(self, batch: Json, fault: EvaluationFault) -> list[Json]:
        items = batch["items"]
        if len(items) == 1 or self.faults >= MOST_FAULTS:
            self.faults += 1
            error = {"message": fault.message, "where": fault.where}
            return [{"id": item["id"], "error": error} for item in items]
        middle = len(items) // 2
        parts = (items[:middle], items[middle:])
        return [answer for part in parts for answer in self.answers(_only(batch, part))]


def _require_all(batch: Json, answers: list[Json]) -> None:
    """Raise LockstepError unless each item has its one answer: part of them is no answer."""
    asked = [item["id"] for item in batch["items"]]
    answered = [answer.get("id") if isinstance(answer, dict) else None for answer in answers]
    if asked == answered:
        return
    missing = next((name for name in asked if name not in answered), "")
    which = f"{missing} has no answer" if missing else "they come in another order"
    raise LockstepError(
        f"OPA answered {len(answered)} of {len(asked)} specs: {which}",
        where="policies/main.rego", fix="restore policies/main.rego from git",
    )  # fmt: skip


def _only(batch: Json, items: list[Json]) -> Json:
    """The batch with these items, and with only what they refer to."""
    families = {item["family"] for item in items}
    clusters = {key for item in items for key in item["clusters"]}
    return {
        **batch,
        "items": items,
        "families": {key: batch["families"][key] for key in families if key},
        "clusters": {key: batch["clusters"][key] for key in clusters},
    }


def relevant_lines(log: str) -> str:
    """What matters in OPA's stderr: plain lines, and the errors among its JSON lines."""
    lines = []
    for line in log.splitlines():
        if not line.startswith("{"):
            lines.append(line)
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in ("error", "fatal", "panic"):
            lines.append(f"{entry.get('msg')} {entry.get('err', '')}".strip())
    return "\n".join(lines)[:4000]

"""Finds the item of a batch whose evaluation fails: halves the batch until that item is alone."""

from collections.abc import Callable

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError

MOST_FAILURES = 10
"""So many items are named; a rule that fails for every spec is not tried on all of them."""

Send = Callable[[Json], Json]
"""Sends a batch to OPA and gives its answers, or raises EvaluationFailed."""


class EvaluationFailed(LockstepError):
    """A rule failed on some item of the batch; ``where`` is the place in its Rego."""


def evaluate_each(send: Send, batch: Json) -> list[Json]:
    """The answers to a batch; where it fails, to its parts, down to the item that fails.

    One failing item fails a whole request, so the batch is halved until that item is alone; its
    answer is then ``{"id", "error": {"message", "where"}}``. After MOST_FAILURES such items, the
    others of their part get the same answer without being sent. Raises LockstepError where an
    item has no answer at all.
    """
    return _Bisection(send).answers(batch)


class _Bisection:
    """The search in one batch: counts the items that failed."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._failures = 0

    def answers(self, batch: Json) -> list[Json]:
        try:
            answers = self._send(batch)
        except EvaluationFailed as failure:
            return self._split(batch, failure)
        if not isinstance(answers, list):
            raise LockstepError(
                "OPA gave no answer: data.lockstep.answers is undefined",
                where="policies/main.rego", fix="restore policies/main.rego from git",
            )  # fmt: skip
        _require_all(batch, answers)
        return answers

    def _split(self, batch: Json, failure: EvaluationFailed) -> list[Json]:
        items = batch["items"]
        # Items that were not tried alone count as failed, because they are not known to pass.
        if len(items) == 1 or self._failures >= MOST_FAILURES:
            self._failures += 1
            error = {"message": failure.message, "where": failure.where}
            return [{"id": item["id"], "error": error} for item in items]
        middle = len(items) // 2
        parts = (items[:middle], items[middle:])
        return [answer for part in parts for answer in self.answers(_only(batch, part))]


def _require_all(batch: Json, answers: list[Json]) -> None:
    """Raise LockstepError unless each item has one answer, in order: a missing one is no pass."""
    sent = [item["id"] for item in batch["items"]]
    answered = [answer.get("id") if isinstance(answer, dict) else None for answer in answers]
    if sent == answered:
        return
    missing = next((name for name in sent if name not in answered), "")
    which = f"{missing} has no answer" if missing else "they are in another order"
    raise LockstepError(
        f"OPA answered {len(answered)} of {len(sent)} specs: {which}",
        where="policies/main.rego", fix="restore policies/main.rego from git",
    )  # fmt: skip


def _only(batch: Json, items: list[Json]) -> Json:
    """The batch with these items, and with only what they refer to.

    A rule may fail on what items share, such as a cluster of their family: a part must not hold
    what belongs to the other part alone.
    """
    families = {item["family"] for item in items}
    clusters = {key for item in items for key in item["clusters"]}
    return {
        **batch,
        "items": items,
        # An item that is about a whole environment has no family.
        "families": {key: batch["families"][key] for key in families if key},
        "clusters": {key: batch["clusters"][key] for key in clusters},
    }

"""What OPA evaluates in a check: items in groups, while others are prepared."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from lockstep.check.family_values import Terms
from lockstep.model.document import Json
from lockstep.policy import BATCH_SIZE, PolicyItem
from lockstep.policy.findings import answers_by_id


class Evaluation:
    """Sends items to OPA as soon as there are enough of them; two requests are there at a time.

    ``stack`` ends its threads.
    """

    def __init__(self, terms: Terms, stack: ExitStack) -> None:
        self._terms = terms
        self._pool = stack.enter_context(ThreadPoolExecutor(2))
        self._waiting: list[PolicyItem] = []
        self._futures: list[list[Future[list[object]]]] = [[] for _ in terms.policy_sets]

    def add(self, items: Iterable[PolicyItem]) -> None:
        """Have items evaluated, as soon as there are enough of them."""
        self._waiting += items
        if len(self._waiting) >= BATCH_SIZE:
            self.flush()

    def flush(self) -> None:
        """Have all items evaluated that were added."""
        waiting, self._waiting, now = self._waiting, [], self._terms.now
        environments = [item for item in waiting if item.family is None]
        items = [item for item in waiting if item.family is not None]
        for policy_set, futures in zip(self._terms.policy_sets, self._futures, strict=True):
            for each in environments:
                futures.append(self._pool.submit(policy_set.evaluate_kept, each, now))
            if items:
                futures.append(self._pool.submit(policy_set.evaluate, items, now))

    def answers(self) -> list[dict[str, Json]]:
        """The answers of each policy set so far, by the id of their item."""
        self.flush()
        return [answers_by_id(a for f in each for a in f.result()) for each in self._futures]


def answers_about(
    items: Sequence[PolicyItem], answers: Sequence[Mapping[str, Json]]
) -> list[list[Json]]:
    """The answers of each policy set about these items; one may be missing (see interpret)."""
    return [[each[item.id] for item in items if item.id in each] for each in answers]

"""Where gates get their evidence: one interface, and the sources that exist.

A new source is one module with a class like ``MlflowGates``, and one line in ``SOURCES``.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from lockstep.gate_sources.approval import ApprovalGates
from lockstep.gate_sources.argocd import ArgocdGates
from lockstep.gate_sources.http_json import HttpJsonGates
from lockstep.gate_sources.ledger import LedgerGates
from lockstep.gate_sources.mlflow import MlflowGates
from lockstep.gate_sources.prometheus.source import PrometheusGates
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Question
from lockstep.text.sanitise import quoted


class GateSource(Protocol):
    """A system that gives the facts a gate needs."""

    def ask(self, question: Question) -> Answer:
        """Say what is; verdicts are for ``lockstep.gates``.

        The Answer holds numbers (a Measurement of the candidate, and of the stable version where
        the gate compares), or a Condition, or both; ``query`` says what was asked. A number that
        the source does not have is a Measurement with a ``problem``, a fact that it does not know
        yet a Condition that neither holds nor fails. Never raise for a server that cannot be
        asked: ``failure`` says why.
        """
        ...


SOURCES: Mapping[str, Callable[[str | None], GateSource]] = {
    "approval": lambda _: ApprovalGates(),
    "argocd": lambda _: ArgocdGates(),
    "http-json": lambda _: HttpJsonGates(),
    "ledger": lambda _: LedgerGates(),
    "mlflow": MlflowGates,
    "prometheus": PrometheusGates,
}
"""By the name that a gate's ``source`` gives; each is made from its server's address.

None as address means: where the source's own environment variable says.
"""


class GateSources:
    """All sources for one run of a verb, made when first asked; threads may share them."""

    def __init__(
        self,
        addresses: Mapping[str, str | None] | None = None,
        ready: Mapping[str, GateSource] | None = None,
    ) -> None:
        """``addresses`` are servers by source name; the others come from the environment.

        ``ready`` are sources that need more than an address, made by the caller.
        """
        self._addresses = dict(addresses or {})
        self._made: dict[str, GateSource] = dict(ready or {})
        self._making = threading.Lock()

    def ask(self, question: Question) -> Answer:
        """Ask the source that the question's gate names. Never raises for what a source does."""
        name = question.gate.get("source")
        if not isinstance(name, str) or name not in SOURCES:
            return Answer(query="", failure=f"there is no gate source named {quoted(str(name))}")
        try:
            # Not before: a family without gates of a source must not need that source's client.
            with self._making:
                if name not in self._made:
                    self._made[name] = SOURCES[name](self._addresses.get(name))
            return self._made[name].ask(question)
        except LockstepError as error:
            return Answer(query=name, failure=error.located())

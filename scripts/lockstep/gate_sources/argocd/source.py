"""Asks Argo CD about one cluster's Application, and has the answer held against git."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lockstep.argocd.application import Application
from lockstep.argocd.client import ArgocdApi
from lockstep.gate_sources.argocd.facts import FolderFacts, WantedApplication
from lockstep.gate_sources.argocd.judging import judge_application, where_to_look, why_another
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Condition, Question, Workloads
from lockstep.model.times import parse_time

_NEWEST = 50
"""Entries of a history that are looked at; Argo CD keeps ten where nobody says otherwise."""


@dataclass(frozen=True)
class ArgocdContext:
    """What an answer is held against, for the decisions that are made on one snapshot.

    ``server`` gives the address that an environment names for its Argo CD, empty where it names
    none. ``wanted`` gives the Application of a question's cluster as git has it. ``facts`` gives
    what git says of the cluster's folder at revisions, which Argo CD has named; those that are no
    commits of this clone are left out. All of them raise LockstepError.
    """

    server: Callable[[str], str]
    wanted: Callable[[Question], WantedApplication]
    facts: Callable[[Question, Iterable[str]], FolderFacts]
    open_api: Callable[[str, str], ArgocdApi] = field(default=ArgocdApi)


class ArgocdGates:
    """Answers gates such as ``{name: live, source: argocd}``."""

    def __init__(self, context: ArgocdContext | None = None) -> None:
        """Without a context nothing is known to be live."""
        self._context = context

    def ask(self, question: Question) -> Answer:
        """Whether what git says of the cluster is live and well, and since when it is live."""
        context, place = self._context, question.place
        query = f"the Application of {question.cluster}"
        if context is None:
            return Answer(query, failure="the repository that Argo CD syncs is not known")
        try:
            wanted = context.wanted(question)
            query = f"Application {wanted.namespace}/{wanted.name}"
            api = context.open_api(context.server(question.environment), question.environment)
            query = f"{query} of {api.url}"
            if place is None or not place.candidate:
                return Answer(query, failure="the candidate runs nowhere yet")
            if not question.moved_in:
                why = "no record has moved the weights of this cluster"
                return Answer(query, condition=Condition(None, why))
            return _answer(query, question, place, context, api, wanted)
        except LockstepError as error:
            return Answer(query, failure=error.located())


def _answer(
    query: str, question: Question, place: Workloads, context: ArgocdContext, api: ArgocdApi,
    wanted: WantedApplication,
) -> Answer:  # fmt: skip
    names = (wanted.name, wanted.namespace, wanted.project)
    # First as it is: what is not the right one needs no comparison, and a token that is refused
    # is refused at once.
    if why := why_another(api.application(*names), wanted):
        return _waiting(query, why, wanted)
    application = api.application(*names, refresh=True)
    if why := why_another(application, wanted):  # it may have been changed in between
        return _waiting(query, why, wanted)
    facts = context.facts(question, _revisions(application))
    condition, live = judge_application(application, wanted, facts, place, parse_time(question.now))
    return Answer(query, condition=condition, live=live)


def _waiting(query: str, why: str, wanted: WantedApplication) -> Answer:
    return Answer(query, condition=Condition(None, why + where_to_look(wanted)))


def _revisions(application: Application) -> set[str]:
    """The revisions that an answer names; only of those does git have to say something."""
    status = application.status
    newest = sorted(status.history, key=lambda each: each.id)[-_NEWEST:]
    found = {status.sync.revision, *(each.revision for each in newest)}
    if status.operation_state and status.operation_state.sync_result:
        found.add(status.operation_state.sync_result.revision)
    return found

"""docs/reference/rollout.md, written from the table of transitions: a diagram and tables."""

from collections.abc import Iterator

from lockstep.model.decision import Action, Phase
from lockstep.rollout.needs import ELSEWHERE
from lockstep.rollout.transitions import RULES, ActionRules, Need

_PHASES = {
    Phase.NEW: "The family has no record yet.",
    Phase.STEADY: "One version serves, and no rollout is running.",
    Phase.PROPOSED: "A candidate is in every cluster, with weight 0.",
    Phase.ROLLING: "The candidate has weight, at a wave and a step of the plan.",
    Phase.HELD: "The rollout is paused at its wave and step until `lockstep resume`.",
    Phase.SHIFTED: "All traffic was moved to the running stable version; the restore is due.",
}


def rollout_reference() -> str:
    """The whole page, as Markdown."""
    parts = (_head, _diagram, _phases, _actions, _transitions, _needs, _live)
    return "\n".join([line for part in parts for line in part()])


def _head() -> Iterator[str]:
    yield "# How a rollout moves"
    yield ""
    yield "<!-- Written by lockstep schema docs from scripts/lockstep/rollout/transitions.py. -->"
    yield ""
    yield "The position of a family is the newest record of its ledger: a phase, and during a"
    yield "rollout a wave and a step. Every record is one action, and leads from one phase to"
    yield "another as listed here. Lockstep makes no other transition, and `lockstep check` and"
    yield "`lockstep audit --replay` report every record that claims one."
    yield ""


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    [*] --> new"
    for source in Phase:
        for to in Phase:
            actions = [action.value for action in Action if RULES[action].find(source, to)]
            if actions:
                yield f"    {source.value} --> {to.value}: {', '.join(actions)}"
    yield "```"
    yield ""


def _phases() -> Iterator[str]:
    yield from ("## Phases", "", "| phase | meaning |", "|---|---|")
    for phase, meaning in _PHASES.items():
        yield f"| `{phase.value}` | {meaning} |"
    yield ""


def _actions() -> Iterator[str]:
    yield from ("## Actions", "")
    yield "A verified state is one that a rollback may return to. *Any time*: the action may be"
    yield "decided at a time before the newest record: a wrong clock delays no rollback or hold."
    yield "*Pull request*: the record may come with a pull request; a move forward is made directly"
    yield "on the followed branch."
    yield ""
    yield "| action | made by | wave and step | makes a verified state | any time | pull request |"
    yield "|---|---|---|---|---|---|"
    for action, rules in RULES.items():
        flags = (rules.makes_verified_state, rules.any_time, rules.in_pull_request)
        marks = " | ".join("yes" if flag else "" for flag in flags)
        yield f"| `{action.value}` | {_verbs(rules)} | {rules.step_change.value} | {marks} |"
    yield ""


def _verbs(rules: ActionRules) -> str:
    return ", ".join(f"`lockstep {verb}`" for verb in rules.verbs)


def _transitions() -> Iterator[str]:
    yield from ("## Transitions", "", "| action | from | to | needs |", "|---|---|---|---|")
    for action, rules in RULES.items():
        for each in rules.transitions:
            # In the order of Phase: a frozenset has none, and the page is compared byte by byte.
            source = ", ".join(f"`{phase.value}`" for phase in Phase if phase in each.source)
            needs = "; ".join(need.value for need in Need if need in each.needs)
            yield f"| `{action.value}` | {source} | `{each.to.value}` | {needs} |"
    yield ""


def _needs() -> Iterator[str]:
    yield from ("## Needs", "")
    yield "Before a decision is committed, its needs are checked against the records, the specs and"
    yield "the evidence. These can only be checked elsewhere:"
    yield ""
    yield from ("| need | checked by |", "|---|---|")
    yield from (f"| {need.value} | {where} |" for need, where in ELSEWHERE.items())
    yield ""


def _live() -> Iterator[str]:
    yield from ("## When a step is live", "")
    yield "A commit moves nothing until Argo CD has synced it. Where the family has a gate with"
    yield "`source: argocd`, a step is live when Argo CD had synced it in every cluster of the"
    yield "wave, and not before it was decided; after a `resume`, not before that. The bake and the"
    yield "grid of blocks begin then. Until then the other gates are asked, too: they can fail the"
    yield "step, and cannot pass it. The next record holds the time as `liveSince`, and Argo CD's"
    yield "answers as evidence, so a replay computes it again. Its `plan` names the gates as"
    yield "`liveGates`."
    yield ""
    yield "With such a gate, a rollback is two commits. The `shift` is made at once, with the entry"
    yield "in quarantine, and Argo CD is not asked. The `restore` removes the version that was"
    yield "shifted away, so it is made by the next `advance` or `revert` that finds the shift live"
    yield "in every cluster that it moved; whether that version is healthy does not count."
    yield ""
    yield "Where no gate can tell, a step is live when it is decided, and shift and restore are one"
    yield "commit."
    yield ""

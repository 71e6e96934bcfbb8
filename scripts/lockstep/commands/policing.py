"""Asks OPA about a change: every rule of the tree, of every cluster and family in it."""

from lockstep.edges.opa import OpaServer
from lockstep.edges.opa_binary import find_opa
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.stages.policy import batches, blocking, expected_rules, interpret, policy_inputs


def start_opa(tree: Tree) -> OpaServer:
    """OPA with the policies of a tree; it gets ready while the caller does something else.

    Raises LockstepError where there is no OPA, or the policies are unusable.
    """
    return OpaServer({p: d for p, d in tree.items() if p.startswith("policies/")}, find_opa())


def judge(
    opa: OpaServer, tree: Tree, new: Fleet, old: Fleet | None, *, way_back_only: bool = False
) -> list[Finding]:
    """What the rules of ``tree`` say about ``new`` and the change from ``old``.

    ``way_back_only`` asks only the rules that may stop a way back. Raises LockstepError where a
    rule was not evaluated on a spec: silence is not a pass.
    """
    rules = expected_rules(tree)
    if way_back_only:
        rules = blocking(rules)
    items = policy_inputs(new, old)
    answers = opa.evaluate_all(list(batches(items, rules)))
    return interpret(items, answers, rules)

"""Policy: what the rules are asked about a fleet, and what their answers mean.

The order is expected_rules, policy_inputs, batches, then OPA (an edge), then interpret.
"""

from lockstep.policy.answers import interpret
from lockstep.policy.batches import BATCH_SIZE, batches
from lockstep.policy.findings import Judged, Trace
from lockstep.policy.inputs import family_inputs, policy_inputs, tenancy_input
from lockstep.policy.items import Malformed, Moment, PolicyItem, Rendered
from lockstep.policy.rules import Rule, Scope, blocking, expected_rules, untested

__all__ = [
    "BATCH_SIZE", "Judged", "Malformed", "Moment", "PolicyItem", "Rendered", "Rule", "Scope",
    "Trace", "batches", "blocking", "expected_rules", "family_inputs", "interpret",
    "policy_inputs", "tenancy_input", "untested",
]  # fmt: skip

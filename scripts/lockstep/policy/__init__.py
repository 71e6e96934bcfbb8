"""Policy: what the rules evaluate in a fleet, and what their answers mean.

The order is expected_rules, family_inputs and environment_input, batches, then OPA (in
lockstep.opa), then interpret.
"""

from lockstep.policy.findings import RuleFinding, interpret
from lockstep.policy.inputs import environment_input, family_inputs
from lockstep.policy.items import (
    BATCH_SIZE,
    MalformedClusters,
    PolicyItem,
    RenderedObjects,
    batches,
)
from lockstep.policy.rules import Rule, Scope, blocking, expected_rules

__all__ = [
    "BATCH_SIZE", "MalformedClusters", "PolicyItem", "RenderedObjects", "Rule",
    "RuleFinding", "Scope", "batches", "blocking", "environment_input", "expected_rules",
    "family_inputs", "interpret",
]  # fmt: skip

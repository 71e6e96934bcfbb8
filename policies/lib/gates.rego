# METADATA
# title: Gates
# description: What the gates of a family say about when they are asked.
package lockstep.lib.gates

# METADATA
# title: Asked at the steps
# description: >-
#   Whether a gate is asked at every step of a rollout, of live traffic too. A gate with
#   `when: propose` is asked before the first step alone.
at_steps(gate) if object.get(gate, "when", "step") == "step"

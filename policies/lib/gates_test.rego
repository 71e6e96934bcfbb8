package lockstep.lib.gates_test

import data.lockstep.lib.gates

test_a_gate_is_asked_at_the_steps_unless_it_says_propose if {
	gates.at_steps({"name": "auc"})
	gates.at_steps({"name": "auc", "when": "step"})
	not gates.at_steps({"name": "auc", "when": "propose"})
}

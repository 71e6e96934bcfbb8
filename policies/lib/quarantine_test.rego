package lockstep.lib.quarantine_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.quarantine

_entry := {"registry": "mlflow", "model": "fraud", "version": "41", "digest": "sha256:0"}

_holds(entry, version) if quarantine.applies_to(entry, version) with input as example.cluster

test_by_name_and_number if {
	_holds(_entry, "41")
	not _holds(_entry, "42")
	not _holds(object.union(_entry, {"registry": "other"}), "41")
	not _holds(object.union(_entry, {"model": "other"}), "41")
}

test_by_content if _holds({"digest": example.digest, "version": "7"}, "41")

test_by_content_alone_where_the_registry_is_another_one if {
	other := {"otherRegistry": true}
	not _holds(object.union(_entry, other), "41")
	_holds(object.union(_entry, object.union(other, {"digest": example.digest})), "41")
	_holds(object.union(_entry, {"otherRegistry": false}), "41")
}

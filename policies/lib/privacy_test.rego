package lockstep.lib.privacy_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.privacy

_of(data_) := example.put(example.cluster, "/new/spec/privacy/data", data_)

_with(path, value) := example.put(example.cluster, path, value)

test_each_class_of_data if {
	{data_ |
		some data_ in ["none", "pseudonymous", "personal", "special"]
		privacy.is_about_people with input as _of(data_)
	} == {"pseudonymous", "personal", "special"}
	{data_ |
		some data_ in ["none", "pseudonymous", "personal", "special"]
		privacy.identifies_people with input as _of(data_)
	} == {"personal", "special"}
	privacy.is_special with input as _of("special")
	not privacy.is_special with input as _of("personal")
}

test_an_environment_without_tenants_has_none if {
	silent := example.without(example.cluster, "/new/spec/privacy")
	not privacy.is_about_people with input as silent
	not privacy.identifies_people with input as silent
	not privacy.is_special with input as silent
	not privacy.decides_alone with input as silent
	not privacy.is_regulated with input as silent
}

test_only_true_is_true if {
	privacy.decides_alone with input as _with("/new/spec/privacy/automatedDecision", true)
	not privacy.decides_alone with input as _with("/new/spec/privacy/automatedDecision", "true")
	not privacy.decides_alone with input as example.cluster
	privacy.is_regulated with input as _with("/new/spec/segment", {"regulated": true})
	not privacy.is_regulated with input as _with("/new/spec/segment", {"regulated": false})
}

test_what_was_regulated_is_that_for_the_change_that_ends_it if {
	changed := example.change([example.stable], [example.stable])
	not privacy.is_regulated with input as changed
	ended := example.put(changed, "/old/spec/segment", {"name": "consumer", "regulated": true})
	privacy.is_regulated with input as ended
}

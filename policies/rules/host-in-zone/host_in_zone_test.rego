package lockstep.rules.host_in_zone_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.host_in_zone

_zones := ["models.example.com", "{tenant}.ml.example.org"]

_at(host) := example.put(example.cluster, "/new/spec/host", host)

_found(view) := {[finding.message, finding.pointer] |
	some finding in host_in_zone.deny with input as view
		with data.thresholds.organisation.hosts as _zones
}

test_hosts_in_a_zone_are_allowed if {
	every host in [
		"fraud.eu-west-1.models.example.com", "models.example.com", "Fraud.Models.Example.COM",
		"fraud.models.example.com.", "fraud.risk.ml.example.org",
	] {
		_found(_at(host)) == set()
	}
	host_in_zone.checked with input as example.cluster
		with data.thresholds.organisation.hosts as _zones
}

test_a_host_elsewhere_is_denied if {
	_found(_at("sts.amazonaws.com")) == {[
		concat("", [
			`host "sts.amazonaws.com" is not in one of the DNS zones `,
			`["models.example.com","risk.ml.example.org"]`,
		]),
		"/spec/host",
	]}
}

test_what_only_looks_like_a_zone_is_denied if {
	every host in [
		"evil-models.example.com", "evilmodels.example.com", "example.com", "www.example.com",
		"models.example.com.evil.example", "models.example.community", "*.models.example.com", "*",
		"fraud.models.example.com..", "fraud.shop.ml.example.org", "ml.example.org",
		"{tenant}.ml.example.org", "",
	] {
		count(_found(_at(host))) == 1
	}
}

test_further_hosts_count_too if {
	more := example.put(example.cluster, "/new/spec/hosts", ["a.models.example.com", "api.github.com"])
	{pointer | some [_, pointer] in _found(more)} == {"/spec/hosts/1"}
}

test_without_zones_it_is_not_checked if {
	every zones in [null, [1], {}] {
		not host_in_zone.checked with input as example.cluster
			with data.thresholds.organisation as {"hosts": zones}
	}
	not host_in_zone.checked with input as example.cluster with data.thresholds as {}
}

test_what_is_missing_is_not_checked if {
	every view in [
		example.without(example.cluster, "/new/spec/host"),
		example.without(example.cluster, "/family/metadata/tenant"),
		example.put(example.cluster, "/new/spec/hosts", [1]),
	] {
		not host_in_zone.checked with input as view with data.thresholds.organisation.hosts as _zones
	}
}

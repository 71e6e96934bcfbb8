package lockstep.rules.http_servers_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.http_servers

_thresholds := {"servers": {
	"reports": {"url": "https://reports.example.com"},
	"feast-prod-eu-west-1": {"url": "https://feast.example.com"},
}}

_family := example.family({region: [null, [example.stable]] |
	some region in ["us-east-1", "eu-west-1"]
})

_gated(server) := example.put(
	_family, "/family/spec/gates/0",
	{"name": "drift", "source": "http-json", "server": server},
)

_found(view) := {[finding.message, finding.pointer] |
	some finding in http_servers.deny with input as view
		with data.thresholds.http as _thresholds
}

test_a_listed_server_is_allowed if {
	_found(_gated("reports")) == set()
	_found(_family) == set()
	http_servers.checked with input as _family with data.thresholds.http as _thresholds
}

test_a_server_that_one_region_lacks_is_denied if {
	_found(_gated("feast-{environment}-{region}")) == {[
		concat("", [
			`gate "drift" asks the servers ["feast-prod-us-east-1"], which are not among `,
			`["feast-prod-eu-west-1","reports"]`,
		]),
		"/spec/gates/0/server",
	]}
}

test_other_sources_name_other_servers if {
	_found(example.put(_gated("elsewhere"), "/family/spec/gates/0/source", "other")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/family/spec/gates", "/environment/metadata/name", "/clusters",
		"/clusters/0/new/spec/region",
	] {
		not http_servers.checked with input as example.without(_family, path)
			with data.thresholds.http as _thresholds
	}
	every http in [{}, {"servers": 1}] {
		not http_servers.checked with input as _family with data.thresholds.http as http
	}
}

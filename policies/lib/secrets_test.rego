package lockstep.lib.secrets_test

import data.lockstep.lib.secrets

_thresholds := {"no_secret": {
	"hints": ["KEY_", "PASS_", "PAST_"],
	"prefixed": {"a key": "KEY_[0-9]{12}", "a pass": "PAS[ST]_[0-9]{12}"},
	"tokens": {"a token": ["[a-z]", "[0-9]"]},
}}

_found(document) := places if {
	places := secrets.found(document) with data.thresholds as _thresholds
}

_key := "KEY_123456789012"

_run := "abcdefghijklmnopqrstuvw0"

test_nothing_is_found_in_plain_text if {
	_found({"a": ["b", 1, null, true, "KEY_", "a longer text without any secret"]}) == set()
	_found({"a": "KEY_12345 and 6789012"}) == set()
	_found(null) == set()
}

test_each_place_is_found_with_its_kind if {
	_found({"a": [{"b": _key}, concat(" ", ["see", _key])]}) == {
		[["a", 0, "b"], "a key"],
		[["a", 1], "a key"],
	}
	_found({"a": "PAST_123456789012"}) == {[["a"], "a pass"]}
}

test_a_run_is_found_from_24_on if {
	_found({"a": _run}) == {[["a"], "a token"]}
	_found({"a": concat("/", ["x", _run])}) == {[["a"], "a token"]}
	_found({"a": substring(_run, 1, -1)}) == set()
	_found({"a": replace(_run, "m", "-")}) == set()
	_found({"a": replace(_run, "0", "x")}) == set()
}

test_a_digest_is_not_a_secret if {
	_found({"a": concat("", ["name@sha256:", _run])}) == set()
	both := {"a": concat("", ["name@sha256:", _run]), "b": _key}
	_found(both) == {[["b"], "a key"]}
	_found({"a": concat("", ["md5:", _run])}) == {[["a"], "a token"]}
}

test_what_has_a_fixed_part_is_not_reported_as_a_token if {
	_found({"a": concat(" ", [_key, _run])}) == {[["a"], "a key"]}
}

test_a_key_is_found_at_its_object if {
	_found({"a": {_key: {"b": _run}}}) == {[["a"], "a key"], [["a"], "a token"]}
	_found({_key: 1}) == {[[], "a key"]}
}

test_a_path_is_joined_by_dots if secrets.where(["a", 0, "b"]) == "a.0.b"

test_thresholds_are_defined if {
	secrets.are_defined with data.thresholds as _thresholds
	every path in ["/no_secret/hints", "/no_secret/prefixed", "/no_secret/tokens", "/no_secret"] {
		few := json.remove(_thresholds, [path])
		not secrets.are_defined with data.thresholds as few
	}
	every path in ["/no_secret/hints", "/no_secret/prefixed", "/no_secret/tokens"] {
		none := json.patch(_thresholds, [{"op": "replace", "path": path, "value": []}])
		not secrets.are_defined with data.thresholds as none
	}
}

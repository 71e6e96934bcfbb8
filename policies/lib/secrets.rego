# METADATA
# title: Secrets
# description: >-
#   Text that looks like a secret, by data.thresholds.no_secret: `prefixed` are kinds that are known
#   by a fixed part, one of `hints`; `tokens` are kinds of long runs of letters and digits. What is
#   found is named by its kind and place and never shown.
package lockstep.lib.secrets

# METADATA
# title: Thresholds are there
# description: Whether there is something to look for.
are_defined if {
	count(_hints) > 0
	count(_prefixed) > 0
	count(_tokens) > 0
}

_hints := data.thresholds.no_secret.hints

_prefixed := data.thresholds.no_secret.prefixed

_tokens := data.thresholds.no_secret.tokens

# METADATA
# title: Secrets of a document
# description: >-
#   Each place that holds what looks like a secret, as [path, kind]. A secret that is a key is placed
#   at the object that has the key, and no path leads through such a key, so that it shows none.
found(document) := places if {
	_may_hold(json.marshal(document))
	texts := {[path, text] |
		walk(document, [path, text])
		is_string(text)
	}
	keys := {[array.slice(path, 0, count(path) - 1), key] |
		walk(document, [path, _])
		key := path[count(path) - 1]
		is_string(key)
	}
	secret := {key | some [_, key] in keys; _kind(key)}
	places := {[_shown(path, secret), kind] |
		some [path, text] in (texts | keys)
		kind := _kind(text)
	}
} else := set()

# A first look at all of a document at once, which spares nearly all of them the walk.
_may_hold(text) if {
	some hint in _hints
	contains(text, hint)
}

# A run that is no digest: what stands before it is no 6 with a colon.
_may_hold(text) if regex.match(`(?:[^0-9A-Za-z+:]|[^6]:)[0-9A-Za-z+]{24}`, text)

# Digests are named as such, and are no secrets.
_runs(text) := [run |
	some run in regex.find_n(`(?:sha256:)?[0-9A-Za-z+]{24,}`, text, -1)
	not startswith(run, "sha256:")
]

_token_kinds(run) := {kind |
	some kind, patterns in _tokens
	every pattern in patterns {
		regex.match(pattern, run)
	}
}

_prefixed_kinds(text) := {name |
	some name, pattern in _prefixed
	regex.match(pattern, text)
}

_kind(text) := kind if {
	kind := min(_prefixed_kinds(text))
} else := min({kind | some run in _runs(text); some kind in _token_kinds(run)})

_shown(path, secret) := array.slice(path, 0, end) if {
	end := min({i | some i, key in path; key in secret} | {count(path)})
}

# METADATA
# title: A path for people
# description: The parts of a path joined by dots.
where(path) := concat(".", [sprintf("%v", [part]) | some part in path])

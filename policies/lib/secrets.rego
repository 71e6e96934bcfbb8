# METADATA
# title: Secrets
# description: >-
#   Text that looks like a secret, by data.thresholds.no_secret: `prefixed` are kinds of secrets with
#   a fixed part, which is one of `hints`; `tokens` are kinds of long runs of letters and digits. A
#   finding names kind and place of the secret and never shows it.
package lockstep.lib.secrets

# METADATA
# title: Thresholds are defined
# description: Whether the thresholds define kinds of secrets to look for.
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
#   Each place with text that looks like a secret, as [path, kind]. A secret that is a key is reported
#   at the object that has the key, and paths end before such a key, so that no path shows a secret.
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

# A quick search of the whole document as text. Nearly all documents have no match, and skipping the
# walk through them is most of this rule's speed.
_may_hold(text) if {
	some hint in _hints
	contains(text, hint)
}

# A long run that is not a digest: the text before it is not "6:", as in sha256:.
_may_hold(text) if regex.match(`(?:[^0-9A-Za-z+:]|[^6]:)[0-9A-Za-z+]{24}`, text)

# Digests start with sha256: and are not secrets.
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
# title: A readable path
# description: The parts of a path joined by dots.
where(path) := concat(".", [sprintf("%v", [part]) | some part in path])

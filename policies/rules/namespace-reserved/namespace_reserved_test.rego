package lockstep.rules.namespace_reserved_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.namespace_reserved

_thresholds := {"namespaces": ["kube-*", "istio-*", "argocd"]}

_prod := json.patch(example.environment, [
	{"op": "add", "path": "/environment/spec/argocd", "value": {"namespace": "delivery"}},
	{"op": "add", "path": "/environment/spec/regions/0/gateways", "value": ["mesh", "edge/models"]},
	{"op": "add", "path": "/environment/spec/network", "value": {"gatewayNamespaces": ["far"]}},
	{"op": "add", "path": "/environment/spec/regions/1/optionalGateways", "value": ["partners/models"]},
])

_bare := example.without(_prod, "/environment/spec/tenants")

_found(view) := {[finding.message, object.get(finding, "cluster", ""), finding.pointer] |
	some finding in namespace_reserved.deny with input as view
		with data.thresholds.namespace_reserved as _thresholds
}

_has(namespace) := example.put(_prod, "/environment/spec/tenants/1/namespaces/-", namespace)

_runs_in(namespace) := example.put(_bare, "/clusters/0/spec/namespace", namespace)

test_namespaces_of_models_are_allowed if {
	_found(_prod) == set()
	_found(_bare) == set()
	every namespace in ["kubernetes-models", "argocd-models", "istio", "my-kube-system", "mesh"] {
		_found(_has(namespace)) == set()
	}
	namespace_reserved.checked with input as _prod
		with data.thresholds.namespace_reserved as _thresholds
	namespace_reserved.checked with input as _bare
		with data.thresholds.namespace_reserved as _thresholds
}

_reserved := `["argocd","delivery","edge","far","istio-*","istio-ingress","kube-*","monitoring","partners"]`

_named(text, namespace) := sprintf(
	"%s %q, which belongs to the platform; reserved are %s",
	[text, namespace, _reserved],
)

test_a_tenant_with_a_namespace_of_the_platform_is_denied if {
	every namespace in [
		"kube-system", "kube-public", "istio-system", "argocd", "delivery", "edge", "partners",
		"monitoring", "far",
	] {
		_found(_has(namespace)) == {[
			_named(`tenant "shop" lists namespace`, namespace),
			"", "/spec/tenants/1/namespaces/1",
		]}
	}
}

test_without_tenants_the_clusters_count if {
	every namespace in ["kube-system", "delivery", "edge"] {
		_found(_runs_in(namespace)) == {[
			_named("spec.namespace is", namespace),
			"fraud-eu-west-1", "/spec/namespace",
		]}
	}
}

test_where_nothing_is_observed_monitoring_is_a_name_like_others if {
	dark := example.without(_has("monitoring"), "/environment/spec/observability")
	_found(dark) == set()
	namespace_reserved.checked with input as dark
		with data.thresholds.namespace_reserved as _thresholds
}

test_with_tenants_the_tenant_has_the_finding if {
	both := example.put(_has("kube-system"), "/clusters/1/spec/namespace", "kube-system")
	{pointer | some [_, _, pointer] in _found(both)} == {"/spec/tenants/1/namespaces/1"}
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/environment/spec/argocd", "/environment/spec/regions", "/environment/spec/tenants/0/name",
		"/environment/spec/tenants/1/namespaces", "/clusters/0/name", "/clusters/1/spec/namespace",
	] {
		not namespace_reserved.checked with input as example.without(_prod, path)
			with data.thresholds.namespace_reserved as _thresholds
	}
	not namespace_reserved.checked with input as _prod with data.thresholds as {}
}

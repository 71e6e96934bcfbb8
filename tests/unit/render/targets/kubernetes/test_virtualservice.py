"""Which version gets which requests: weights, buckets, learning arms."""

from copy import deepcopy
from typing import Any

from lockstep.render import render_cluster
from tests.unit.render import rendering
from tests.unit.render.rendering import STABLE, cluster, fleet_of, render_one, tree_of
from tests.unit.render.specs import NINETY, SERVICE, TEN, WARM, to

BUCKETS = {"bucketHeader": "x-user-bucket"}
BANDIT = {"name": "bandit", "version": "7", "weight": 20, "experiment": True}


def routes_of(**spec: Any) -> Any:
    return render_one(cluster(**spec)).manifests["virtualservice.yaml"]["spec"]["http"]


def test_the_routes_own_the_host_and_the_name_of_the_service() -> None:
    spec = render_one(cluster()).manifests["virtualservice.yaml"]["spec"]
    assert spec["hosts"] == ["fraud-eu.models.example.com", SERVICE]


def gateways_of(spec: dict[str, Any], *of_region: str) -> Any:
    """The gateways of a cluster whose region has these."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    if of_region:
        whole["spec"]["regions"][0]["gateways"] = list(of_region)
    tree = {**tree_of(spec), "clusters/prod/environment.yaml": rendering.dump(whole)}
    environment, family = rendering.only_family(fleet_of(tree))
    folder = render_cluster(family.clusters[0], family, environment, rendering.templates())
    return folder.manifests["virtualservice.yaml"]["spec"]["gateways"]


def test_the_mesh_and_the_gateways_of_the_region_serve_the_hosts() -> None:
    assert gateways_of(cluster()) == ["mesh"]
    assert gateways_of(cluster(), "istio-ingress/models") == ["istio-ingress/models", "mesh"]


def test_gateways_of_the_cluster_replace_those_of_its_region() -> None:
    own = cluster(gateways=["edge/a", "edge/b"])
    assert gateways_of(own, "istio-ingress/models") == ["edge/a", "edge/b", "mesh"]
    assert gateways_of(cluster(gateways=["mesh"]), "istio-ingress/models") == ["mesh"]


def test_further_hosts_are_routed_too() -> None:
    spec = render_one(cluster(hosts=["fraud.example.com"])).manifests["virtualservice.yaml"]["spec"]
    assert spec["hosts"] == ["fraud-eu.models.example.com", "fraud.example.com", SERVICE]


def test_traffic_is_split_by_weight() -> None:
    (route,) = routes_of(variants=[NINETY, TEN])
    assert route == {"name": "weighted", "route": [to("v41", 90), to("v42", 10)]}


def test_a_single_destination_says_100() -> None:
    (route,) = routes_of(variants=[NINETY])
    assert route["route"] == [to("v41", 100)]


def test_a_version_in_two_variants_is_one_destination() -> None:
    arm = {"name": "arm", "version": "41", "weight": 20, "experiment": True}
    (route,) = routes_of(variants=[{**STABLE, "weight": 70}, TEN, arm])
    assert route["route"] == [to("v41", 90), to("v42", 10)]


def test_timeout_and_retries_hold_for_every_route() -> None:
    retries = {"attempts": 2, "perTryTimeout": "500ms"}
    traffic = {"timeout": "2s", "retries": retries, "bucketHeader": "x-user-bucket"}
    for route in routes_of(traffic=traffic, variants=[NINETY, TEN]):
        assert (route["timeout"], route["retries"]) == ("2s", retries)
    # The timeout of the family's default, which Istio refuses without a retry.
    for none in ({"attempts": 0}, {"attempts": 0, "perTryTimeout": "500ms"}):
        (route,) = routes_of(traffic={"retries": none})
        assert route["retries"] == {"attempts": 0}


def test_a_bucket_header_sends_each_user_to_one_version() -> None:
    routes = routes_of(traffic={"bucketHeader": "x-user-bucket"}, variants=[NINETY, TEN])
    assert [route["name"] for route in routes] == ["bucket-v41", "bucket-v42", "weighted"]
    assert [route.get("match") for route in routes] == [
        [{"headers": {"x-user-bucket": {"regex": "^(?:[0-9]|[1-8][0-9])$"}}}],
        [{"headers": {"x-user-bucket": {"regex": "^(?:9[0-9])$"}}}],
        None,
    ]
    assert [route["route"] for route in routes] == [
        [to("v41", 100)],
        [to("v42", 100)],
        [to("v41", 90), to("v42", 10)],
    ]


def test_a_bucket_header_with_one_version_needs_no_matches() -> None:
    (route,) = routes_of(traffic={"bucketHeader": "x-user-bucket"}, variants=[STABLE, WARM])
    assert route["name"] == "weighted"


def learning(*others: dict[str, Any], how: str = "live", **spec: Any) -> Any:
    """The routes next to an arm of 20 percent that learns."""
    terms = {"bandit": {"learnsFrom": how, "expires": "2026-06-30"}}
    variants = [*others, BANDIT]
    one = cluster(**{"variants": variants, "experiments": terms, "traffic": BUCKETS} | spec)
    folder = render_one(one, versions=("41", "42", "7"))
    assert "deployment-v7.yaml" in folder.files
    return folder.manifests["virtualservice.yaml"]["spec"]["http"]


def subsets(route: Any) -> list[Any]:
    return [destination["destination"] for destination in route["route"]]


def test_an_arm_that_learns_live_shares_no_route() -> None:
    routes = learning({**STABLE, "weight": 70}, TEN)
    to_arm = [route for route in routes if to("v7", 100)["destination"] in subsets(route)]
    assert [route["name"] for route in to_arm] == ["bucket-v7"]
    assert to_arm[0]["route"] == [to("v7", 100)]
    assert routes[-1] == {"name": "weighted", "route": [to("v41", 90), to("v42", 10)]}


def test_an_arm_that_does_not_learn_keeps_its_part_of_the_fallback() -> None:
    expected = [to("v7", 20), to("v41", 70), to("v42", 10)]
    assert learning({**STABLE, "weight": 70}, TEN, how="offline")[-1]["route"] == expected
    assert learning({**STABLE, "weight": 70}, TEN, experiments=None)[-1]["route"] == expected


def test_next_to_a_learning_arm_a_single_version_gets_the_whole_fallback() -> None:
    routes = learning({**STABLE, "weight": 80})
    assert [route["name"] for route in routes] == ["bucket-v7", "bucket-v41", "weighted"]
    assert routes[-1]["route"] == [to("v41", 100)]


def test_without_buckets_a_learning_arm_gets_no_route() -> None:
    (route,) = learning({**STABLE, "weight": 70}, TEN, traffic={})
    assert route["route"] == [to("v41", 90), to("v42", 10)]


def test_a_version_that_others_serve_too_stays_in_the_fallback() -> None:
    routes = learning({**STABLE, "version": "7", "weight": 70}, TEN)
    assert routes[-1]["route"] == [to("v7", 90), to("v42", 10)]


def test_a_variant_that_is_not_marked_as_an_arm_is_not_a_learning_arm() -> None:
    unmarked = {**TEN, "name": "bandit"}
    terms = {"bandit": {"learnsFrom": "live"}}
    routes = routes_of(variants=[NINETY, unmarked], experiments=terms, traffic=BUCKETS)
    assert routes[-1]["route"] == [to("v41", 90), to("v42", 10)]


def test_terms_of_a_role_do_not_make_it_a_learning_arm() -> None:
    terms = {"candidate": {"learnsFrom": "live"}}
    marked = {**TEN, "experiment": True}
    routes = routes_of(variants=[NINETY, marked], experiments=terms, traffic=BUCKETS)
    assert routes[-1]["route"] == [to("v41", 90), to("v42", 10)]


def test_each_http_port_gets_the_versions_by_the_same_weights() -> None:
    spec = cluster(variants=[NINETY, TEN])
    spec["spec"]["serving"]["ports"] = {"grpc": 9001, "tcp-peers": 9002}
    folder = render_one(spec)
    assert folder.findings == ()
    inside, outside = folder.manifests["virtualservice.yaml"]["spec"]["http"]
    assert (inside["name"], outside["name"]) == ("weighted-grpc", "weighted")
    assert inside["match"] == [{"gateways": ["mesh"], "port": 9001}]
    assert "match" not in outside
    for route, number in ((inside, 9001), (outside, 80)):
        # A gateway would look for its own port among several.
        assert [each["destination"]["port"] for each in route["route"]] == [{"number": number}] * 2
        assert [each["weight"] for each in route["route"]] == [90, 10]


def test_every_port_of_the_service_is_routed_by_version() -> None:
    one = cluster(variants=[NINETY, TEN])
    names = ("grpc", "grpc-web", "http2-a", "metrics", "tcp", "tcp-peers", "tls")
    one["spec"]["serving"]["ports"] = {name: 9000 + at for at, name in enumerate(names)}
    folder = render_one(one)
    spec = folder.manifests["virtualservice.yaml"]["spec"]
    routed = {"http": {80}, "tcp": set()}
    for protocol, numbers in routed.items():
        for route in spec[protocol]:
            assert all("subset" in each["destination"] for each in route["route"])
            numbers |= {match["port"] for match in route.get("match", [])}
    for port in folder.manifests["service.yaml"]["spec"]["ports"]:
        # Istio applies routes of HTTP to ports of HTTP only, and those of TCP to the others.
        protocol = "tcp" if port["appProtocol"] == "tcp" else "http"
        assert port["port"] in routed[protocol], port


def streams_of(**spec: Any) -> Any:
    """The TCP routes of a cluster with these fields and a port of TCP."""
    one = cluster(**spec)
    one["spec"]["serving"]["ports"] = {"grpc": 9001, "tcp-peers": 9002}
    folder = render_one(one, versions=("41", "42", "7"))
    assert folder.findings == ()
    return folder.manifests["virtualservice.yaml"]["spec"].get("tcp")


def at(port: int, destination: dict[str, Any]) -> dict[str, Any]:
    place = {**destination["destination"], "port": {"number": port}}
    return {**destination, "destination": place}


def test_connections_to_a_port_of_tcp_are_split_by_the_same_weights() -> None:
    assert streams_of(variants=[NINETY, TEN]) == [
        {
            "match": [{"gateways": ["mesh"], "port": 9002}],
            "route": [at(9002, to("v41", 90)), at(9002, to("v42", 10))],
        }
    ]


def test_a_version_of_weight_0_gets_no_connections() -> None:
    idle = {"name": "candidate", "version": "42", "weight": 0, "warm": True}
    (stream,) = streams_of(variants=[STABLE, idle])
    assert stream["route"] == [at(9002, to("v41", 100))]


def test_connections_have_no_bucket_so_learning_arms_get_none() -> None:
    terms = {"bandit": {"learnsFrom": "live", "expires": "2026-06-30"}}
    variants = [{**STABLE, "weight": 70}, TEN, BANDIT]
    (stream,) = streams_of(variants=variants, experiments=terms, traffic=BUCKETS)
    assert stream["route"] == [at(9002, to("v41", 90)), at(9002, to("v42", 10))]


def test_without_a_port_of_tcp_there_are_no_tcp_routes() -> None:
    one = cluster(variants=[NINETY, TEN])
    one["spec"]["serving"]["ports"] = {"grpc": 9001, "metrics": 9002}
    assert "tcp" not in render_one(one).manifests["virtualservice.yaml"]["spec"]


def test_a_host_that_the_spec_repeats_is_rendered_once() -> None:
    hosts = ["fraud-eu.models.example.com", "fraud.example.com", "fraud.example.com"]
    folder = render_one(cluster(hosts=hosts))
    assert folder.findings == ()
    assert folder.manifests["virtualservice.yaml"]["spec"]["hosts"] == [
        "fraud-eu.models.example.com", "fraud.example.com", SERVICE,
    ]  # fmt: skip

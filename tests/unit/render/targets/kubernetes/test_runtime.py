"""Batching, caching and workers of a server, as its own variables and flags."""

from typing import Any

import pytest

from tests.unit.render.rendering import render_one, tree_of
from tests.unit.render.specs import access, pod_of, serving, the_finding

ARGS = ["--port=8000"]


def model_of(**fields: Any) -> Any:
    """The model's container of a cluster with these fields in its serving."""
    pod = pod_of(render_one(serving(**fields)))
    (model,) = (each for each in pod["spec"]["containers"] if each["name"] == "model")
    return model


def variables_of(**fields: Any) -> dict[str, str]:
    """The variables that a serving with these fields has in addition to one without."""
    own = {each["name"] for each in model_of()["env"]}
    env = model_of(**fields)["env"]
    return {each["name"]: each["value"] for each in env if each["name"] not in own}


def test_a_runtime_alone_changes_no_container() -> None:
    assert model_of(runtime="mlserver") == model_of()


def test_mlserver_reads_its_settings_from_variables() -> None:
    batching = {"maxSize": 32, "maxDelay": "50ms"}
    assert variables_of(
        runtime="mlserver", workers=4, batching=batching, cache={"entries": 500}
    ) == {
        "MLSERVER_PARALLEL_WORKERS": "4",
        "MLSERVER_MODEL_MAX_BATCH_SIZE": "32",
        # In seconds.
        "MLSERVER_MODEL_MAX_BATCH_TIME": "0.05",
        # The server has a cache, and the model uses it: one of them alone has no effect.
        "MLSERVER_CACHE_ENABLED": "true",
        "MLSERVER_CACHE_SIZE": "500",
        "MLSERVER_MODEL_CACHE_ENABLED": "true",
    }


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        (
            {"runtime": "triton", "cache": {"memory": "256Mi"}},
            ["--cache-config=local,size=268435456"],
        ),
        (
            {"runtime": "vllm", "batching": {"maxSize": 64}, "cache": {"prefixes": True}},
            ["--max-num-seqs=64", "--enable-prefix-caching"],
        ),
        ({"runtime": "vllm", "cache": {"prefixes": False}}, ["--no-enable-prefix-caching"]),
        ({"runtime": "kserve", "workers": 3}, ["--workers=3"]),
    ],
)  # fmt: skip
def test_flags_are_behind_the_arguments_of_the_spec(
    fields: dict[str, Any], flags: list[str]
) -> None:
    assert model_of(args=ARGS, **fields)["args"] == [*ARGS, *flags]
    assert variables_of(args=ARGS, **fields) == {}


@pytest.mark.parametrize(
    ("fields", "pointer", "says"),
    [
        ({"runtime": "triton", "batching": {"maxSize": 8}}, "batching/maxSize", "config.pbtxt"),
        ({"runtime": "triton", "workers": 2}, "workers", "instance_group"),
        ({"runtime": "triton", "cache": {"entries": 9}}, "cache/entries", "cache.memory"),
        ({"runtime": "vllm", "batching": {"maxDelay": "5ms"}}, "batching/maxDelay", "every step"),
        ({"runtime": "vllm", "cache": {"memory": "1Gi"}}, "cache/memory", "prefixes"),
        ({"runtime": "kserve", "batching": {"maxSize": 8}}, "batching/maxSize", "agent"),
        ({"runtime": "kserve", "cache": {"entries": 9}}, "cache/entries", "no answers"),
        ({"runtime": "mlserver", "cache": {"memory": "1Gi"}}, "cache/memory", "cache.entries"),
        ({"runtime": "mlserver", "batching": {"maxSize": 8}}, "batching/maxSize", "maxDelay"),
        ({"runtime": "mlserver", "batching": {"maxDelay": "5ms"}}, "batching/maxDelay", "maxSize"),
        ({"workers": 2}, "workers", "spec.serving.runtime"),
    ],
)
def test_what_a_runtime_cannot_be_given_is_refused_at_its_field(
    fields: dict[str, Any], pointer: str, says: str
) -> None:
    finding = the_finding(tree_of(serving(args=ARGS, **fields)))
    assert (finding.rule, finding.pointer) == ("render.input", f"/spec/serving/{pointer}")
    assert says in finding.fix


def test_a_cache_fits_into_the_memory_of_the_server() -> None:
    finding = the_finding(tree_of(serving(args=ARGS, runtime="triton", cache={"memory": "100Gi"})))
    assert finding.pointer == "/spec/serving/cache/memory"


def test_a_variable_that_sets_the_same_is_refused() -> None:
    env = {"MLSERVER_PARALLEL_WORKERS": "2"}
    finding = the_finding(tree_of(serving(runtime="mlserver", workers=4, env=env)))
    assert finding.pointer == "/spec/serving/env/MLSERVER_PARALLEL_WORKERS"


def test_a_secret_that_sets_the_same_is_refused() -> None:
    token = {"store": "vault", "path": "ml/fraud", "key": "token"}
    spec = access(secrets={"MLSERVER_PARALLEL_WORKERS": token})
    spec["spec"]["serving"] |= {"runtime": "mlserver", "workers": 4}
    finding = the_finding(tree_of(spec))
    assert finding.pointer == "/spec/access/secrets/MLSERVER_PARALLEL_WORKERS"


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("--max-num-seqs=9", {"runtime": "vllm", "batching": {"maxSize": 64}}),
        ("--max_num_seqs", {"runtime": "vllm", "batching": {"maxSize": 64}}),
        ("--no-enable-prefix-caching", {"runtime": "vllm", "cache": {"prefixes": True}}),
        ("--response-cache-byte-size=9", {"runtime": "triton", "cache": {"memory": "1Mi"}}),
    ],
)
def test_an_argument_that_sets_the_same_is_refused(word: str, fields: dict[str, Any]) -> None:
    finding = the_finding(tree_of(serving(args=[*ARGS, word], **fields)))
    assert finding.pointer == "/spec/serving/args/1"


def test_flags_do_not_replace_the_arguments_of_an_image() -> None:
    finding = the_finding(tree_of(serving(runtime="kserve", workers=3)))
    assert finding.pointer == "/spec/serving/workers"
    assert "spec.serving.args" in finding.fix


def test_flags_for_a_shell_are_refused() -> None:
    fields = {"command": ["sh", "-c", "vllm serve /model"], "runtime": "vllm"}
    finding = the_finding(tree_of(serving(batching={"maxSize": 64}, **fields)))
    assert finding.pointer == "/spec/serving/command/1"

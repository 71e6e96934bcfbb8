"""Batching, caching and workers of a server, as its own variables and flags.

Only what the documentation of a runtime names as a variable or a flag is written. What a runtime
has elsewhere, such as in a file beside the model, is refused at the field: it would have no effect.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lockstep.model.amounts import parse_bytes
from lockstep.model.document import Json, Pointer
from lockstep.render.fields import Fields
from lockstep.render.promql import seconds
from lockstep.render.targets.origins import Origin, OriginTree, in_spec

_SERVING = ("spec", "serving")

WORKERS = ("workers",)
_SIZE, _DELAY = ("batching", "maxSize"), ("batching", "maxDelay")
_ENTRIES, _MEMORY, _PREFIXES = ("cache", "entries"), ("cache", "memory"), ("cache", "prefixes")
_FIELDS = (WORKERS, _SIZE, _DELAY, _ENTRIES, _MEMORY, _PREFIXES)

_ON = "true"

_PLACES = {
    ("mlserver", _MEMORY): "MLServer limits its cache by its answers: write cache.entries",
    ("mlserver", _PREFIXES): "only vLLM has a cache of prefixes",
    ("triton", WORKERS): "Triton runs the instances of instance_group in the model's config.pbtxt",
    ("triton", _SIZE): "Triton batches by dynamic_batching in the model's config.pbtxt",
    ("triton", _DELAY): "Triton batches by dynamic_batching in the model's config.pbtxt",
    ("triton", _ENTRIES): "Triton limits its cache by its memory: write cache.memory",
    ("triton", _PREFIXES): "only vLLM has a cache of prefixes",
    ("vllm", WORKERS): "vLLM has one engine a pod: write replicas, or its parallel sizes in args",
    ("vllm", _DELAY): "vLLM batches what is there at every step, and waits for nothing",
    ("vllm", _ENTRIES): "vLLM keeps no answers, only prefixes: write cache.prefixes",
    ("vllm", _MEMORY): "vLLM keeps no answers, only prefixes: write cache.prefixes",
    ("kserve", _SIZE): "KServe batches in an agent beside the server, which no Deployment has",
    ("kserve", _DELAY): "KServe batches in an agent beside the server, which no Deployment has",
    ("kserve", _ENTRIES): "the servers of KServe keep no answers",
    ("kserve", _MEMORY): "the servers of KServe keep no answers",
    ("kserve", _PREFIXES): "only vLLM has a cache of prefixes",
}  # fmt: skip
"""Where each runtime has what it cannot be given by a variable or a flag."""

_OTHER_NAMES = {
    "--enable-prefix-caching": ("--no-enable-prefix-caching",),
    "--no-enable-prefix-caching": ("--enable-prefix-caching",),
    "--cache-config": ("--response-cache-byte-size",),
}
"""Further flags that set the same as a flag."""


class _Setting(NamedTuple):
    """What a field becomes: a variable, or a flag where ``name`` begins with two hyphens.

    A flag without ``value`` is a switch.
    """

    field: tuple[str, ...]
    name: str
    value: str = ""

    @property
    def is_flag(self) -> bool:
        return self.name.startswith("--")

    @property
    def word(self) -> str:
        return f"{self.name}={self.value}" if self.value else self.name


def read_runtime(fields: Fields) -> dict[str, Json]:
    """``runtime`` of a serving, with the settings that batching, cache and workers become.

    Empty where the spec has none of them. Raises Unrenderable where the runtime cannot be given
    one of them, or where variables or arguments of the spec set the same.
    """
    given = [field for field in _FIELDS if fields.has(*_SERVING, *field)]
    if not fields.has(*_SERVING, "runtime"):
        if given:
            fields.fail(
                (*_SERVING, *given[0]), "render.input",
                f"{'.'.join(given[0])} is for a server, and the spec does not say which it has",
                "write spec.serving.runtime: mlserver, triton, vllm or kserve",
            )  # fmt: skip
        return {}
    runtime = fields.text(*_SERVING, "runtime")
    for field in given:
        if place := _PLACES.get((runtime, field)):
            fields.fail(
                (*_SERVING, *field), "render.input",
                f"{runtime} has no variable or flag for {'.'.join(field)}",
                f"remove it: {place}",
            )  # fmt: skip
    settings = [setting for field in given for setting in _settings(fields, runtime, field)]
    for setting in settings:
        _require_alone(fields, setting)
    return {"runtime": {"name": runtime, "settings": [list(setting) for setting in settings]}}


def runtime_args(serving: Json) -> Json:
    """The arguments of the spec, and behind them the flags of the runtime; None for neither."""
    flags = [setting.word for setting in _of(serving) if setting.is_flag]
    return [*serving.get("args", []), *flags] if flags else serving.get("args")


def runtime_variables(serving: Json) -> dict[str, str]:
    """The variables of the runtime."""
    return {setting.name: setting.value for setting in _of(serving) if not setting.is_flag}


def runtime_origins(serving: Json) -> dict[str, OriginTree]:
    """Where arguments were written, and the variables of the runtime.

    What only switches something on is the same for every value, so it has no origin.
    """
    args = in_spec("serving", "args")
    flags = [_origin(each) for each in _of(serving) if each.is_flag]
    written = len(serving.get("args", []))
    every = [in_spec("serving", "args", index) for index in range(written)]
    variables = {
        each.name: (None, _origin(each))
        for each in _of(serving) if not each.is_flag and each.value != _ON
    }  # fmt: skip
    return {"args": (*every, *flags) if flags else args, "variables": variables}


def _origin(setting: _Setting) -> Origin:
    return in_spec("serving", *setting.field) + in_spec("serving", "runtime")


def _of(serving: Json) -> Iterator[_Setting]:
    for field, name, value in serving.get("runtime", {}).get("settings", ()):
        yield _Setting(tuple(field), name, value)


def _settings(fields: Fields, runtime: str, field: tuple[str, ...]) -> Iterator[_Setting]:
    """What a field that a runtime can be given becomes."""
    here = (*_SERVING, *field)
    match runtime, field:
        # https://mlserver.readthedocs.io/en/latest/reference/settings.html
        case "mlserver", ("workers",):
            yield _Setting(field, "MLSERVER_PARALLEL_WORKERS", str(fields.integer(*here)))
        case "mlserver", ("batching", _):
            yield _mlserver_batching(fields, field)
        case "mlserver", ("cache", _):
            yield _Setting(field, "MLSERVER_CACHE_ENABLED", _ON)
            yield _Setting(field, "MLSERVER_CACHE_SIZE", str(fields.integer(*here)))
            # Of the model too: its own default is false, which wins over the server's.
            yield _Setting(field, "MLSERVER_MODEL_CACHE_ENABLED", _ON)
        # https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/response_cache.html
        case "triton", _:
            yield _Setting(field, "--cache-config", f"local,size={_cache_bytes(fields, here)}")
        # https://docs.vllm.ai/en/latest/configuration/engine_args.html
        case "vllm", ("batching", _):
            yield _Setting(field, "--max-num-seqs", str(fields.integer(*here)))
        case "vllm", _:
            wanted = fields.mapping(*_SERVING, "cache")["prefixes"] is True
            yield _Setting(field, f"--{'' if wanted else 'no-'}enable-prefix-caching")
        # https://github.com/kserve/kserve/blob/master/python/kserve/kserve/model_server.py
        case _:
            yield _Setting(field, "--workers", str(fields.integer(*here)))


def _mlserver_batching(fields: Fields, field: tuple[str, ...]) -> _Setting:
    """Of size and delay MLServer needs both: with one alone it does not batch."""
    other = _DELAY if field == _SIZE else _SIZE
    here = (*_SERVING, *field)
    if not fields.has(*_SERVING, *other):
        fields.fail(
            here, "render.input", f"mlserver does not batch without {'.'.join(other)}",
            f"write {other[-1]} beside it, or remove spec.serving.batching",
        )  # fmt: skip
    if field == _SIZE:
        return _Setting(field, "MLSERVER_MODEL_MAX_BATCH_SIZE", str(fields.integer(*here)))
    try:
        return _Setting(field, "MLSERVER_MODEL_MAX_BATCH_TIME", seconds(fields.text(*here)))
    except ValueError as error:
        fields.fail(here, "render.input", str(error), "write it like 50ms")


def _cache_bytes(fields: Fields, here: Pointer) -> int:
    """The size of a cache in the memory of the server, which is less than its limit."""
    size, limit = fields.text(*here), ("resources", "limits", "memory")
    try:
        wanted, most = parse_bytes(size), parse_bytes(fields.text(*_SERVING, *limit))
    except ValueError as error:
        fields.fail(here, "render.input", str(error), "write it like 512Mi")
    if wanted >= most:
        fields.fail(
            here, "render.input", f"a cache of {size} does not fit into the memory of the server",
            "lower it, or raise spec.serving.resources.limits.memory",
        )  # fmt: skip
    return wanted


def _require_alone(fields: Fields, setting: _Setting) -> None:
    """Refuses a variable or an argument of the spec that sets the same."""
    field = ".".join(setting.field)
    if setting.is_flag:
        _require_program(fields, setting)
        for pointer, word in _words(fields):
            # A program of Python takes an underscore for a hyphen.
            flag = word.partition("=")[0].replace("_", "-")
            if flag in (setting.name, *_OTHER_NAMES.get(setting.name, ())):
                _contradicts(fields, pointer, flag, field)
        return
    for place in (("spec", "serving", "env"), ("spec", "access", "secrets")):
        if fields.has(*place, setting.name):
            _contradicts(fields, (*place, setting.name), setting.name, field)


def _contradicts(fields: Fields, pointer: Pointer, name: str, field: str) -> None:
    fields.fail(
        pointer, "render.input", f"{name} is what spec.serving.{field} sets",
        f"remove one of the two; spec.serving.{field} is shown in reviews by what it means",
    )  # fmt: skip


def _require_program(fields: Fields, setting: _Setting) -> None:
    """Flags are for the server itself: not for a shell, and not in place of an image's command."""
    here, words = (*_SERVING, *setting.field), list(_words(fields))
    if not words:
        fields.fail(
            here, "render.input",
            f"this is the flag {setting.name}, and alone it would replace the image's arguments",
            "write the arguments of the server in spec.serving.args, or its command",
        )  # fmt: skip
    for pointer, word in words:
        if word == "-c":
            fields.fail(
                pointer, "render.input",
                f"a shell starts the server, so the flag {setting.name} would not reach it",
                "write the server and its arguments word by word, without a shell",
            )  # fmt: skip


def _words(fields: Fields) -> Iterator[tuple[Pointer, str]]:
    for name in ("command", "args"):
        here = (*_SERVING, name)
        for index, _ in enumerate(fields.items(*here) if fields.has(*here) else ()):
            yield (*here, index), fields.text(*here, index)

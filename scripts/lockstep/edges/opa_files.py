"""Which policy files OPA gets, and what keeps them from doing more than judge.

A server cannot be told to leave out builtins, so that the text of a rule is searched for those
that reach outside or change from call to call; ``lockstep policy test`` has OPA's compiler
refuse them as well.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from lockstep.model.errors import LockstepError

ARGUMENTS = ("policies/main.rego", "policies/lib", "policies/rules", "policies/data")
"""What ``opa`` is told to load; paths in its messages are then those of the repository."""

TEST_ARGUMENTS = ("policies/main_test.rego",)
"""What there is to load beside these when the policies are tested."""

IMPURE = (
    "http.send", "io.jwt.decode_verify", "io.jwt.encode_sign", "io.jwt.encode_sign_raw",
    "json.match_schema", "json.verify_schema", "net.lookup_ip_addr", "opa.runtime", "rand.intn",
    "time.now_ns", "uuid.rfc4122",
)  # fmt: skip
"""Builtins that OPA itself marks as nondeterministic: network, clock, chance, environment."""

_OWN_PACKAGE = re.compile(r"lockstep(?:_test)?(?:\.(?!server\b)[a-z][a-z0-9_]*)*")
_PACKAGE = re.compile(r"^[ \t]*package\s+(\S+)", re.MULTILINE)
_IMPURE = re.compile(
    "|".join(rf"\b{re.escape(name)}\b" for name in IMPURE)
    + r"|\b(?:http|io|net|opa|rand|uuid)\s*\["
)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def policy_files(policies: Mapping[str, bytes], *, tests: bool = False) -> dict[str, bytes]:
    """The files of ``policies/`` that OPA loads: Rego, and data directly under policies/data.

    Schemas and waivers are read by Lockstep and not by OPA. Raises LockstepError when there is
    no entry point, or a file claims a package outside ``lockstep`` or uses an impure builtin.
    """
    chosen = {path: data for path, data in policies.items() if _is_loaded(path, tests=tests)}
    if "policies/main.rego" not in chosen:
        raise LockstepError(
            "there is no policies/main.rego, so that no rule can be evaluated",
            fix="restore policies/ from git; checking without rules is never a pass",
        )
    for path, data in chosen.items():
        if path.endswith(".rego"):
            _refuse_impure(path, data)
    return chosen


def write_policy_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below an empty private folder, and the folders that OPA is told to load."""
    for argument in ARGUMENTS[1:]:
        (folder / argument).mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _is_loaded(path: str, *, tests: bool) -> bool:
    parts = path.split("/")
    if parts[0] != "policies" or any(part in ("", ".", "..") for part in parts):
        return False
    if parts[1] == "data":
        return len(parts) == 3 and path.endswith((".yaml", ".json"))
    if not path.endswith(".rego") or (path.endswith("_test.rego") and not tests):
        return False
    return path in ("policies/main.rego", *TEST_ARGUMENTS) or parts[1] in ("lib", "rules")


def _refuse_impure(path: str, data: bytes) -> None:
    text = _COMMENT.sub("", data.decode(errors="replace"))
    package = _PACKAGE.search(text)
    if package and not _OWN_PACKAGE.fullmatch(package[1]):
        raise LockstepError(
            f"package {package[1][:80]} is not one of Lockstep's policies", where=path,
            fix="name the package lockstep.rules.<rule> or lockstep.lib.<name>",
        )  # fmt: skip
    found = _IMPURE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise LockstepError(
            f"a policy must not use {found[0]}: its verdict would depend on more than its input",
            where=f"{path}:{line}", fix="take what the rule needs from its input",
        )  # fmt: skip

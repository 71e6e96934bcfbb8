"""Which policy files OPA gets, under which names, and what keeps them in their own packages.

What the rules may do is judged by OPA's compiler (see opa_check); only their packages are looked
at here, because OPA evaluates some packages by itself as soon as it serves.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from lockstep.model.canonical import digest_files
from lockstep.model.errors import LockstepError

ARGUMENTS = ("policies/main.rego", "policies/lib", "policies/rules", "policies/data")
"""What ``opa`` is told to load; paths in its messages are then those of the repository."""

TEST_ARGUMENTS = ("policies/main_test.rego",)
"""What there is to load beside these when the policies are tested."""

# lockstep.server, .bundle and .probe are what Lockstep itself gives an OPA to answer with.
_OWN_PACKAGE = re.compile(r"lockstep(?:_test)?(?:\.(?!(?:server|bundle|probe)\b)[a-z][a-z0-9_]*)*")
# A comment ends at "\n" alone; "\r" is a space to OPA, and a byte order mark nothing at all.
_PACKAGE = re.compile(r"\ufeff?(?:[ \t\r\n]|#[^\n]*\n)*package[ \t\r\n]+([^ \t\r\n;#]+)")
_THRESHOLDS = re.compile(r"policies/rules/([^/]+)/thresholds\.yaml")
_LOADED_THRESHOLDS = re.compile(r"\bpolicies/data/rule-([^/:\s]+)\.yaml")


def policy_files(policies: Mapping[str, bytes], *, tests: bool = False) -> dict[str, bytes]:
    """The files of ``policies/`` that OPA loads: Rego, and data, under the paths it loads them by.

    Data lies directly under policies/data, or is a rule's ``thresholds.yaml``: that one gets the
    name ``policies/data/rule-<rule>.yaml``, because OPA puts a file's keys under its folder.
    Schemas and waivers are read by Lockstep and not by OPA. Raises LockstepError when there is
    no entry point, a file claims a package that is not its own, or a name is taken twice.
    """
    chosen: dict[str, bytes] = {}
    for path, data in policies.items():
        name = _loaded_as(path, tests=tests)
        if not name:
            continue
        if name in chosen:
            raise _taken(name)
        chosen[name] = data
    if "policies/main.rego" not in chosen:
        raise LockstepError(
            "there is no policies/main.rego, so that no rule can be evaluated",
            fix="restore policies/ from git; checking without rules is never a pass",
        )
    for path, data in chosen.items():
        if path.endswith(".rego"):
            _require_own_package(path, data)
    return chosen


def write_policy_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below an empty private folder, and the folders that OPA is told to load."""
    parents = {path.rpartition("/")[0] for path in files}
    for parent in sorted(parents.union(ARGUMENTS[1:])):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (folder / path).write_bytes(data)


def policies_digest(files: Mapping[str, bytes]) -> str:
    """``sha256:<hex>`` of files as policy_files gives them without tests: their names and bytes."""
    return digest_files(files)


def as_in_repository(text: str) -> str:
    """A message of OPA with the paths that people know."""
    return _LOADED_THRESHOLDS.sub(r"policies/rules/\1/thresholds.yaml", text)


def _loaded_as(path: str, *, tests: bool) -> str:
    """The path that OPA loads a file by; empty for one that it does not get."""
    parts = path.split("/")
    if parts[0] != "policies" or any(part in ("", ".", "..") for part in parts):
        return ""
    thresholds = _THRESHOLDS.fullmatch(path)
    if thresholds:
        return f"policies/data/rule-{thresholds[1]}.yaml"
    if parts[1] == "data":
        return path if len(parts) == 3 and path.endswith((".yaml", ".json")) else ""
    if not path.endswith(".rego") or (path.endswith("_test.rego") and not tests):
        return ""
    is_main = path in ("policies/main.rego", *TEST_ARGUMENTS)
    return path if is_main or parts[1] in ("lib", "rules") else ""


def _taken(name: str) -> LockstepError:
    return LockstepError(
        f"{as_in_repository(name)} is loaded under this name, which is therefore taken",
        where=name, fix="rename the file under policies/data",
    )  # fmt: skip


def _require_own_package(path: str, data: bytes) -> None:
    package = _PACKAGE.match(data.decode(errors="replace"))
    if package is None:
        raise LockstepError(
            "this file does not begin with its package", where=path,
            fix="begin it with package lockstep.rules.<rule> or lockstep.lib.<name>",
        )  # fmt: skip
    if not _OWN_PACKAGE.fullmatch(package[1]):
        raise LockstepError(
            f"package {package[1][:80]} is not one of Lockstep's policies", where=path,
            fix="name the package lockstep.rules.<rule> or lockstep.lib.<name>",
        )  # fmt: skip
    if not re.fullmatch(_packages_at(path), package[1]):
        raise LockstepError(
            f"package {package[1][:80]} belongs to another place", where=path,
            fix="keep each rule in policies/rules/<rule>/, and what rules share in policies/lib/",
        )  # fmt: skip


def _packages_at(path: str) -> str:
    """A pattern of the packages of a file: no file may add to what another place defines."""
    _, folder, *below = path.split("/")
    if not below:
        return "lockstep(_test)?"
    if folder == "lib":
        return r"lockstep\.lib\..*"
    rule = re.escape(below[0].replace("-", "_")) if below[1:] else "(?!)"
    return rf"lockstep\.rules\.{rule}(_test)?"

"""Which policy files OPA gets, under which names, and what keeps them in their own packages.

OPA's compiler checks what rules may do (see compiler). Only their packages are checked here,
because OPA evaluates some packages by itself as soon as it serves (``system.authz``).
"""

import re
from collections.abc import Mapping
from pathlib import Path

from lockstep.model.canonical import digest_files
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import one_line

ARGUMENTS = ("policies/main.rego", "policies/lib", "policies/rules", "policies/data")
"""What ``opa`` loads; as relative paths, so that its messages name the files of the repository."""

TEST_ARGUMENTS = ("policies/main_test.rego",)
"""What ``opa`` loads in addition when the policies are tested."""

# Lockstep's own answers come from lockstep.server, .bundle and .probe: no rule may forge them.
_OWN_PACKAGE = re.compile(r"lockstep(?:_test)?(?:\.(?!(?:server|bundle|probe)\b)[a-z][a-z0-9_]*)*")
# As OPA reads it: a comment ends at "\n" only, "\r" is a space, a byte order mark is ignored.
_PACKAGE = re.compile(r"\ufeff?(?:[ \t\r\n]|#[^\n]*\n)*package[ \t\r\n]+([^ \t\r\n;#]+)")
_THRESHOLDS = re.compile(r"policies/rules/([^/]+)/thresholds\.yaml")
_LOADED_THRESHOLDS = re.compile(r"\bpolicies/data/rule-([^/:\s]+)\.yaml")


def policy_files(policies: Mapping[str, bytes], *, tests: bool = False) -> dict[str, bytes]:
    """The files of ``policies/`` that OPA loads: Rego and data, under the paths it loads them by.

    Data is directly under policies/data, or in a rule's ``thresholds.yaml``: that file gets the
    name ``policies/data/rule-<rule>.yaml``, because OPA puts a file's keys under its folder.
    Lockstep itself reads schemas and waivers. Raises LockstepError when there is no entry point, a
    file claims a package that is not its own, or two files would have the same name.
    """
    chosen: dict[str, bytes] = {}
    for path, data in policies.items():
        name = _loaded_as(path, tests=tests)
        if not name:
            continue
        # Otherwise a file in policies/data could silently replace a rule's thresholds.
        if name in chosen:
            raise _name_conflict(name)
        chosen[name] = data
    if "policies/main.rego" not in chosen:
        raise LockstepError(
            "there is no policies/main.rego, so no rule can be evaluated",
            fix="restore policies/ from git; checking without rules is never a pass",
        )
    for path, data in chosen.items():
        if path.endswith(".rego"):
            _require_own_package(path, data)
    return chosen


def write_policy_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below an empty private folder, with the folders that OPA loads (ARGUMENTS)."""
    parents = {path.rpartition("/")[0] for path in files}
    for parent in sorted(parents.union(ARGUMENTS[1:])):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (folder / path).write_bytes(data)


def policies_digest(files: Mapping[str, bytes]) -> str:
    """``sha256:<hex>`` of files as policy_files gives them without tests: their names and bytes."""
    return digest_files(files)


def as_in_repository(text: str) -> str:
    """A message of OPA with paths as they are in the repository."""
    return _LOADED_THRESHOLDS.sub(r"policies/rules/\1/thresholds.yaml", text)


def _loaded_as(path: str, *, tests: bool) -> str:
    """The path that OPA loads a file by; empty for a file that it does not load."""
    parts = path.split("/")
    # The files are written to a folder below these paths, which must not lead out of it.
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


def _name_conflict(name: str) -> LockstepError:
    return LockstepError(
        f"OPA loads {as_in_repository(name)} under this name: two files cannot have it",
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
            f"package {one_line(package[1], 80)} is not a package of Lockstep's policies",
            where=path,
            fix="name the package lockstep.rules.<rule> or lockstep.lib.<name>",
        )  # fmt: skip
    if not re.fullmatch(_packages_at(path), package[1]):
        raise LockstepError(
            f"package {one_line(package[1], 80)} belongs to another folder", where=path,
            fix="keep each rule in policies/rules/<rule>/, and shared functions in policies/lib/",
        )  # fmt: skip


def _packages_at(path: str) -> str:
    """A pattern of the packages that a file may have, by its folder.

    Rego merges files of one package: a file elsewhere could otherwise change what a rule finds.
    """
    _, folder, *below = path.split("/")
    if not below:
        return "lockstep(_test)?"
    if folder == "lib":
        return r"lockstep\.lib\..*"
    # A file directly in rules/ may have no package at all: it belongs to no rule's folder.
    rule = re.escape(below[0].replace("-", "_")) if below[1:] else "(?!)"
    return rf"lockstep\.rules\.{rule}(_test)?"

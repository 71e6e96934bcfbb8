"""``opa check`` and ``opa test`` over policy files, in a private copy of them."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import process
from lockstep.edges.opa_binary import require_recent
from lockstep.edges.opa_files import ARGUMENTS, IMPURE, TEST_ARGUMENTS, write_policy_files
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError

_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class OpaReport:
    """What OPA says of a set of policies with their tests.

    ``refused`` is the compiler's complaint; nothing else was then tried. ``failed`` are tests as
    ``file:line: name``. ``coverage`` is the percentage of lines that ran, ``uncovered`` places as
    ``file:line``; both stay empty when a test failed.
    """

    refused: str = ""
    passed: int = 0
    failed: tuple[str, ...] = ()
    coverage: float = 0.0
    uncovered: tuple[str, ...] = ()


def check_and_test(files: Mapping[str, bytes], opa: Path) -> OpaReport:
    """Compile the files strictly and without impure builtins, run the tests, measure coverage.

    ``files`` are those of ``opa_files.policy_files`` with tests. Raises LockstepError when the
    program is too old, or says what cannot be understood.
    """
    require_recent(opa)
    with tempfile.TemporaryDirectory(prefix="lockstep-opa-") as name:
        folder = Path(name)
        write_policy_files(files, folder)
        pure = folder / "capabilities.json"
        pure.write_text(json.dumps(_pure_capabilities(opa)))
        loaded = [path for path in (*ARGUMENTS, *TEST_ARGUMENTS) if (folder / path).exists()]

        def call(*words: str) -> process.Completed:
            argv = [str(opa), *words, f"--capabilities={pure}", *loaded]
            return process.run(argv, cwd=folder, env={}, timeout=_PATIENCE)

        checked = call("check", "--strict")
        if checked.returncode:
            return OpaReport(refused=checked.complaint or "opa check gave no reason")
        passed, failed = _results(call("test", "--format=json"))
        if failed:
            return OpaReport(passed=passed, failed=failed)
        coverage, uncovered = _coverage(call("test", "--coverage", "--format=json"))
        return OpaReport(passed=passed, coverage=coverage, uncovered=uncovered)


def _pure_capabilities(opa: Path) -> Json:
    """What this OPA can do, without the builtins whose answer depends on more than their input."""
    told = process.run([str(opa), "capabilities", "--current"], env={}, timeout=_PATIENCE)
    capabilities = _parsed(told, "opa capabilities")
    capabilities["builtins"] = [
        builtin
        for builtin in capabilities["builtins"]
        if not builtin.get("nondeterministic") and builtin["name"] not in IMPURE
    ]
    return capabilities


def _results(done: process.Completed) -> tuple[int, tuple[str, ...]]:
    tests = _parsed(done, "opa test")
    failed = tuple(
        f"{_place(test['location'])}: {test['name']}"
        for test in tests
        if test.get("fail") or test.get("error") or test.get("skip")
    )
    return len(tests) - len(failed), failed


def _coverage(done: process.Completed) -> tuple[float, tuple[str, ...]]:
    report = _parsed(done, "opa test --coverage")
    uncovered = [
        f"{path}:{part['start']['row']}"
        for path, file in sorted(report["files"].items())
        for part in file.get("not_covered", [])
    ]
    return float(report["coverage"]), tuple(dict.fromkeys(uncovered))


def _place(location: Json) -> str:
    return f"{location['file']}:{location['row']}"


def _parsed(done: process.Completed, what: str) -> Json:
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        said = done.complaint or done.stdout.decode(errors="replace").strip()
        raise LockstepError(f"{what} gave no report: {said[:1000] or 'nothing'}") from error

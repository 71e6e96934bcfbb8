"""``opa check`` and ``opa test`` over policy files, in a private copy of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import process, scratch
from lockstep.model.document import Json
from lockstep.opa.binary import require_recent
from lockstep.opa.compiler import Compiler, InputSchemas, json_output
from lockstep.opa.files import write_policy_files

_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class OpaReport:
    """What OPA reports about a set of policies with their tests.

    ``refused`` holds the compiler's errors; nothing else ran then. ``failed`` are tests as
    ``file:line: name``. ``coverage`` is the percentage of lines that ran, ``uncovered`` places as
    ``file:line``; both stay empty when a test failed.
    """

    refused: str = ""
    passed: int = 0
    failed: tuple[str, ...] = ()
    coverage: float = 0.0
    uncovered: tuple[str, ...] = ()


def check_and_test(
    files: Mapping[str, bytes],
    opa: Path,
    schemas: InputSchemas | None = None,
    tested: Collection[str] | None = None,
) -> OpaReport:
    """Compile the files strictly and without impure builtins, run the tests, measure coverage.

    ``files`` are those of ``files.policy_files`` with tests; rules that name one of the
    ``schemas`` are checked against it. ``tested`` are the packages of the rules whose tests are
    run; without it all are. Raises LockstepError when the program is too old, or its
    report cannot be read.
    """
    require_recent(opa)
    with scratch.folder() as folder:
        write_policy_files(files, folder)
        compiler = Compiler(opa, folder, schemas)
        errors = compiler.errors()
        if errors:
            return OpaReport(refused="\n".join(map(str, errors)))

        def test(*words: str) -> process.Completed:
            only = [] if tested is None else [f"--run={_tests_of(tested)}"]
            return compiler.call("test", *words, *only, "--format=json", timeout=_TIMEOUT)

        # Twice, because opa gives the coverage in place of the results.
        passed, failed = _results(test())
        if failed:
            return OpaReport(passed=passed, failed=failed)
        coverage, uncovered = _coverage(test("--coverage"), tested)
        return OpaReport(passed=passed, coverage=coverage, uncovered=uncovered)


def _results(done: process.Completed) -> tuple[int, tuple[str, ...]]:
    tests = json_output(done, "opa test")
    failed = tuple(
        f"{_place(test['location'])}: {test['name']}"
        for test in tests
        # A test that is skipped has shown nothing.
        if test.get("fail") or test.get("error") or test.get("skip")
    )
    return len(tests) - len(failed), failed


def _tests_of(packages: Collection[str]) -> str:
    """The pattern of the names of all tests of rules; their packages are words of a-z and _."""
    return rf"^data\.lockstep\.rules\.({'|'.join(sorted(packages))})_test\."


def _coverage(
    done: process.Completed, tested: Collection[str] | None
) -> tuple[float, tuple[str, ...]]:
    report = json_output(done, "opa test --coverage")
    names = None if tested is None else {f"{package}.rego" for package in tested}
    files = {
        path: file
        for path, file in sorted(report["files"].items())
        if names is None or path.rpartition("/")[2] in names
    }
    uncovered = [
        f"{path}:{part['start']['row']}"
        for path, file in files.items()
        for part in file.get("not_covered", [])
    ]
    run = sum(file.get("covered_lines", 0) for file in files.values())
    lines = run + sum(file.get("not_covered_lines", 0) for file in files.values())
    # Several parts of one line may not have run; the line is listed once.
    return 100.0 * run / lines if lines else 0.0, tuple(dict.fromkeys(uncovered))


def _place(location: Json) -> str:
    return f"{location['file']}:{location['row']}"

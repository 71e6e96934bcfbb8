"""METADATA in Rego files, and the form of input that the entry point declares there.

Format: https://www.openpolicyagent.org/docs/latest/policy-language/#annotations.
"""

from collections.abc import Iterator

import yaml

from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Tree
from lockstep.model.paths import MAIN
from lockstep.text.sanitise import one_line

INPUT_FORM = 2
"""The form of input that this Lockstep writes (policies/main.rego describes it). Increase it when
rules for the earlier form could not read the new one."""


def metadata(path: str, text: str) -> Iterator[tuple[str, Json]]:
    """Each METADATA block of a Rego file: the line that it describes, and its data.

    Raises LockstepError where a block is not valid YAML.
    """
    block: list[str] | None = None
    for line in text.splitlines():
        if line.rstrip() == "# METADATA":
            block = []
        elif block is not None and line.startswith("#"):
            block.append(line[1:].removeprefix(" "))
        elif block is not None:
            try:
                data = yaml.load("\n".join(block), Loader=yaml.CSafeLoader)
            except yaml.YAMLError as error:
                raise LockstepError(
                    f"its METADATA is not valid YAML: {error}", where=path,
                    fix="compare it with another file below policies/",
                ) from error  # fmt: skip
            yield line.strip(), data if isinstance(data, dict) else {}
            block = None


def require_input_form(policies: Tree) -> None:
    """Raise LockstepError where the entry point reads a different form of input.

    Checked once before any evaluation, because otherwise every rule would miss values and every
    spec would have an error.
    """
    if MAIN not in policies:
        return  # loading the policies reports that
    heads = dict(metadata(MAIN, policies[MAIN].decode(errors="replace")))
    # An entry point that names no form is of the first one.
    form = value_at(heads.get("package lockstep"), ("custom", "input"), 1)
    if form != INPUT_FORM:
        raise LockstepError(
            f"these policies read input of form {one_line(str(form), 20)}, "
            f"but this Lockstep writes form {INPUT_FORM}", where=MAIN,
            fix="use the Lockstep version of these policies, or update policies/ on the base",
        )  # fmt: skip

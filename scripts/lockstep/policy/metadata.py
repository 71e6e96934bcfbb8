"""METADATA in Rego files, and what the entry point says there of the input that it reads.

Format: https://www.openpolicyagent.org/docs/latest/policy-language/#annotations.
"""

from collections.abc import Iterator

import yaml

from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Tree

MAIN = "policies/main.rego"

INPUT_FORM = 2
"""Which form of input this Lockstep gives (policies/main.rego describes it). Raised when rules
that were written for an earlier form could not read it."""


def metadata(path: str, text: str) -> Iterator[tuple[str, Json]]:
    """Each METADATA block of a Rego file: the line that it describes, and its data.

    Raises LockstepError where one is no YAML.
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
                    f"its METADATA are no YAML: {error}", where=path,
                    fix="compare it with another file below policies/",
                ) from error  # fmt: skip
            yield line.strip(), data if isinstance(data, dict) else {}
            block = None


def require_input_form(policies: Tree) -> None:
    """Raise LockstepError where the entry point reads another form of input than ours.

    Said once and before anything is asked: each rule would miss values, and fail on each spec.
    """
    if MAIN not in policies:
        return  # whoever loads the policies says so
    heads = dict(metadata(MAIN, policies[MAIN].decode(errors="replace")))
    form = value_at(heads.get("package lockstep"), ("custom", "input"), 1)
    if form != INPUT_FORM:
        raise LockstepError(
            f"these policies read input of form {str(form)[:20]}, and this Lockstep gives form "
            f"{INPUT_FORM}", where=MAIN,
            fix="use the Lockstep that they came with, or bring policies/ of this one to the base",
        )  # fmt: skip

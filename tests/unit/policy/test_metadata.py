"""METADATA in Rego files, and the form of input that policies declare."""

import pytest

from lockstep.model.errors import LockstepError
from lockstep.model.paths import MAIN
from lockstep.policy.metadata import INPUT_FORM, metadata, require_input_form
from tests.unit.opa.parts import shipped_policies

HEAD = "# METADATA\n# title: Entry point\n# custom:\n#   input: {form}\npackage lockstep\n"


def test_each_block_comes_with_the_line_that_it_describes() -> None:
    text = HEAD.format(form=2) + "\n# a comment\n\n# METADATA\n# title: Answers\nanswers := []\n"
    assert list(metadata(MAIN, text)) == [
        ("package lockstep", {"title": "Entry point", "custom": {"input": 2}}),
        ("answers := []", {"title": "Answers"}),
    ]


def test_metadata_that_is_not_yaml_names_its_file() -> None:
    with pytest.raises(LockstepError, match="METADATA is not valid YAML") as caught:
        list(metadata(MAIN, "# METADATA\n# title: [\npackage lockstep\n"))
    assert caught.value.where == MAIN


def test_the_shipped_policies_read_the_current_form() -> None:
    require_input_form(shipped_policies())


@pytest.mark.parametrize("form", [INPUT_FORM - 1, INPUT_FORM + 1, "'2'", "[2]"])
def test_policies_for_another_form_are_refused(form: object) -> None:
    with pytest.raises(LockstepError, match=f"writes form {INPUT_FORM}") as caught:
        require_input_form({MAIN: HEAD.format(form=form).encode()})
    assert caught.value.where == MAIN


def test_policies_without_a_form_have_the_first_form() -> None:
    with pytest.raises(LockstepError, match="read input of form 1"):
        require_input_form({MAIN: b"package lockstep\n"})

"""The paths of pages: each family has its own, whatever characters a folder's name has."""

import pytest

from lockstep.site.pages import page_path


def test_the_path_of_a_page_is_the_name_of_its_family() -> None:
    assert page_path("prod", "fraud-detection") == "families/prod/fraud-detection.html"


@pytest.mark.parametrize("name", ["..", "<script>", "A", "con.", "a\udcff", "x" * 300, "a/b", ""])
def test_a_name_that_is_not_valid_gets_a_path_of_plain_letters(name: str) -> None:
    path = page_path("prod", name)
    folder, file = path.removesuffix(".html").rsplit("/", 1)
    assert folder == "families/prod"
    assert file.startswith("_") and file[1:].isalnum() and len(file) == 33
    assert path != page_path("prod", name + "2") and path != page_path("prod", file)

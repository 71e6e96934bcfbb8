"""Texts that look like secrets are not repeated; ids that every version has are."""

import pytest

from tests.unit.differences.manifests import SECRETS, application, compared, deployment, edited

# In parts, so that no scanner takes the test for a leak.
TOKEN = "ghp_" + "aZ3dF6hK9mN2pQ5sT8vX1yB4cE7gJ0lR6uW9"
HEX = "0a1b2c3d" * 4
ENV = ("spec", "template", "spec", "containers", 0, "env", 0, "value")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TOKEN, "a GitHub token"),
        (HEX, "a hexadecimal key"),
        (f"https://reader:{'hunter2'}@store.example.com", "a URL with a password"),
        ("models:/m-43ad0114bd027ee1cb7f42d4285b0dd7", ""),
        ("registry.example.com/server@sha256:" + HEX * 2, ""),
        ("arn:aws:iam::123456789012:role/fraud-detection-us-east-1", ""),
    ],
)
def test_each_kind_is_known(text: str, kind: str) -> None:
    assert SECRETS.kind_of(text) == kind


def test_a_variable_with_a_secret_changes_without_being_shown() -> None:
    old = deployment()
    (found,) = compared([old], [edited(old, *ENV, value=TOKEN)])
    (field,) = found.fields
    assert (field.before, field.after) == ("1", "(not shown: it looks like a GitHub token)")
    whole = edited(old, *ENV[:-2], value=[{"name": TOKEN, "value": f"x {TOKEN}"}])
    (found,) = compared([old], [whole])
    assert TOKEN not in repr(found)


def test_dangers_hold_no_secret_and_are_bounded() -> None:
    def texts(name: str) -> list[str]:
        at = ("spec", "template", "spec", "initContainers")
        (found,) = compared([deployment()], [edited(deployment(), *at, value=[{"name": name}])])
        return [danger.text for danger in found.dangers if danger.id == "privileges"]

    assert texts("x") and TOKEN not in repr(texts(f"x {TOKEN}"))
    assert max(map(len, texts("x" * 5_000))) == 2_000


def test_a_commit_that_argo_cd_follows_is_shown_and_a_token_is_not() -> None:
    at = ("spec", "source", "targetRevision")
    (found,) = compared([application()], [edited(application(), *at, value=HEX)])
    assert found.fields[0].after == HEX
    (found,) = compared([application()], [edited(application(), *at, value=TOKEN)])
    assert TOKEN not in repr(found)

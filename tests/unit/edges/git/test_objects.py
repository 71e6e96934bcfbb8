"""git's objects: read as they are whatever their names, and made without touching a file."""

import hashlib
import itertools
import os
from pathlib import Path

import pytest

from lockstep.edges.git import Git
from lockstep.model.errors import Invalid, LockstepError
from tests.unit.edges.repositories import commit, git, new_repository

LATIN = os.fsdecode(b"clusters/gr\xfc\xdf")
NAMES = ["clusters/a b", "clusters/ü", "clusters/*", "clusters/:(top)x", "clusters/new\nline",
         'clusters/"q"', "clusters/tab\t", "clusters/-x", "clusters/deep/er", LATIN]  # fmt: skip


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """A repository for tests that leave it as it is."""
    return new_repository(tmp_path_factory.mktemp("repository"))


def tree_of(made: Git, files: dict[str, bytes | None], base: str | None = None) -> str:
    return made.write_tree(base, files)


def test_a_tree_is_read_byte_for_byte_whatever_its_files_are_called(tmp_path: Path) -> None:
    files = {name: os.urandom(number * 100) for number, name in enumerate(NAMES)}
    made = new_repository(tmp_path, files | {"other/x": b"", "clusters.txt": b""})
    assert made.read_tree("HEAD", ["clusters"]) == files
    assert made.read_tree("HEAD", ["clusters/deep", "other"]) == {
        "clusters/deep/er": files["clusters/deep/er"], "other/x": b"",
    }  # fmt: skip
    assert made.read_tree("HEAD", ["missing", "clust*"]) == {}
    assert set(made.read_tree("HEAD", [])) == {*NAMES, "other/x", "clusters.txt"}


def test_content_that_looks_like_gits_own_protocol_is_content(tmp_path: Path) -> None:
    files = {
        "clusters/1": b"\n",
        "clusters/2": b"",
        "clusters/3": b"a" * 40 + b" blob 7\nmissing\n",
    }
    assert new_repository(tmp_path, files).read_tree("HEAD", ["clusters"]) == files


def test_a_symbolic_link_is_refused_by_name(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    (tmp_path / "clusters" / "link.yaml").symlink_to("/etc/passwd")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "link")
    with pytest.raises(Invalid, match="symbolic link") as error:
        made.read_tree("HEAD", ["clusters"])
    assert error.value.where == "clusters/link.yaml"
    assert made.read_tree("HEAD", ["other"]) == {}


def test_a_submodule_is_refused_by_name(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    entry = f"160000,{'a' * 40},clusters/module"
    git(tmp_path, "update-index", "--add", "--cacheinfo", entry)
    with pytest.raises(Invalid, match="submodule") as error:
        made.read_tree(git(tmp_path, "write-tree"), ["clusters"])
    assert error.value.where == "clusters/module"


@pytest.mark.parametrize("commit_id", ["", "nothing", "--help", "f" * 40])
def test_reading_what_is_not_a_tree_is_an_error(unchanged: Git, commit_id: str) -> None:
    with pytest.raises(LockstepError, match="git ls-tree failed"):
        unchanged.read_tree(commit_id, ["clusters"])


def test_objects_are_read_by_id(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"a": b"one\n", "b": b"two"})
    ids = made.object_ids("HEAD", ["b", "a", "missing", "*"])
    assert set(ids) == {"a", "b"}
    assert made.read_objects([ids["b"], ids["a"], ids["b"]]) == [b"two", b"one\n", b"two"]
    assert made.read_objects([]) == []
    assert made.has_objects(ids["a"]) and not made.has_objects("e" * 40)
    assert made.has_objects() and not made.has_objects(ids["a"], "e" * 40)
    assert not made.has_objects("--help") and not made.has_objects("")


@pytest.mark.parametrize("oid", ["f" * 40, "", "no such object", "x" * 500, "--batch", "HEAD:no"])
def test_a_missing_object_is_an_error(unchanged: Git, oid: str) -> None:
    with pytest.raises(LockstepError, match="git does not have the object"):
        unchanged.read_objects([oid])


def test_a_short_id_of_two_objects_is_an_error(tmp_path: Path) -> None:
    seen: dict[str, bytes] = {}
    for number in itertools.count():
        data = b"%d" % number
        short = hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest()[:4]
        if short in seen:
            break
        seen[short] = data
    made = new_repository(tmp_path, {"a": seen[short], "b": data})
    with pytest.raises(LockstepError, match=f"git does not have the object {short} ambiguous"):
        made.read_objects([short])


def test_ids_of_folders_are_those_of_their_trees(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"rendered/a/x": b"1", "rendered/b/x": b"1"})
    ids = made.object_ids("HEAD", ["rendered/a", "rendered/b", "rendered/c"])
    assert ids["rendered/a"] == ids["rendered/b"]
    assert made.read_tree(ids["rendered/a"], ()) == {"x": b"1"}
    assert made.object_ids("HEAD", []) == {}


def test_a_tree_is_written_without_index_and_work_tree(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"a": b"1", "b/c": b"2", "b/d": b"3", "kept": b"4"})
    (tmp_path / "a").write_bytes(b"edited by hand")
    git(tmp_path, "add", "a")
    after = tree_of(made, {"a": b"9", "b/c": None, "b/d": None, "gone": None, "n/ew": b""}, "HEAD")
    assert made.read_tree(after, []) == {"a": b"9", "n/ew": b"", "kept": b"4"}
    assert git(tmp_path, "diff", "--cached", "--name-only") == "a"
    assert (tmp_path / "a").read_bytes() == b"edited by hand"
    assert tree_of(made, {"a": b"9", "n/ew": b"", "kept": b"4"}) == after


def test_what_is_written_is_read_again_whatever_git_would_convert(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {".gitattributes": b"* text eol=crlf ident\n"})
    git(tmp_path, "config", "core.autocrlf", "true")
    files: dict[str, bytes | None] = dict.fromkeys(NAMES, b"a\r\nb\n$Id$\n\x00")
    assert made.read_tree(tree_of(made, files), []) == files


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../x", ".git/config", "a/.git/hooks/x", ""])
def test_a_path_that_git_would_leave_out_is_refused(unchanged: Git, path: str) -> None:
    with pytest.raises(LockstepError, match="git update-index failed"):
        unchanged.write_tree("HEAD", {"good": b"x", path: b"x"})


def test_a_commit_names_its_parents_and_keeps_any_message(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    head, other = git(tmp_path, "rev-parse", "HEAD"), commit(tmp_path, {"x": b""})
    tree = made.write_tree("HEAD", {})
    message = "# no remark\n\n--amend\nü: x\n"
    made_commit = made.commit_tree(tree, [other, head], message)
    assert git(tmp_path, "show", "-s", "--format=%P %T", made_commit) == f"{other} {head} {tree}"
    assert git(tmp_path, "show", "-s", "--format=%B", made_commit).rstrip() == message.rstrip()
    assert git(tmp_path, "rev-parse", "HEAD") == other


SIGNER = """\
#!/bin/sh
cat > /dev/null
echo "[GNUPG:] SIG_CREATED D" >&2
printf '%s\\n' '-----BEGIN PGP SIGNATURE-----' '' 'abcd' '-----END PGP SIGNATURE-----'
"""


def test_a_commit_is_signed_where_the_user_signs_and_refused_where_that_fails(
    tmp_path: Path,
) -> None:
    made = new_repository(tmp_path, {"a": b"1"})
    signer = tmp_path / ".git" / "signer"
    signer.write_text(SIGNER)
    signer.chmod(0o755)
    tree = git(tmp_path, "rev-parse", "HEAD^{tree}")
    assert "gpgsig" not in git(tmp_path, "cat-file", "commit", made.commit_tree(tree, [], "m"))
    git(tmp_path, "config", "commit.gpgSign", "yes")
    git(tmp_path, "config", "gpg.program", str(signer))
    assert "gpgsig" in git(tmp_path, "cat-file", "commit", made.commit_tree(tree, [], "m"))
    signer.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(LockstepError, match="commit-tree failed"):
        made.commit_tree(tree, [], "m")

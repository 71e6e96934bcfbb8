"""What git would store of a work tree, and what is staged: as trees, without a change to either.

Attributes and settings may have git convert what it stores, and leave files out. Other clones get
what it stores, so that is what counts. New objects go to a temporary store that refers to the
repository's own, and the index is copied: a check writes nothing to the repository, which may be
read-only.
"""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Self

from lockstep.edges import process, scratch
from lockstep.edges.files import LARGEST
from lockstep.edges.git.attributes import GitAttributes
from lockstep.edges.git.command import settings
from lockstep.edges.os_errors import advice, reason
from lockstep.model.errors import Invalid, LockstepError
from lockstep.text.sanitise import one_line

# safecrlf would have git refuse a file whose line endings it converts, a split index would be
# written next to the user's own one, and what is gone a moment later need not reach the disk.
_OWN_INDEX = settings(
    [("core.safecrlf", "false"), ("core.splitIndex", "false"), ("core.fsync", "none")]
)
_REMOVED = "0 " + "0" * 40
_GIVEN = "GIT_INDEX_FILE"


class StoredTree(NamedTuple):
    """The tree that git would store of a work tree, and the files that it would leave out."""

    tree: str
    ignored: tuple[str, ...]


class GitStored(GitAttributes):
    """Makes trees of the index and of the work tree of one repository."""

    @contextmanager
    def storing(self) -> Iterator[Self]:
        """The same repository, whose new objects are gone when the block ends."""
        self.learn_paths("objects", "index", "info/attributes")  # all that a check needs
        with scratch.folder() as folder:
            known = [_quoted(self.path_of("objects"))]
            known += filter(None, [self._variables.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")])
            made = self._with({
                "GIT_OBJECT_DIRECTORY": str(folder),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(known),
            })  # fmt: skip
            with made._reading() as reading:
                yield reading

    def index_tree_id(self) -> str:
        """The tree of what is staged; of the index that git has given a hook, if it has.

        Raises LockstepError where it has conflicts.
        """
        with self._copied_index() as index:
            return self._tree_of(index)

    def work_tree_id(self, paths: Iterable[str]) -> str:
        """The tree of ``stored_work_tree``."""
        return self.stored_work_tree(paths).tree

    def stored_work_tree(self, paths: Iterable[str]) -> StoredTree:
        """What git would store if everything below ``paths`` were added, and what it would not.

        All attributes that apply there are added, too. A huge file is replaced by a stand-in that
        is too large as well. Raises LockstepError where the index has conflicts or a file cannot
        be read, Invalid for a repository inside the repository.
        """
        top = self._at_top()
        wanted = [os.path.normpath(self.prefix + p) for p in (*paths, *self.attribute_paths())]
        with self._copied_index() as index:
            changed, left_out = top._changed(index, wanted)
            if changed:
                top._add(index, changed)
            tree = self._tree_of(index)
        inside = (path for path in left_out if path.startswith(self.prefix))
        return StoredTree(tree, tuple(path.removeprefix(self.prefix) for path in inside))

    @contextmanager
    def _copied_index(self) -> Iterator[Mapping[str, str]]:
        """The variables for a copy of the index. Raises LockstepError where it has conflicts."""
        with scratch.folder() as folder:
            index = self._index_file()
            try:
                # With its time: git compares it with those of files, to see which it must read.
                shutil.copy2(index, folder / "index")
            except FileNotFoundError:  # nothing was ever added
                pass
            except OSError as error:
                raise _cannot_read(str(index), error) from error
            variables = _OWN_INDEX | {_GIVEN: str(folder / "index")}
            self._refuse_conflicts(variables)
            yield variables

    def _index_file(self) -> Path:
        """The index: for a partial commit, git gives its hooks another one than the usual."""
        own = self.path_of("index")
        if _GIVEN not in os.environ:
            return own
        # It counts if git, called as this process was, would use it for this very repository.
        done = process.run(["git", "rev-parse", "--path-format=absolute", "--absolute-git-dir",
                            "--git-path", "index"])  # fmt: skip
        folder, _, given = os.fsdecode(done.stdout).rstrip("\n").partition("\n")
        same = not done.returncode and Path(folder).resolve() == self.git_folder().resolve()
        return Path(given) if same else own

    def _refuse_conflicts(self, index: Mapping[str, str]) -> None:
        listed = self._at_top()._output("ls-files", "--unmerged", "-z", env=index)
        paths = sorted({entry.partition("\t")[2] for entry in os.fsdecode(listed).split("\0")[:-1]})
        if paths:
            more = f" and {len(paths) - 3} more" if paths[3:] else ""
            raise LockstepError(
                one_line(f"the index has conflicts in {', '.join(paths[:3])}{more}", 400),
                where=str(self.root),
                fix="resolve them and git add the files, or abort the merge, then run it again",
            )

    def _tree_of(self, index: Mapping[str, str]) -> str:
        return self._output("write-tree", env=index).decode().strip()

    def _changed(
        self, index: Mapping[str, str], paths: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        """The files below ``paths`` that differ from the index, and those that git ignores."""
        listed = self._listed(index, paths, "-t", "--modified", "--deleted", "--others")
        changed = {entry[2:] for entry in listed if not entry.startswith("? ")}
        # Temporary files are another run's, which writes them now, or which has died.
        found = {e[2:] for e in listed if e.startswith("? ") and not _is_temporary(e)}
        added = found
        if found:
            added = found & set(self._listed(index, paths, "--others", "--exclude-standard"))
        for path in sorted(added):
            if path.endswith("/"):  # git lists a repository inside of this one as its folder
                raise _nested_repository(path)
        return sorted(changed | added), sorted(path.rstrip("/") for path in found - added)

    def _listed(self, index: Mapping[str, str], paths: Sequence[str], *options: str) -> list[str]:
        done = self._run("ls-files", "-z", *options, "--", *paths, env=index)
        # git only warns of a folder that it may not read, whose files would be missing.
        if done.returncode or b"could not open directory" in done.stderr:
            raise self._failure("ls-files", done)
        return os.fsdecode(done.stdout).split("\0")[:-1]

    def _add(self, index: Mapping[str, str], paths: Sequence[str]) -> None:
        """Add files to a copy of the index, or remove those that are not there any more.

        ``paths`` are sorted, so that a link comes before what the index has below it.
        """
        ordinary, entries, links = [], [], set[str]()
        for path in paths:
            # What is below a link is elsewhere: the link takes the place of all of it.
            if links and not links.isdisjoint(map(str, PurePosixPath(path).parents)):
                continue
            state = self._state(path)
            kind = stat.S_IFMT(state.st_mode) if state else stat.S_IFREG
            if kind == stat.S_IFLNK:
                links.add(path)
            if kind not in (stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR):  # git stores no pipe
                entries.append(f"{_REMOVED}\t{path}")
            elif state and kind == stat.S_IFREG and state.st_size > LARGEST:
                entries.append(f"100644 {self._stand_in()}\t{path}")
            else:
                ordinary.append(path)
        self._update(index, ordinary, "--add", "--remove", "--replace", "--stdin")
        self._update(index, entries, "--add", "--replace", "--index-info")

    def _update(self, index: Mapping[str, str], lines: Sequence[str], *options: str) -> None:
        if not lines:
            return
        stdin = b"".join(os.fsencode(line) + b"\0" for line in lines)
        done = self._run("update-index", "-z", *options, stdin=stdin, env=index)
        # git leaves out some paths with a warning, and exits with 0.
        if done.returncode or "Ignoring path" in done.error_text:
            raise self._failure("update-index", done)

    def _state(self, path: str) -> os.stat_result | None:
        """What is at a path of the work tree; None where there is nothing."""
        try:
            return os.lstat(self.root / path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _cannot_read(path, error) from error

    def _stand_in(self) -> str:
        """The id of a blob that is too large to be read, in the place of one that is larger."""
        with scratch.folder() as folder:
            huge = folder / "huge"
            with huge.open("wb") as file:
                file.truncate(LARGEST + 1)
            return self._output("hash-object", "-w", "--no-filters", str(huge)).decode().strip()


def _is_temporary(entry: str) -> bool:
    return scratch.is_temporary(PurePosixPath(entry).name)


def _nested_repository(path: str) -> Invalid:
    text = "this folder is a git repository of its own: git stores none of its files in this one"
    return Invalid(text, where=path, fix="remove the .git in it, or move the folder elsewhere")


def _cannot_read(path: str, error: OSError) -> LockstepError:
    text, fix = f"cannot read it: {reason(error)}", "fix the permissions of the file"
    return LockstepError(text, where=path, fix=advice(error, fix))


def _quoted(path: Path) -> str:
    """A path in a list of paths for git, whatever characters it has."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'

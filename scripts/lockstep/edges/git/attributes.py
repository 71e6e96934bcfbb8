"""git's attributes: the files that set them, and which attributes a path has."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from lockstep.edges.files import read_file
from lockstep.edges.git.objects import GitObjects

ATTRIBUTES = ".gitattributes"
_SYSTEM = Path("/etc/gitattributes")
_LARGEST = 1024 * 1024


class GitAttributes(GitObjects):
    """Reads the attributes of paths in one repository."""

    def attribute_paths(self) -> list[str]:
        """The attribute files of the fleet's folder and of those above it, from the top down."""
        above = PurePosixPath(self.prefix, ATTRIBUTES).parents
        depth = self.prefix.count("/")
        return ["../" * (depth - n) + ATTRIBUTES for n in range(len(above))]

    def attribute_files(self, tree: str, nested: Iterable[str]) -> dict[str, bytes]:
        """The attribute files of a tree that count for the fleet, those of outer folders first.

        ``nested`` are the paths of those in the fleet's folders. One above it begins with ``../``.
        """
        paths = [*self.attribute_paths(), *sorted(nested, key=lambda path: path.count("/"))]
        names = {os.path.normpath(self.prefix + path): path for path in paths}
        found = self._at_top().read_tree(tree, list(names), links=True)
        return {path: found[name] for name, path in names.items() if name in found}

    def local_attributes(self) -> bytes:
        """The lines of this clone's and of this user's own attribute files, which git applies too.

        Raises LockstepError where one of them cannot be read.
        """
        named = os.fsdecode(self._run("config", "--type=path", "core.attributesFile").stdout)
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        of_user = Path(self._at_top().root, named.rstrip("\n") or f"{home}/git/attributes")
        files = (_SYSTEM, of_user, self.path_of("info/attributes"))
        return b"\n".join(read_file(file, _LARGEST) for file in files if file.is_file())

    def attributes_of(
        self, files: Iterable[str], tree: str, paths: Iterable[str], names: Sequence[str]
    ) -> Iterator[tuple[str, str, str]]:
        """Path, attribute and value for each of ``paths`` that has one of the attributes ``names``.

        By the attribute ``files`` of a tree, and those of this clone. A path need not exist.
        """
        top = self._at_top()
        # An index of these files alone: git reads attributes from nothing else in it.
        wanted = [os.path.normpath(self.prefix + file) for file in files]
        entries = (
            f"{mode} {oid}\t{path}\0"
            for path, (mode, oid) in (top.file_ids(tree, wanted).items() if wanted else ())
        )
        listed = b"".join(os.fsencode(self.prefix + path) + b"\0" for path in paths)
        with self._index() as index:
            top._output("update-index", "-z", "--add", "--index-info", env=index,
                        stdin=os.fsencode("".join(entries)))  # fmt: skip
            out = top._output("check-attr", "--cached", "-z", "--stdin", *names, env=index,
                              stdin=listed)  # fmt: skip
        words = os.fsdecode(out).split("\0")
        for path, name, value in zip(words[0:-1:3], words[1::3], words[2::3], strict=True):
            if value not in ("unspecified", "unset"):
                yield path.removeprefix(self.prefix), name, value

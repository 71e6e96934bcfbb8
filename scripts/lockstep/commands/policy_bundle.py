"""``lockstep policy bundle``: the rules for an OPA that runs elsewhere."""

from dataclasses import dataclass
from pathlib import Path

from lockstep.edges.files import read_tree, write_file
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.opa.binary import find_opa
from lockstep.opa.bundle import Signing, bundle_of
from lockstep.opa.compiler import require_compiled
from lockstep.opa.files import policies_digest, policy_files


@dataclass(frozen=True, slots=True)
class Bundled:
    """A written bundle: where it is, and the digest of the rules in it."""

    path: Path
    digest: str
    signed: bool

    @property
    def text(self) -> str:
        """The report for a terminal."""
        how = "signed" if self.signed else "not signed"
        return f"{self.path}: rules {self.digest}, {how}"

    @property
    def data(self) -> Json:
        """The report as JSON data."""
        return {"path": str(self.path), "digest": self.digest, "signed": self.signed}

    @property
    def exit_code(self) -> ExitCode:
        """Clean: there is a bundle, or an error was raised."""
        return ExitCode.CLEAN


def run(root: Path, output: Path, signing: Signing | None = None) -> Bundled:
    """Write the rules under ``policies/`` as a bundle, if OPA's compiler accepts them.

    Raises LockstepError when they are not, or the bundle cannot be signed or written.
    """
    if signing and not signing.key.is_file():
        raise UsageError(
            "the signing key does not exist", where=str(signing.key), fix="give --signing-key"
        )
    opa = find_opa()
    files = policy_files(read_tree(root, ["policies"]))
    require_compiled(files, opa)
    bundle = bundle_of(files, opa, signing)
    try:
        write_file(output, bundle)
    except OSError as error:
        raise LockstepError(
            f"the bundle cannot be written: {error.strerror}", where=str(output),
            fix="give another --output",
        ) from error  # fmt: skip
    return Bundled(output, policies_digest(files), signing is not None)

"""``lockstep policy bundle``: the rules for an OPA that runs elsewhere."""

from pathlib import Path

from lockstep.check.workspace import files_at, with_shipped
from lockstep.edges.files import write_file
from lockstep.edges.os_errors import advice, reason
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.rule_results import RuleBundle
from lockstep.opa.binary import find_opa
from lockstep.opa.bundle import Signing, bundle_of
from lockstep.opa.compiler import require_compiled
from lockstep.opa.files import policies_digest, policy_files


def run(root: Path, output: Path, signing: Signing | None = None) -> RuleBundle:
    """Write the rules under ``policies/`` as a bundle, if OPA's compiler accepts them.

    Raises LockstepError where it does not, or the bundle cannot be signed or written.
    """
    if signing and not signing.key.is_file():
        raise UsageError(
            "the signing key does not exist", where=str(signing.key), fix="give --signing-key"
        )
    opa = find_opa()
    files = policy_files(with_shipped(files_at(root, ["policies"])))
    # Here, because otherwise only the OPA that loads the bundle would find the mistake.
    require_compiled(files, opa)
    bundle = bundle_of(files, opa, signing)
    try:
        write_file(output, bundle)
    except OSError as error:
        raise LockstepError(
            f"the bundle cannot be written: {reason(error)}", where=str(output),
            fix=advice(error, "give another --output"),
        ) from error  # fmt: skip
    return RuleBundle(str(output), policies_digest(files), signing is not None)

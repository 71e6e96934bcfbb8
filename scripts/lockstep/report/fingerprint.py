"""What makes a finding the same one in the next run, though lines have moved."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable

from lockstep.model.finding import Finding

# "first defined on line 3", "clusters/a.yaml:12:7": what of a message moves with the lines.
_PLACE = re.compile(r"(\bline )\d+|(\.(?:ya?ml|json|rego|j2)):\d+(?::\d+)?")


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """One string for each finding, in their order: ``<64 hexadecimal digits>:<number>``.

    The digits are a SHA-256 of rule, file, pointer and message, the message without line numbers
    and with single spaces. Findings that share all of that are numbered in their order, so that
    no two have the same string.
    """
    seen: Counter[str] = Counter()
    found = []
    for finding in findings:
        digest = _digest(finding)
        seen[digest] += 1
        found.append(f"{digest}:{seen[digest]}")
    return found


def _digest(finding: Finding) -> str:
    message = _PLACE.sub(r"\1\2", " ".join(finding.message.split()))
    # Not the severity or the fix: a rule that gets a better fix has not found anything new.
    data = json.dumps([finding.rule, finding.file, finding.pointer, message])
    # json.dumps has escaped all beyond ASCII, lone surrogates too.
    return hashlib.sha256(data.encode("ascii")).hexdigest()

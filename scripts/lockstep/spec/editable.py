"""Whether a rollout could edit the variants of a file: found before one begins, not at a step.

The edits of a rollout and of its rollback are tried, on the file as it is, without being written.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from lockstep.model.decision import Variants
from lockstep.model.document import Document
from lockstep.model.errors import Invalid
from lockstep.model.finding import Finding, Related
from lockstep.model.fleet import Cluster
from lockstep.spec import variants as forms
from lockstep.spec.edit import VARIANTS, edit_variants
from lockstep.text.phrases import brief

RULE = "structure.not-editable"
_SHORT = "the variants of this file cannot be edited safely: "
_BLOCK = re.compile(r"^ +variants: *(#.*)?\r?$", re.MULTILINE)
_ODD = re.compile(r"[&*]\w|^ *\?|^ *- *([-!|>#\r?]|$)", re.MULTILINE)
_VERSION = "1"
"""Of the candidate that is tried; the file may have it already, which changes nothing here."""


def check_editable(cluster: Cluster, data: bytes) -> Finding | None:
    """A finding where a machine edit of a cluster's variants would be refused; else None.

    ``data`` is what its document was parsed from; the cluster fits its schema.
    """
    document, text = cluster.document, data.decode()
    # Nearly all files are written so that every edit is possible; only others are tried.
    if _BLOCK.search(text) and not _ODD.search(text):
        return None
    for wanted in _edits(cluster.variants):
        try:
            edit_variants(document, data, wanted)
        except Invalid as error:
            return _finding(document, text, error)
    return None


def _edits(variants: Variants) -> Iterator[Variants]:
    """What a rollout, its end and a rollback make of variants."""
    if forms.settled(variants):
        begun = forms.proposed(variants, _VERSION)
        yield begun
        yield forms.stepped(begun, _VERSION, 1)
        yield forms.stepped(begun, _VERSION, 100)
    else:
        yield forms.verified(variants)
        for version in sorted(forms.role_versions(variants)):
            yield forms.shifted(variants, version)
    if arms := forms.arm_versions(variants):
        yield forms.retired(variants, arms, warm=True)


def _finding(document: Document, text: str, error: Invalid) -> Finding:
    """At the anchor whose alias is the reason, where there is one; else at the variants."""
    if VARIANTS in document.spans and (shared := _shared_anchor(document, text)):
        name, line, column, alias = shared
        says = f"the anchor {brief('&' + name)} in variants is used on line {alias.line}"
        return Finding(
            document.path, line, column, RULE,
            f"{says}, so a rollout cannot edit this file: the other value would change, too",
            "write the value out where the alias is", "/spec/variants", related=(alias,),
        )  # fmt: skip
    where = document.locate(VARIANTS)
    reason = error.message.removeprefix(_SHORT)
    return Finding(
        document.path, where.line, where.column, RULE,
        f"a rollout cannot edit this file: {reason}", error.fix, "/spec/variants",
    )  # fmt: skip


def _shared_anchor(document: Document, text: str) -> tuple[str, int, int, Related] | None:
    """The first anchor inside of the variants that an alias uses: name, place, and the alias."""
    span = document.spans[VARIANTS]
    anchors: dict[str, tuple[int, int]] = {}
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        name = getattr(event, "anchor", None)
        if not name:
            continue
        mark: Any = event.start_mark  # every event of libyaml has one
        if not isinstance(event, yaml.AliasEvent):
            anchors[name] = mark.line + 1, mark.column + 1
        elif name in anchors and span.line <= anchors[name][0] <= span.end_line:
            alias = Related(document.path, mark.line + 1, mark.column + 1, "uses it")
            return name, *anchors[name], alias
    return None

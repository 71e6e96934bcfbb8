"""Builds a Fleet from a tree of files: each file read once, defaults merged under clusters."""

import re
from collections.abc import Iterable, Iterator, Mapping

from lockstep.model.canonical import digest_bytes
from lockstep.model.document import Document, Json, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import (
    DEFAULTS,
    Cluster,
    Environment,
    Family,
    Fleet,
    NoFile,
    Subject,
    Tree,
)
from lockstep.model.ledger import LedgerFile
from lockstep.model.paths import NOT_READ_AS_YML, RECORD_PATH, as_yaml
from lockstep.model.record import read_record
from lockstep.spec.ledger import with_trusted
from lockstep.spec.merge import merge_patch
from lockstep.spec.yaml.load import Documents
from lockstep.text.sanitise import one_line, quoted

# A cluster's file has no leading dot: a hidden one is a slip, and becomes a finding.
_PLACES = re.compile(
    r"clusters/(?P<environment>[^/]+)/"
    r"(?:(?P<settings>environment)|(?P<family>[^/]+)/"
    r"(?:(?P<head>family)|(?P<quarantine>quarantine)|locks/(?P<lock>[^/]+)|(?P<cluster>(?!\.)[^/]+)))"
    r"\.yaml"
)
# Wider than _PLACES on purpose: see cluster_files.
_CLUSTER = re.compile(
    r"clusters/(?P<environment>[^/]+)/(?P<family>[^/]+)/"
    r"\.?+(?P<stem>(?!(?:family|quarantine)\.)[^/]+?)\.(?:yaml|yml|json)[^/]*"
)
_WHERE = (
    "move it to clusters/<environment>/environment.yaml, <family>/family.yaml, "
    "<family>/<cluster>.yaml, <family>/locks/<version>.yaml or <family>/quarantine.yaml"
)

_KINDS = {
    "settings": "Environment", "head": "ModelFamily", "quarantine": "Quarantine",
    "lock": "ModelLock", "cluster": "ModelCluster",
}  # fmt: skip


def assemble(tree: Tree, documents: Documents | None = None) -> tuple[Fleet, list[Finding]]:
    """The fleet that a tree declares, and what kept a file from being part of it.

    Only files under ``clusters/`` and ``ledger/`` count. A file that cannot be read, is not in a
    known place or has another kind than its place requires is a finding, and the rest of
    the fleet is still there. ``documents`` is shared by callers that read several trees.
    """
    return _Assembly(tree, documents or Documents()).run()


def cluster_files(paths: Iterable[str]) -> dict[str, Subject]:
    """The files that declare clusters, each with the cluster that it declares.

    Files that cannot be read count, and so do those that a slip (``.yml``, a leading dot) hides:
    they are findings, and their manifests must not be deleted as if the cluster were gone.
    """
    return {
        path: (place["environment"], place["family"], cluster_name(place["family"], place["stem"]))
        for path in paths
        if (place := _CLUSTER.fullmatch(path)) and not _is_prose(path)
    }


def cluster_name(family: str, stem: str) -> str:
    """What a cluster must be called, by its family and the name of its file."""
    return f"{family}-{stem}"


class _Assembly:
    def __init__(self, tree: Tree, documents: Documents) -> None:
        self.tree = tree
        self.load = documents.load
        self.findings: list[Finding] = []
        self.documents: dict[tuple[str, str, str], dict[str, Document]] = {}
        self.ledgers: dict[tuple[str, str], list[LedgerFile]] = {}

    def run(self) -> tuple[Fleet, list[Finding]]:
        # In order, so that findings and clusters come alike on every machine.
        for path in sorted(self.tree):
            if isinstance(self.tree[path], NoFile):
                self._note(path, "layout.no-file", self.tree[path].decode(), NoFile.FIX)
            elif path.startswith("clusters/") and not _is_prose(path):
                self._read_document(path)
            # Prose is allowed among people's files only; a file that is no record has its finding.
            elif path.startswith("ledger/"):
                self._read_record(path)
        environments = {e.name: e for e in self._environments()}
        self._leave_out_settled(environments)
        return Fleet(environments, tuple(self._strays(environments))), self.findings

    def _read_document(self, path: str) -> None:
        place = _PLACES.fullmatch(path)
        if not place:
            self._note(path, "layout.place", *_misplaced(path))
            return
        document, findings = self.load(path, self.tree[path])
        self.findings += findings
        role = next(name for name in _KINDS if place[name])
        if document is None:
            return
        kind = value_at(document.value, ("kind",))
        if kind != _KINDS[role]:
            where = document.locate(("kind",))
            self.findings.append(
                Finding(
                    path, where.line, where.column, "layout.kind",
                    f"kind is {_shown(kind)}; a file in this place must be a {_KINDS[role]}",
                    f"write kind: {_KINDS[role]}, or move the file", "/kind",
                )
            )  # fmt: skip
            return
        key = (place["environment"], place["family"] or "", role)
        # Locks are found by their version, all other files by their path.
        self.documents.setdefault(key, {})[place["lock"] or path] = document

    def _read_record(self, path: str) -> None:
        place = RECORD_PATH.fullmatch(path)
        if not place:
            self._note(
                path, "ledger.place", "this is not the path of a decision record", "remove the file"
            )
            return
        record = None
        try:
            record = read_record(self.tree[path])
        except ValueError as error:
            text = f"this is not a decision record: {one_line(str(error), 100)}"
            self._note(path, "ledger.record", text, "restore the file from git; never edit it")
        # A record that was copied to another family is valid in itself, but no decision about it.
        if record and record.decision.path != path:
            text = f"by its content the record belongs to {quoted(record.decision.path, 200)}"
            self._note(path, "ledger.place", text, "restore the ledger from git")
            record = None
        # One that cannot be read keeps its number: the next decision comes after it.
        digest = record.digest if record else digest_bytes(self.tree[path])
        file = LedgerFile(path, int(place["sequence"]), digest, record)
        self.ledgers.setdefault((place["environment"], place["family"]), []).append(file)

    def _leave_out_settled(self, environments: dict[str, Environment]) -> None:
        """Drop what was found in records that an adoption has named: it is known, and settled."""
        families = (f for each in environments.values() for f in each.families.values())
        settled = {file.path for family in families for file in family.broken if file.settled}
        if settled:
            self.findings = [each for each in self.findings if each.file not in settled]

    def _environments(self) -> Iterator[Environment]:
        heads: dict[str, dict[str, Document]] = {}
        for (name, family, role), documents in sorted(self.documents.items()):
            if role == "head":
                heads.setdefault(name, {})[family] = next(iter(documents.values()))
        for (name, family, role), documents in sorted(self.documents.items()):
            if role == "settings" and not family:
                families = {f.name: f for f in self._families(name, heads.get(name, {}))}
                yield Environment(name, next(iter(documents.values())), families)

    def _families(self, environment: str, heads: Mapping[str, Document]) -> Iterator[Family]:
        for name, head in heads.items():
            clusters = self._of(environment, name, "cluster").values()
            quarantine = self._of(environment, name, "quarantine").values()
            family = Family(
                environment, name, head,
                tuple(_merge(environment, name, own, head) for own in clusters),
                self._of(environment, name, "lock"),
                next(iter(quarantine), None),
            )  # fmt: skip
            yield with_trusted(family, self.ledgers.get((environment, name), ()))

    def _of(self, environment: str, family: str, role: str) -> dict[str, Document]:
        return self.documents.get((environment, family, role), {})

    def _strays(self, environments: dict[str, Environment]) -> Iterator[tuple[str, Document]]:
        """Documents without their environment or family; its missing file is reported once."""
        # An environment or family that is there but cannot be read has its own finding.
        reported = {finding.file for finding in self.findings}
        for (environment, family, role), documents in sorted(self.documents.items()):
            head, rule = f"clusters/{environment}/environment.yaml", "layout.environment"
            if environment in environments:
                head, rule = f"clusters/{environment}/{family}/family.yaml", "layout.family"
                if not family or family in environments[environment].families:
                    continue
            # Kept, so that the schema checks them although their environment or family is missing.
            yield from ((_KINDS[role], document) for document in documents.values())
            if head not in reported:
                reported.add(head)
                text = f"{head} is missing"
                self._note(next(iter(documents.values())).path, rule, text, "add that file")

    def _note(self, path: str, rule: str, message: str, fix: str) -> None:
        self.findings.append(Finding(path, 1, 1, rule, message, fix))


def _misplaced(path: str) -> tuple[str, str]:
    """What is wrong with the path of a file, and what to do."""
    renamed = as_yaml(path)
    if renamed and _PLACES.fullmatch(renamed):
        return NOT_READ_AS_YML, f"rename it to .yaml: {renamed}"
    return "unexpected file: no file of a fleet has this path", _WHERE


def _shown(kind: Json) -> str:
    return "missing" if kind is None else quoted(str(kind))


def _is_prose(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    # A hidden .yaml is rather a slip than prose, and must be reported.
    declares = name.endswith((".yaml", ".yml", ".json"))
    return name.endswith(".md") or (name.startswith(".") and not declares)


def _merge(environment: str, family: str, own: Document, head: Document) -> Cluster:
    spec = value_at(own.value, ("spec",))
    defaults = value_at(head.value, DEFAULTS)
    # Only spec has defaults: kind and names are each file's own.
    effective: Json = dict(own.value)
    if isinstance(spec, dict):
        effective["spec"] = merge_patch(defaults if isinstance(defaults, dict) else {}, spec)
    return Cluster(environment, family, own, head, effective)

"""Writes one folder of manifests: each file rendered, parsed again and checked by its schema."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lockstep.model.document import Json, Pointer, value_at
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Cluster, Environment, Family, Tree
from lockstep.render.collisions import NAME, Claims, claims_of
from lockstep.render.fields import finding_at
from lockstep.render.parse import Unreadable, parse_manifest
from lockstep.render.provenance import FILE_NAME, Provenance, digests
from lockstep.render.schemas import ManifestSchemas, ReadKubernetes
from lockstep.render.targets.base import Component, ManifestFile, ObjectKind, View
from lockstep.render.targets.differences import agrees, differences
from lockstep.render.targets.kubernetes.target import KUBERNETES
from lockstep.render.templates import TemplateFailure, TemplateSet
from lockstep.render.trace.manifest_findings import DIFFERS, ManifestFindings
from lockstep.render.trace.origin_lookup import OriginLookup
from lockstep.render.trace.trace import Tracer
from lockstep.text.sanitise import quoted

HEADER = (
    "# Machine-written by `lockstep render`, never by hand: edit clusters/ or templates/ instead.\n"
)


class Templates:
    """The templates and the schemas of one tree, compiled once; give it any commit's tree.

    Uses ``templates/`` and ``policies/schemas/rendered/`` of the tree. ``read_kubernetes`` gives
    the Kubernetes schemas (``lockstep.edges.kubernetes_schemas``). ``base`` is the tree whose
    schemas apply too. ``findings`` has one for each file that cannot be used; nothing can be
    rendered then. ``kept`` are the folders that were rendered last (see render_cluster).
    """

    def __init__(
        self, tree: Tree, read_kubernetes: ReadKubernetes, base: Tree | None = None
    ) -> None:
        self.texts = TemplateSet(tree, KUBERNETES.templates())
        self.schemas = ManifestSchemas(tree, read_kubernetes, base)
        self.findings = (*self.texts.findings, *self.schemas.findings)
        self.kept: dict[str, RenderedFolder] = {}


@dataclass(frozen=True)
class RenderedFolder:
    """One folder under ``rendered/``: its files by name, PROVENANCE among them.

    ``manifests`` are the parsed objects by file name. With ``findings`` there are no files: a
    folder is rendered whole or not at all. There are objects where all of them are valid and only
    differ from the specs, so that rules find what else is wrong.
    """

    path: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    manifests: Mapping[str, Json] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    claims: Claims = ()

    def by_path(self) -> dict[str, bytes]:
        """The files by their path in the repository."""
        return {f"{self.path}/{name}": data for name, data in self.files.items()}


class FolderWriter:
    """Collects the files of one folder, and what is wrong with them where that was written.

    ``cluster`` and ``family`` are None for the folders of the environment and of its tenants,
    ``cluster`` alone for that of a whole family.
    """

    def __init__(
        self,
        environment: Environment,
        templates: Templates,
        family: Family | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        self._lookup = OriginLookup(environment, family, cluster)
        self._environment = environment
        self._version = str(value_at(environment.spec, ("kubernetesVersion",)))
        self._templates = templates
        self._findings: list[Finding] = []
        self._files: dict[str, bytes] = {}
        self._manifests: dict[str, Json] = {}

    def write(
        self,
        path: str,
        components: Iterable[Component[View]],
        view: View,
        inputs: Mapping[str, Json],
        destination: str,
        name: Pointer = NAME,
    ) -> RenderedFolder:
        """The folder at ``path``; ``inputs`` go into PROVENANCE. For the claims, ``destination`` is
        where its objects live, and ``name`` the field that they are named by."""
        used = {}
        self._require_schemas()
        # Without the schemas of its Kubernetes version no manifest can be checked: write none.
        for component in () if self._findings else components:
            for file in component.files(view):
                # Only templates that wrote something here: a change of another one must not touch
                # this folder.
                used[component.name] = self._templates.texts.digests[component.name]
                self._write_file(component.name, component.kind, file)
        if self._findings:
            manifests = self._manifests if self._readable else {}
            return RenderedFolder(path, manifests=manifests, findings=arrange(self._findings))
        provenance = Provenance(inputs, used, digests(self._files))
        files = {**self._files, FILE_NAME: provenance.to_bytes()}
        claims = claims_of(path, destination, self._manifests.values(), name)
        return RenderedFolder(path, files, self._manifests, (), claims)

    def _require_schemas(self) -> None:
        if self._templates.schemas.knows(self._version):
            return
        here = ("spec", "kubernetesVersion")
        message = f"Lockstep has no schemas for Kubernetes {quoted(self._version, 40)}"
        fix = "write a version that the installed kubernetes-validate package has, such as 1.37"
        self._findings.append(
            finding_at(self._environment.document, here, "render.kubernetes-version", message, fix)
        )

    @property
    def _readable(self) -> bool:
        """Whether all objects are there and valid, so that rules can evaluate them too."""
        return all(finding.rule == DIFFERS for finding in self._findings)

    def _write_file(self, component: str, kind: ObjectKind, file: ManifestFile) -> None:
        name = file.name
        if name in self._files:
            message = f"two versions have the same file name, {name}"
            fix = "give one of them another name in the registry"
            self._findings.append(self._lookup.whole_spec.finding("render.collision", message, fix))
        try:
            text = HEADER + self._templates.texts.write(component, file.context)
            # What the template really wrote is what counts, so it is read back.
            manifest = parse_manifest(text)
        except TemplateFailure as error:
            here = self._lookup.name_with("this could not be rendered")
            self._findings.append(replace(error.finding, related=(here,)))
            return
        except Unreadable as error:
            findings = self._findings_of(component, file)
            self._findings.append(findings.of_unreadable(name, error, HEADER.count("\n")))
            return
        self._findings += self._problems(component, kind, file, manifest)
        self._files[name] = text.encode()
        self._manifests[name] = manifest

    def _problems(
        self, component: str, kind: ObjectKind, file: ManifestFile, manifest: Json
    ) -> list[Finding]:
        """What is wrong with an object: its kind, its form, or that it is not as the spec says."""
        written = ObjectKind(manifest.get("apiVersion"), manifest.get("kind"))
        if written != kind:
            return [self._findings_of(component, file).of_kind(written, kind)]
        if problems := list(self._templates.schemas.problems(manifest, self._version)):
            findings = self._findings_of(component, file)
            return [findings.of_problem(file.name, each, manifest) for each in problems]
        expected = {"apiVersion": kind.api_version, "kind": kind.kind, **file.expected}
        if agrees(expected, manifest):
            return []
        findings = self._findings_of(component, file)
        return [findings.of_difference(each) for each in differences(expected, manifest)]

    def _findings_of(self, component: str, file: ManifestFile) -> ManifestFindings:
        # Made only where something is wrong: it renders the file once more, with marks.
        tracer = Tracer(component, file, self._templates.texts, self._lookup)
        return ManifestFindings(component, self._lookup, tracer)

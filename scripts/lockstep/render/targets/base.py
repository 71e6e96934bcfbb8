"""What a serving target and its components are, and the files that they write.

A target is what serves models: ``kubernetes`` is one. Its components are the kinds of manifests
that it needs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from lockstep.model.document import Json
from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.origins import Origins, no_origins
from lockstep.render.view import ClusterView, EnvironmentView, FamilyView, TenantView

View = TypeVar("View")

Context = dict[str, Json]
"""Plain values for a template: what it would have to decide is decided in Python."""


class ManifestFile(NamedTuple):
    """One file of a component: its name, the context of the template, what must hold, and origins.

    ``expected`` describes the object by spec and lock, but for apiVersion and kind (see
    ``expected``): what the template makes of the context is compared with it.

    ``origins`` gives where the values of the context were written, so that a finding about the
    rendered object points at the line to change. It is a function because only a finding needs
    it: rendering must not pay for it. What it gives has the shape of the context, and ends early
    where it can, for an ``Origin`` stands for all that is below it::

        {
            **metadata_origins(version),                     # what metadata(view, version) gives
            "replicas": in_spec("serving", "replicas"),
            "retries": in_spec("traffic", "retries"),        # retries.attempts too
            "requests": in_spec("serving", "resources", "requests"),  # a list of pairs, by key
            "weight": in_variants(version, "weight"),        # of the variants of this version
            "host": in_cluster("metadata", "name") + in_spec("namespace"),   # the first is shown
            "hosts": (in_spec("host"), None),                # by index
            "routes": {"weighted": (None, in_spec("x"))},    # tuples, by their first item
        }

    A value without an origin is traced to its line of the template. So a template writes each
    value as the context has it (``{{ name | quote }}``): what the template computes has no origin.
    ``tests/unit/render/trace/test_trace.py`` finds origins that are missing or wrong.
    """

    name: str
    context: Context
    expected: Mapping[str, Expected]
    origins: Callable[[], Origins] = no_origins


Files = Iterator[ManifestFile]
"""The files of a component for one cluster or environment."""


class ObjectKind(NamedTuple):
    """A kind of Kubernetes objects, with the version of its API."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """The group of its API; empty for the core of Kubernetes."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


@dataclass(frozen=True, slots=True)
class Component(Generic[View]):
    """A kind of manifest: its template is ``templates/<name>/<name>.yaml.j2``.

    ``kind`` is the only one that the template may write. ``files`` gives its files for a cluster or
    an environment; none where the spec needs none.
    """

    name: str
    kind: ObjectKind
    files: Callable[[View], Files]

    @property
    def template(self) -> str:
        """The path of its template in the repository."""
        return f"templates/{self.name}/{self.name}.yaml.j2"


@dataclass(frozen=True, slots=True)
class ServingTarget:
    """A serving target: the components of each cluster, tenant and whole environment.

    Those of ``family`` watch all clusters of a family from one place; those of ``place`` are of a
    tenant in each Kubernetes cluster.
    """

    name: str
    cluster: tuple[Component[ClusterView], ...]
    environment: tuple[Component[EnvironmentView], ...]
    tenant: tuple[Component[TenantView], ...] = ()
    place: tuple[Component[TenantPlaceView], ...] = ()
    family: tuple[Component[FamilyView], ...] = ()

    def templates(self) -> dict[str, str]:
        """The path of each component's template, by the component's name."""
        return {component.name: component.template for component in self.every}

    @property
    def every(self) -> tuple[Component[Any], ...]:
        """The components of all folders."""
        shared: tuple[Component[Any], ...] = (*self.environment, *self.tenant, *self.family)
        return (*self.cluster, *shared, *self.place)


def files_of(
    components: Iterable[Component[View]], view: View
) -> Iterator[tuple[str, ManifestFile]]:
    """Each file of these components for a view, with the name of its component."""
    for component in components:
        for file in component.files(view):
            yield component.name, file

"""The files of a new fleet as text, from templates in which every value becomes a YAML scalar."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from lockstep.model.paths import SETTINGS
from lockstep.scaffold.requests import (
    ClusterRequest,
    EnvironmentRequest,
    FamilyRequest,
    FleetRequest,
)
from lockstep.scaffold.workflows import GITHUB, github_path, github_workflows

Templates = Mapping[str, str]
"""The text of each template by its name."""

FORGES = ("github", "gitlab")
"""The forges that workflows can be written for."""
_GITLAB = ".gitlab-ci.yml"

# What YAML reads as a text without quotes, the words that it reads as something else left out.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/@+-]*(:[A-Za-z0-9._/@+-]+)*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))

COMPANIONS = frozenset((
    "README.md", "CODEOWNERS", ".gitattributes", ".gitignore", ".pre-commit-config.yaml",
    _GITLAB, *map(github_path, GITHUB),
))  # fmt: skip
"""Files that a repository may have before it has a fleet, and that no check needs."""


def fleet_files(request: FleetRequest, templates: Templates) -> dict[str, bytes]:
    """Every file of a new fleet, but locks and manifests, by its path."""
    files = {
        SETTINGS: _yaml("lockstep.yaml", templates, fleet=request),
        "policies/data/organisation.yaml": _yaml("organisation.yaml", templates, fleet=request),
        ".pre-commit-config.yaml": _yaml("pre-commit.yaml", templates),
    }
    for name, path in {
        "readme.md": "README.md", "codeowners": "CODEOWNERS",
        "gitattributes": ".gitattributes", "gitignore": ".gitignore",
        "install-lockstep.py": "install-lockstep.py",
    }.items():  # fmt: skip
        files[path] = _text(name, templates, fleet=request)
    if request.forge == "github":
        files |= github_workflows(scalar(request.branch), templates, own=False)
    else:
        files[_GITLAB] = _yaml("gitlab.yml", templates, fleet=request)
    files |= environment_files(request.environment, templates)
    return files | family_files(request.family, request.clusters, templates)


def environment_files(request: EnvironmentRequest, templates: Templates) -> dict[str, bytes]:
    """The file of a new environment."""
    path = f"clusters/{request.name}/environment.yaml"
    return {path: _yaml("environment.yaml", templates, environment=request)}


def family_files(
    request: FamilyRequest, clusters: tuple[ClusterRequest, ...], templates: Templates
) -> dict[str, bytes]:
    """The files of a new family and its clusters."""
    path = f"clusters/{request.environment}/{request.name}/family.yaml"
    files = {path: _yaml("family.yaml", templates, family=request)}
    for cluster in clusters:
        files |= cluster_files(cluster, templates)
    return files


def cluster_files(request: ClusterRequest, templates: Templates) -> dict[str, bytes]:
    """The file of a new cluster."""
    path = f"clusters/{request.environment}/{request.family}/{request.file}.yaml"
    return {path: _yaml("cluster.yaml", templates, cluster=request)}


def scalar(value: object) -> str:
    """A value as YAML, which no text of it can leave: plain where that is safe, else in quotes."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _yaml(name: str, templates: Templates, **values: Any) -> bytes:
    # With the finalizer no template can leave the quotes out.
    return _environment(scalar, tuple(templates.items())).get_template(name).render(values).encode()


def _text(name: str, templates: Templates, **values: Any) -> bytes:
    return _environment(str, tuple(templates.items())).get_template(name).render(values).encode()


@cache
def _environment(finalize: Any, templates: tuple[tuple[str, str], ...]) -> Environment:
    return Environment(
        loader=DictLoader(dict(templates)), undefined=StrictUndefined, finalize=finalize,
        keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - YAML and Markdown; see scalar
    )  # fmt: skip

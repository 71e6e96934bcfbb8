"""From a fleet to manifests: a pure function of specs, lock identities and templates.

The same values give the same bytes, in any order, on any machine, on any day. What a template
wrote is parsed again and checked by the schema of its kind before it becomes a file.
"""

from lockstep.render.compare import compare, stale_paths
from lockstep.render.fleet import (
    inputs_of,
    objects_by_kind,
    render_cluster,
    render_environment,
    render_family,
    render_family_folder,
    render_tenants,
)
from lockstep.render.folder import RenderedFolder, Templates
from lockstep.render.restored import keep_restored, restorable_folders

__all__ = [
    "RenderedFolder", "Templates", "compare", "inputs_of", "keep_restored", "objects_by_kind",
    "render_cluster", "render_environment", "render_family", "render_family_folder",
    "render_tenants", "restorable_folders", "stale_paths",
]  # fmt: skip

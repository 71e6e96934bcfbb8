"""JSON Merge Patch, RFC 7396: how a cluster's spec overrides its family's defaults."""

from lockstep.model.document import Json


def merge_patch(target: Json, patch: Json) -> Json:
    """``patch`` over ``target``: mappings merge, null removes, all else replaces.

    Neither argument is changed; the result may share parts with both.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            # Also where the target has no such key, because nulls inside the value must go.
            merged[key] = merge_patch(merged.get(key), value)
    return merged

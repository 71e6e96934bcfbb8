"""What Argo CD says of an Application: whether it is settled, and what it reports."""

from typing import Any

Object = dict[str, Any]
"""An object as the API gives it."""


def is_settled(application: Object, revision: str | None = None) -> bool:
    """Whether an Application is Synced and Healthy, at this revision, with nothing running."""
    status = application.get("status", {})
    sync = status.get("sync", {})
    phase = status.get("operationState", {}).get("phase")
    return (
        sync.get("status") == "Synced"
        and status.get("health", {}).get("status") == "Healthy"
        and revision in (None, sync.get("revision"))
        and "operation" not in application
        and phase == "Succeeded"
    )


def sync_began(application: Object) -> str:
    """When the newest sync of an Application began."""
    began: str = application["status"]["operationState"]["startedAt"]
    return began


def said(application: Object) -> str:
    """What an Application says of itself, in one line."""
    status = application.get("status", {})
    sync, state = status.get("sync", {}), status.get("operationState", {})
    parts = [
        application["metadata"]["name"],
        sync.get("status", "-"),
        sync.get("revision", "-")[:8],
        status.get("health", {}).get("status", "-"),
        f"{state.get('phase', 'no operation')}: {state.get('message', '')}",
        *(f"{each['type']}: {each['message']}" for each in status.get("conditions", ())),
        *(
            f"{each['kind']}/{each['name']} {each.get('status', '')}"
            f" {each.get('health', {}).get('status', '')}"
            for each in status.get("resources", ())
            if each.get("status") != "Synced"
            or each.get("health", {}).get("status", "Healthy") != "Healthy"
        ),
    ]
    return " | ".join(parts)

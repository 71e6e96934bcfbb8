"""The verb about what is live: drift."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockstep.cli import options
from lockstep.cli.reports import Reports, report_files
from lockstep.cli.verbs import Verb
from lockstep.edges import clock
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.text.sanitise import quoted

if TYPE_CHECKING:
    from lockstep.edges.kubernetes_access import KubernetesAccess
    from lockstep.model.drift import DriftReport
    from lockstep.model.outcome import Outcome

_FORMATS = ("text", "json")
_FILE = click.Path(path_type=str)

_ACCESS = options.combined(
    click.option(
        "--kubeconfig", default="", metavar="FILE", type=_FILE,
        help="The kubeconfig; by default that of KUBECONFIG or ~/.kube/config, and in a pod "
        "without one its service account.",
    ),
    click.option(
        "--context", "contexts", multiple=True, metavar="DESTINATION=CONTEXT",
        help="The context of a destination, where it has another name; repeatable. Argo CD's own "
        "cluster is in-cluster.",
    ),
    click.option(
        "--server", default="", metavar="URL",
        help="Ask this one Kubernetes API, with --token-file, in place of a kubeconfig.",
    ),
    click.option(
        "--token-file", default="", metavar="FILE", type=_FILE,
        help="A file with the bearer token for --server.",
    ),
    click.option(
        "--certificate-authority", "ca", default="", metavar="FILE", type=_FILE,
        help="The CA of --server, where the system does not know it.",
    ),
)  # fmt: skip


@click.command(
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.VERIFICATION_FAILED),
)
@click.argument("family", required=False)
@options.root
@options.environment
@options.remote
@options.no_fetch
@_ACCESS
@click.option(
    "--destination", "destinations", multiple=True, metavar="NAME",
    help="Compare only this destination; repeatable. in-cluster is that of the Applications.",
)  # fmt: skip
@options.registry
@click.option("--no-registry", is_flag=True, help="Leave the registry out.")
@click.option(
    "--timeout", "seconds", type=click.FloatRange(1, 3600), default=60.0, show_default=True,
    metavar="SECONDS", help="For all clusters together, and for each answer of the registry.",
)  # fmt: skip
@options.now
@click.option(
    "--format", "output", type=click.Choice(_FORMATS), default="text",
    help="Text for people, JSON for programs.",
)  # fmt: skip
@options.reports
def drift(
    family: str | None, root: Path, environment: str | None, remote: str | None, no_fetch: bool,
    destinations: tuple[str, ...], registry: str | None, no_registry: bool, seconds: float,
    now: str | None, output: str, reports: Sequence[str], **access: Any,
) -> ExitCode:  # fmt: skip
    """Show where live clusters and the registry differ from git (of FAMILY, where it is given).

    It compares the tip of the branch that Argo CD follows, only reads, and never reads a Secret.
    Exit code 13 where anything has drifted, 1 where something could not be read: the report
    names that, and what was found elsewhere.
    """
    from lockstep.check.drift import DriftRequest
    from lockstep.commands import drift as verb

    asked = DriftRequest(
        clock.now(now), family, environment, _access(**access), destinations, registry,
        not no_registry, seconds,
    )  # fmt: skip
    shown = Reports(
        output, files=report_files(reports, _FORMATS), formatted=_formatted, failed=_failed
    )
    return shown.run(lambda: verb.run(options.existing(root), remote, asked, fetch=not no_fetch))


def _access(contexts: Sequence[str], **given: str) -> "KubernetesAccess":
    from lockstep.edges.kubernetes_access import KubernetesAccess

    mapped = {}
    for text in contexts:
        destination, separator, context = text.partition("=")
        if not separator or not destination or not context:
            raise UsageError(
                f"--context {quoted(text, 100)} is not DESTINATION=CONTEXT",
                fix="kubectl config get-contexts lists the contexts",
            )
        mapped[destination] = context
    return KubernetesAccess(contexts=mapped, **given)


def _formatted(found: "DriftReport", output: str, _: bool) -> str:
    from lockstep.report import drift as reporter

    return reporter.format_json(found) if output == "json" else reporter.format_text(found)


def _failed(outcome: "Outcome") -> "DriftReport":
    from lockstep.model.drift import DriftReport, Unread

    return DriftReport(
        unread=tuple(Unread(each.file, each.message, each.fix) for each in outcome.findings)
    )

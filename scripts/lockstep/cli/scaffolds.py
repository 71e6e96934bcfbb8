"""The verbs that write the first files of a fleet, an environment, a family or a cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockstep import __version__
from lockstep.cli import options
from lockstep.cli.scaffold_values import (
    REGION,
    TIERS,
    ask,
    gate_of,
    label_of,
    labels_of,
    regions_of,
)
from lockstep.cli.verbs import Verb
from lockstep.edges import clock
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.scaffold.requests import PIPELINES

if TYPE_CHECKING:
    from lockstep.transactions.run import RunOptions

_KUBERNETES = "1.37"

_TIER = click.option(
    "--tier", type=click.Choice(TIERS),
    help="How much the rules ask; development by default, production asks the most.",
)  # fmt: skip
_REGIONS = click.option(
    "--region", "regions", multiple=True, metavar="NAME:JURISDICTION",
    help=f"A region, such as {REGION}, and optionally :DESTINATION, the name of its Kubernetes "
    "cluster in Argo CD; repeatable.",
)  # fmt: skip
_MODEL = click.option("--model", help="The name of the registered model.")
_IMAGE = click.option("--image", help="The image that serves it, by digest.")
_NAMESPACE = click.option("--namespace", help="The Kubernetes namespace; by default the family.")
_OWNER = click.option("--owner", help="The mail address of the team that owns it.")
_TENANT = click.option("--tenant", default="ml", help="The part of the organisation that owns it.")
_METRIC = click.option("--metric", default="auc", help="The metric of its first gate.")
_DATASET = click.option(
    "--dataset", default="holdout-{region}", help="The dataset that the metric is logged for."
)
_MINIMUM = click.option("--min", "minimum", type=float, default=0.8, help="The metric's bound.")
_VERSION = click.option(
    "--version", "serves",
    help="The version that serves today; by default the one of the alias champion or production, "
    "or the highest.",
)  # fmt: skip
_DOMAIN = click.option(
    "--domain",
    help="The domain of the hosts; by default the organisation's zone, or the owner's domain.",
)
_KUBERNETES_OPTION = click.option(
    "--kubernetes", default=_KUBERNETES, help="The Kubernetes version to validate against."
)
_ARGOCD_NAMESPACE = click.option(
    "--argocd-namespace", default="argocd", help="The namespace of Argo CD."
)
_ARGOCD_PROJECT = click.option(
    "--argocd-project", default="default", help="The AppProject of its Applications."
)
_OPERATOR_LABELS = click.option(
    "--operator-label", "operator_labels", multiple=True, metavar="KEY=VALUE",
    help="A label by which the Prometheus operator selects rules, such as release=monitoring: "
    "alerts and dashboards are rendered then, as in production always; repeatable.",
)  # fmt: skip

_of_environment = options.combined(
    _TIER, _REGIONS, _TENANT, _OWNER, _NAMESPACE, _KUBERNETES_OPTION, _ARGOCD_NAMESPACE,
    _ARGOCD_PROJECT, _OPERATOR_LABELS,
)  # fmt: skip
_of_gate = options.combined(_METRIC, _DATASET, _MINIMUM)


@click.command(
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.VERIFICATION_FAILED),
)
@click.argument("folder", type=click.Path(path_type=Path), default=Path(), metavar="[DIR]")
@click.option("--environment", "-e", help="The first environment; by default named by the tier.")
@click.option("--family", help="The first family; by default named like the model.")
@_MODEL
@_IMAGE
@_of_environment
@_of_gate
@_VERSION
@_DOMAIN
@click.option("--repository", help="The repository's address; by default that of origin.")
@click.option("--branch", help="The branch that Argo CD follows; by default the current one.")
@click.option(
    "--forge", type=click.Choice(["github", "gitlab"]), default="github", show_default=True,
    help="Where the workflow runs that checks each change.",
)  # fmt: skip
@click.option("--source", default="", help="Where Lockstep is installed from: see lockstep.yaml.")
@click.option("--hash", "digest", default="", help="The digest of its wheel: sha256:...")
@click.option("--keep", is_flag=True, help="Keep a README and the like that exist.")
@click.option(
    "--pipeline", "pipelines", multiple=True, type=click.Choice(PIPELINES),
    help="Write the files by which this tool proposes, into a fleet that is there, too; "
    "repeatable.",
)  # fmt: skip
@click.option("--yes", "-y", is_flag=True, help="Ask nothing; take the defaults.")
@options.now
@options.registry
@options.output
def init(folder: Path, yes: bool, output: str, **given: Any) -> ExitCode:
    """Write the few files of a new fleet into DIR, lock the version that serves, and render.

    With --pipeline the files of a training pipeline, too; of a fleet that is there, these alone.
    """
    from lockstep.commands import init as verb
    from lockstep.scaffold import requests
    from lockstep.transactions.run import RunOptions

    folder = folder.resolve()
    if given["pipelines"] and verb.is_fleet(folder):
        _refuse_of_new_fleet()
        family, home, keep = given["family"], given["environment"], given["keep"]
        added = verb.add_to_fleet(folder, given["pipelines"], family, home, keep=keep)
        return options.show(added, output)
    origin, current = verb.repository_facts(folder)
    if not yes:
        ask(given)
    tier = given["tier"] or "development"
    name = given["environment"] or requests.ENVIRONMENTS[tier]
    model = given["model"] or given["family"] or "scoring"
    family = given["family"] or label_of(model)
    common = {
        "owner": given["owner"] or requests.EXAMPLE_OWNER, "tenant": given["tenant"],
        "namespace": given["namespace"] or family,
    }  # fmt: skip
    regions = regions_of(given["regions"] or (REGION,), name)
    environment = requests.EnvironmentRequest(
        name, tier, regions, given["repository"] or origin or requests.EXAMPLE_REPOSITORY,
        given["branch"] or current or "main", given["kubernetes"],
        argocd_namespace=given["argocd_namespace"], argocd_project=given["argocd_project"],
        operator_labels=labels_of(given["operator_labels"]), **common,
    )  # fmt: skip
    first = requests.FamilyRequest(
        name, tier, family, model, tuple(region.name for region in regions),
        image=given["image"] or requests.EXAMPLE_IMAGE, observed=bool(environment.observed),
        **common, **gate_of(given),
    )  # fmt: skip
    request = requests.FleetRequest(
        environment, first, (), given["forge"], __version__, given["source"], given["digest"]
    )
    run = RunOptions(folder, clock.now(given["now"]), registry=given["registry"])
    asked = verb.InitOptions(
        run, given["serves"], given["domain"], given["keep"], given["pipelines"]
    )
    return options.show(verb.run(request, asked), output)


_OF_PIPELINES = frozenset((
    "folder", "pipelines", "family", "environment", "keep", "yes", "output", "quiet",
))  # fmt: skip
"""What counts where pipelines are added to a fleet; all else says how a new fleet is to be."""


def _refuse_of_new_fleet() -> None:
    """Raise UsageError for an option that would be without effect in a fleet that is there."""
    context = click.get_current_context()
    for each in context.command.params:
        source = context.get_parameter_source(each.name or "")
        if source is click.core.ParameterSource.COMMANDLINE and each.name not in _OF_PIPELINES:
            raise UsageError(
                f"{each.opts[0]} is for a new fleet, and this folder holds one",
                fix="leave it out: the pipelines get the values of the fleet",
            )


@click.group()
def add() -> None:
    """Write the files of a further environment, family or cluster; edit none that exists."""


@add.command(
    "environment",
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.VERIFICATION_FAILED),
)
@click.argument("name")
@_of_environment
@options.root
@options.now
@options.output
def add_environment(name: str, root: Path, now: str | None, output: str, **given: Any) -> ExitCode:
    """Write the environment NAME."""
    from lockstep.commands import add as verb
    from lockstep.transactions.run import RunOptions

    regions = regions_of(given.pop("regions") or (REGION,), name)
    given["tier"] = given["tier"] or "development"
    given["operator_labels"] = labels_of(given["operator_labels"])
    asked = verb.EnvironmentOptions(regions=regions, **given)
    run = RunOptions(options.existing(root), clock.now(now))
    return options.show(verb.add_environment(run, name, asked), output)


@add.command(
    "family",
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.VERIFICATION_FAILED),
)
@click.argument("name")
@_MODEL
@_IMAGE
@_NAMESPACE
@click.option("--tenant", help="The tenant that owns it; by default the environment's first.")
@_OWNER
@click.option("--region", "regions", multiple=True, help="A region; repeatable, by default all.")
@_of_gate
@_VERSION
@_DOMAIN
@options.registered
def add_family(name: str, output: str, **given: Any) -> ExitCode:
    """Write the family NAME, with a cluster in each region of its environment."""
    from lockstep.commands import add as verb

    asked = verb.FamilyOptions(
        given["model"], given["image"], given["namespace"], given["tenant"], given["owner"],
        given["regions"], given["serves"], given["domain"], gate_of(given),
    )  # fmt: skip
    return options.show(verb.add_family(_run(given), name, asked), output)


@add.command(
    "cluster",
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.VERIFICATION_FAILED),
)
@click.argument("name")
@click.option("--family", required=True, help="The family, or environment/family.")
@click.option("--region", help="The region; by default NAME.")
@click.option("--version", "serves", help="The version; by default the one that the family serves.")
@_DOMAIN
@options.registered
def add_cluster(name: str, family: str, region: str | None, output: str, **given: Any) -> ExitCode:
    """Write the cluster NAME of a family, such as eu-west-1, and its wave if it has none."""
    from lockstep.commands import add as verb

    asked = verb.ClusterOptions(family, region, given["serves"], given["domain"])
    return options.show(verb.add_cluster(_run(given), name, asked), output)


def _run(given: Mapping[str, Any]) -> "RunOptions":
    from lockstep.transactions.run import RunOptions

    return RunOptions(
        options.existing(given["root"]), clock.now(given["now"]), given["environment"],
        given["registry"],
    )  # fmt: skip

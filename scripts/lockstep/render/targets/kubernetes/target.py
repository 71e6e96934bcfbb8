"""The serving target kubernetes: Deployments behind Istio, synced by Argo CD.

A new component is its own module, its template, and one line here, next to its import. It needs a
schema in ``policies/schemas/rendered/`` only where Kubernetes itself has none for the kind.
"""

from lockstep.render.targets.base import ServingTarget
from lockstep.render.targets.kubernetes import (
    alertmanagerconfig,
    application,
    applications,
    appproject,
    costrule,
    dashboard,
    datadogmonitor,
    deployment,
    destinationrule,
    externalsecret,
    familyapplication,
    familyrule,
    horizontalpodautoscaler,
    instrumentation,
    observabilityproject,
    poddisruptionbudget,
    podmonitor,
    prometheusrule,
    scaledobject,
    service,
    serviceaccount,
    virtualservice,
)

KUBERNETES = ServingTarget(
    "kubernetes",
    cluster=(
        serviceaccount.COMPONENT,
        externalsecret.COMPONENT,
        instrumentation.COMPONENT,
        service.COMPONENT,
        deployment.COMPONENT,
        poddisruptionbudget.COMPONENT,
        horizontalpodautoscaler.COMPONENT,
        scaledobject.COMPONENT,
        destinationrule.COMPONENT,
        virtualservice.COMPONENT,
        prometheusrule.COMPONENT,
        podmonitor.COMPONENT,
        costrule.COMPONENT,
        alertmanagerconfig.COMPONENT,
        datadogmonitor.COMPONENT,
        application.COMPONENT,
    ),
    environment=(applications.COMPONENT, observabilityproject.COMPONENT),
    tenant=(appproject.COMPONENT,),
    family=(
        familyapplication.COMPONENT,
        familyrule.COMPONENT,
        dashboard.COMPONENT,
        alertmanagerconfig.FAMILY_COMPONENT,
    ),
)

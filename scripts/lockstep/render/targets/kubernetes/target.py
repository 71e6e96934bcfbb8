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
    authorizationpolicy,
    costrule,
    dashboard,
    datadogmonitor,
    deployment,
    destinationrule,
    externalsecret,
    familyapplication,
    familyrule,
    featurewriters,
    horizontalpodautoscaler,
    instrumentation,
    limitrange,
    namespace,
    networkpolicy,
    observabilityproject,
    poddisruptionbudget,
    podmonitor,
    prometheusrule,
    resourcequota,
    scaledobject,
    service,
    serviceaccount,
    tenantapplication,
    virtualservice,
)

KUBERNETES = ServingTarget(
    "kubernetes",
    cluster=(
        serviceaccount.COMPONENT,
        featurewriters.COMPONENT,
        authorizationpolicy.COMPONENT,
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
    place=(
        namespace.COMPONENT,
        resourcequota.COMPONENT,
        limitrange.COMPONENT,
        networkpolicy.COMPONENT,
        tenantapplication.COMPONENT,
    ),
    family=(
        familyapplication.COMPONENT,
        familyrule.COMPONENT,
        dashboard.COMPONENT,
        alertmanagerconfig.FAMILY_COMPONENT,
    ),
)

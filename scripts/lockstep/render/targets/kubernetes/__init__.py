"""The serving target kubernetes: Deployments behind Istio, synced by Argo CD."""

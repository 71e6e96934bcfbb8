"""The Grafana dashboard of a family, as JSON that Grafana reads from a ConfigMap."""

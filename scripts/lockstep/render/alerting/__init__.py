"""The recording and alerting rules of Prometheus, as plain values: pure builders, no templates."""

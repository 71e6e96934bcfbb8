"""The text of a drift report: what could not be read, and why."""

from lockstep.model.drift import DriftReport, Unread
from lockstep.report.drift import format_text


def test_what_one_reason_keeps_from_being_read_is_one_entry() -> None:
    missing = ("there is no kubeconfig", "give --kubeconfig FILE")
    report = DriftReport(
        unread=(
            Unread("in-cluster", *missing), Unread("prod-us-east-1", "it refuses the token"),
            Unread("prod-eu-west-1", *missing), Unread("prod-ap-south-1", *missing),
        ),
    )  # fmt: skip
    said = format_text(report)
    assert "could not be read: 4\n" in said
    assert said.count("there is no kubeconfig") == said.count("give --kubeconfig FILE") == 1
    assert "  in-cluster, prod-eu-west-1 and prod-ap-south-1: there is no kubeconfig\n" in said
    assert "  prod-us-east-1: it refuses the token\n" in said

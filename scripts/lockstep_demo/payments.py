"""Synthetic card payments, seeded, that differ by region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Region:
    """How payments look in one region.

    ``amount`` is the median in euros, ``distance`` the mean in km from home, ``evening`` the
    shift of the busiest hour, ``fraud`` the share of fraud, and ``no_fingerprint`` the share of
    today's customers whose browser no longer shows how long the device has been known.
    """

    amount: float
    distance: float
    evening: float
    fraud: float
    no_fingerprint: float


REGIONS: Mapping[str, Region] = {
    "ap-south-1": Region(amount=18.0, distance=13.0, evening=0.7, fraud=0.050, no_fingerprint=0.0),
    "us-east-1": Region(amount=21.0, distance=13.5, evening=0.0, fraud=0.040, no_fingerprint=0.0),
    "eu-west-1": Region(amount=20.0, distance=12.0, evening=-0.5, fraud=0.035, no_fingerprint=0.4),
}
"""Production. Browsers in eu-west-1 began to hide the device after the training data was collected,
so that a model which relies on it fails in that region only, and no holdout data shows it."""

STAGING_REGIONS: Mapping[str, Region] = {
    "eu-north-1": Region(amount=23.0, distance=14.0, evening=-0.3, fraud=0.035, no_fingerprint=0.0),
    "eu-west-3": Region(amount=19.0, distance=11.0, evening=0.2, fraud=0.040, no_fingerprint=0.0),
}
"""Staging, in which payments are simulated."""

_ALL = {**REGIONS, **STAGING_REGIONS}

BASE_FEATURES = (
    "amount",
    "hour",
    "distance_km",
    "merchant_risk",
    "account_age_days",
    "payments_last_hour",
)
DEVICE_FEATURE = "device_known_days"


def collected(region: str, rows: int, seed: int, hidden: float = 0.0) -> tuple[Any, Any]:
    """Payments as they were when the training data was collected.

    Gives a data frame of ``rows`` rows with all features, and the labels (1 is fraud). The same
    arguments give the same rows. ``hidden`` is the share of payments that do not show the device.
    """
    return _draw(region, rows, np.random.default_rng([seed, _number(region)]), hidden)


def today(region: str, rows: int, seed: int, moment: int) -> tuple[Any, Any]:
    """Payments as they come in now; ``moment`` (seconds since 1970) makes each hour its own."""
    generator = np.random.default_rng([seed, _number(region), moment])
    return _draw(region, rows, generator, hidden=_ALL[region].no_fingerprint)


def _draw(region: str, rows: int, generator: Any, hidden: float) -> tuple[Any, Any]:
    profile = _ALL[region]
    fraud = generator.random(rows) < profile.fraud

    def either(for_fraud: Any, for_honest: Any) -> Any:
        return np.where(fraud, for_fraud, for_honest)

    amount = profile.amount * np.exp(generator.normal(either(0.95, 0.0), 0.9))
    hour = (generator.normal(either(21.0, 15.0) + profile.evening, 4.5)) % 24
    distance = generator.exponential(either(3.0, 1.0) * profile.distance)
    merchant = generator.beta(either(3.2, 2.0), either(3.6, 5.0))
    age = generator.exponential(either(260.0, 700.0))
    busy = generator.poisson(either(2.0, 0.5)).astype(float)
    device = generator.exponential(either(15.0, 260.0))
    # A hidden device reads as one known for 0 days, and that looks like fraud to version 3.
    device = np.where(generator.random(rows) < hidden, 0.0, device)
    columns = (amount, hour, distance, merchant, age, busy, device)
    names = (*BASE_FEATURES, DEVICE_FEATURE)
    return pd.DataFrame(dict(zip(names, columns, strict=True))), fraud.astype(int)


def _number(region: str) -> int:
    # Not hash(), which differs from process to process.
    return list(_ALL).index(region)

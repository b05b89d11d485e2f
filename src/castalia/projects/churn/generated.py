"""Customers who do not exist, in the shape of Telco: for a first try with no data at hand.

The true risk is known here, since we make it: bound customers stay, new and fibre customers leave.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from castalia.core.rows import Column
from castalia.projects.churn.churn import Input

NUMBERS = {"SeniorCitizen": "integer", "tenure": "integer", "MonthlyCharges": "number", "TotalCharges": "number"}


def _column(name: str) -> Column:
    field = Input.model_fields[name]
    kind = NUMBERS.get(name, "category")
    return Column(
        name=name,
        kind=kind,  # type: ignore[arg-type]
        required=name != "TotalCharges",
        example=(field.examples or [None])[0],
        description=field.description or "",
    )


COLUMNS = [*(_column(name) for name in Input.model_fields), Column(name="Churn", kind="category", required=True)]


def customers(n: int, seed: int = 0) -> dict[str, list[Any]]:
    """``n`` customers: Telco's 19 columns and Churn, with its blank TotalCharges where tenure is 0."""
    rng = np.random.default_rng([seed, 31])

    def flip(share: Any) -> Any:
        return rng.random(n) < share

    def yes(mask: Any) -> list[str]:
        return ["Yes" if one else "No" for one in mask]

    contract = rng.choice(3, n, p=[0.55, 0.21, 0.24])
    tenure = np.minimum(72, rng.gamma(1.3 + 0.7 * contract, 18)).astype(int)
    internet = rng.choice(3, n, p=[0.34, 0.44, 0.22])  # DSL, Fiber optic, No
    phone, senior, partner = flip(0.9), flip(0.16), flip(0.48)
    extras = {name: flip(0.42) for name in ("OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport")}
    extras |= {name: flip(0.5) for name in ("StreamingTV", "StreamingMovies")}
    check = rng.choice(4, n, p=[0.22, 0.22, 0.34, 0.22])
    bought = sum((chosen & (internet < 2)).astype(float) for chosen in extras.values())
    monthly = np.round(18 + 7 * phone + np.array([25.0, 48.0, 0.0])[internet] + 5 * bought + rng.normal(0, 1, n), 2)
    odds = 0.1 - 1.3 * contract - 0.035 * tenure + np.array([-0.2, 0.9, -0.9])[internet]
    odds += 0.45 * (check == 2) + 0.3 * senior - 0.4 * extras["OnlineSecurity"] - 0.3 * extras["TechSupport"]
    total = np.round(monthly * tenure * rng.uniform(0.95, 1.05, n), 2)

    def extra(name: str) -> list[str]:
        chosen = yes(extras[name])
        return ["No internet service" if kind == 2 else said for kind, said in zip(internet, chosen, strict=True)]

    return {
        "gender": np.where(flip(0.5), "Female", "Male").tolist(),
        "SeniorCitizen": senior.astype(int).tolist(),
        "Partner": yes(partner),
        "Dependents": yes(flip(0.15 + 0.3 * partner)),
        "tenure": tenure.tolist(),
        "PhoneService": yes(phone),
        "MultipleLines": np.where(phone, yes(flip(0.46)), "No phone service").tolist(),
        "InternetService": np.array(["DSL", "Fiber optic", "No"])[internet].tolist(),
        **{name: extra(name) for name in extras},
        "Contract": np.array(["Month-to-month", "One year", "Two year"])[contract].tolist(),
        "PaperlessBilling": yes(flip(0.59)),
        "PaymentMethod": np.array(
            ["Bank transfer (automatic)", "Credit card (automatic)", "Electronic check", "Mailed check"]
        )[check].tolist(),
        "MonthlyCharges": monthly.tolist(),
        "TotalCharges": [None if months == 0 else spent for months, spent in zip(tenure, total, strict=True)],
        "Churn": yes(flip(1 / (1 + np.exp(-odds)))),
    }

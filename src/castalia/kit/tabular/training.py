"""The table of fit, recognised when it comes back: where an encoding knows y, its rows must not be encoded again."""

from __future__ import annotations

import hashlib
from typing import Self

import numpy as np

from castalia.core.errors import WrongInput
from castalia.core.system import Field
from castalia.kit.tabular.frames import Frame
from castalia.kit.tabular.notices import notice
from castalia.kit.tabular.steps import State


class Leak(UserWarning):
    """A training row is about to see its own y."""


class Trained(State):
    """How many rows fit had, and a digest of them: whatever the library, the order of columns, whole floats or
    integers.
    """

    rows: int = Field(ge=0)
    digest: str

    @classmethod
    def of(cls, frame: Frame) -> Self:
        return cls(rows=frame.rows, digest=_digest(frame))

    def knows(self, frame: Frame) -> bool:
        """True for the table of fit. One row alone is never it."""
        return frame.rows == self.rows > 1 and _digest(frame) == self.digest


def _digest(frame: Frame) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(frame.columns):
        values = frame.columns[name]
        found.update(f"\x1e{name}\x1e".encode("utf-8", "surrogatepass"))
        if values.dtype.kind in "biuf":
            found.update(values.astype(np.float64).tobytes())
        elif values.dtype.kind == "M":
            found.update(values.astype("datetime64[us]").tobytes())
        else:
            found.update("\x1f".join(map(str, values.tolist())).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def refuse_training(step: str, rows: int, how: str) -> None:
    """WrongInput, or the warning ``Leak`` where ``how`` is "warn"."""
    cure = (
        "For the rows that a model learns from take fit_transform(table, y). To encode them as if they were new: "
        "Target(on_training='allow')."
    )
    if how == "warn":
        notice(f"{step}.transform got the table of fit: these encodings know their own y. {cure}", Leak)
        return
    raise WrongInput(
        f"{step}.transform got the table of fit: each row would see its own y", f"the same {rows} rows",
        "rows that fit has not seen", cure, field="table",
    )  # fmt: skip

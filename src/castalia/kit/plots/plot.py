"""Plot: the numbers behind a picture, and the picture in every form."""

from __future__ import annotations

import csv
import html
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castalia.core.errors import Unavailable, WrongInput, did_you_mean
from castalia.kit.plots.marks import Panel
from castalia.kit.plots.themes import themed

if TYPE_CHECKING:
    from castalia.core.fields import Figure, Table

KINDS = (".png", ".svg", ".pdf")


@dataclass(frozen=True, repr=False)
class Plot:
    """A picture as data. ``save`` writes a file, ``figure`` is for a page, a notebook shows it by itself."""

    title: str
    caption: str
    """How to read it, and how many rows it rests on."""
    alt: str
    """What is to be seen, in words, with the figures that matter."""
    data: dict[str, list[Any]]
    """The columns behind the picture, exactly: what was handed in, or computed from it."""
    panels: tuple[Panel, ...]
    native: Callable[[], tuple[str, dict[str, Any]]] | None = field(default=None, repr=False)
    """Kind and data of a Figure that the page draws without Plotly, where one shows all of it."""

    def save(self, path: str | Path, theme: str = "light", *, width: float = 5.6, dpi: int = 200) -> Path:
        """Write ``.png``, ``.svg`` or ``.pdf`` with matplotlib. No display is needed and no setting of yours changes.

        ``theme`` is light or dark, ``width`` in inches; the text stays readable on a phone at the default. The same
        data give the same bytes with the same version of matplotlib.
        """
        path = Path(path)
        if path.suffix.lower() not in KINDS:
            cure = did_you_mean(path.suffix, KINDS).strip()
            raise WrongInput(
                "no such kind of file", path.name, f"a name that ends in {', '.join(KINDS)}", cure, field="path"
            )
        content = self._drawn(path.suffix[1:].lower(), theme, width, dpi)
        try:
            path.write_bytes(content)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Unavailable(f"{path.name} was not written", reason, "a folder that can be written") from None
        return path

    def figure(self) -> Figure:
        """For a page: drawn by the page where it can show all of it, else by Plotly, in colours for both themes."""
        from castalia.core.fields import Figure

        kind, data = self.native() if self.native else ("plotly", self.plotly("page"))
        return Figure.model_validate({"title": self.title, "kind": kind, "caption": self.caption, "data": data})

    def plotly(self, theme: str = "light") -> dict[str, Any]:
        """Plotly's figure as plain JSON, ``{"data", "layout"}``; Plotly itself is not needed to make it."""
        from castalia.kit.plots.pages import traced

        return traced(self, themed(theme))

    def table(self) -> Table:
        """The columns as a Table."""
        from castalia.core.table import Table

        return Table(self.data)

    def csv(self) -> str:
        """The columns as CSV; a gap is empty."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.data)
        for row in zip(*self.data.values(), strict=True):
            writer.writerow(["" if _is_nan(value) else value for value in row])
        return out.getvalue()

    def json(self) -> str:
        """Title, caption, alt and columns as JSON; a gap is null, and so is an infinite threshold."""
        columns = {name: [_finite(value) for value in column] for name, column in self.data.items()}
        parts = {"title": self.title, "caption": self.caption, "alt": self.alt, "columns": columns}
        return json.dumps(parts, allow_nan=False)

    def __repr__(self) -> str:
        return f"<Plot {self.title!r}: {self.caption}>"

    def _repr_html_(self) -> str:
        import base64

        picture = base64.b64encode(self._drawn("png", "light", 5.6, 150)).decode()
        return (
            f'<img src="data:image/png;base64,{picture}" alt="{html.escape(self.alt, quote=True)}" '
            'style="max-width: 100%; width: 42rem">'
        )

    def _drawn(self, kind: str, theme: str, width: float, dpi: int) -> bytes:
        from castalia.kit.plots.files import drawn

        if not 2 <= width <= 40 or not 40 <= dpi <= 1200:
            raise WrongInput("the size does not fit", f"{width} in, {dpi} dpi", "2 to 40 inches, 40 to 1200 dpi")
        return drawn(self, kind, themed(theme), width, dpi)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)

"""One bar for each shade."""

from castalia.core.fields import Figure
from castalia.core.system import Field, Record


class Controls(Record):
    bars: int = Field(4, ge=1, le=64, description="How many bars to draw.")


def figures(system: object, controls: Controls) -> list[Figure]:
    shades = [f"{i / controls.bars:.2f}" for i in range(controls.bars)]
    values = [float(i) for i in range(controls.bars)]
    data = {"labels": shades, "series": [{"name": "shade", "values": values}]}
    return [Figure(title="Shades", kind="bars", data=data, caption="From dark to bright.")]

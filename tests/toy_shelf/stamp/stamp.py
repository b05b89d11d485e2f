"""The brightness of a picture. One row: an 8 x 8 grey picture, brightness 0.4."""

from __future__ import annotations

from castalia.core.fields import Box, Boxes, Image
from castalia.core.system import Field, Record, System


class Params(Record):
    size: int = Field(4, ge=1, le=64, description="Side of the stamp, pixels.")


class Input(Record):
    image: Image = Field(description="Any picture.")
    invert: bool = Field(False, description="Turn dark into bright first.")


class Output(Record):
    brightness: float = Field(ge=0, le=1, description="Mean brightness, 0 black, 1 white.")
    stamped: Image = Field(description="The picture with a white square in its corner.")
    boxes: Boxes = Field(description="Where the stamp is.")


class Stamp(System[Params, Input, Output]):
    """Measures a picture and stamps it."""

    QUICK = Params()

    def __call__(self, x: Input) -> Output:
        pixels = x.image.array("L").copy()
        if x.invert:
            pixels = 255 - pixels
        brightness = float(pixels.mean()) / 255
        side = self.params.size
        pixels[:side, :side] = 255
        box = Box(x0=0, y0=0, x1=side, y1=side, label="stamp")
        return Output(brightness=brightness, stamped=Image.of_array(pixels), boxes=Boxes(items=(box,)))

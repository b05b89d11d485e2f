"""Three things to look at: what the saved network learnt, one drawing on its way, and a playground in the plane."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from castalia.core.fields import Figure, Image
from castalia.core.system import Field, Record
from castalia.projects.neural_net.forward_pass import drawn
from castalia.projects.neural_net.neural_net import Input, NeuralNet, Params
from castalia.projects.neural_net.playground import opened
from castalia.projects.neural_net.portrait import portrait
from castalia.projects.neural_net.scene import scene

SECONDS = 0.06
"""What one move may learn in the playground; the page asks again for the rest."""
EXAMPLE: str = Input.model_fields["image"].examples[0]  # type: ignore[index]


def _when(show: str, **more: Any) -> dict[str, Any]:
    """A control that belongs to one of the three."""
    return {"x-when": {"show": show}, **more}


class Controls(Record):
    """What to show."""

    show: Literal["learnt", "drawing", "playground"] = Field(
        "learnt", description="What it learnt; what it makes of a drawing; or a small one that learns before your eyes."
    )
    how_many: int = Field(
        12, ge=1, le=60, description="Mistakes, and units of the first layer.", json_schema_extra=_when("learnt")
    )
    which_class: str = Field(
        "", max_length=100, description="Only mistakes on this class; empty shows all.",
        json_schema_extra=_when("learnt"),
    )  # fmt: skip
    image: Image | None = Field(
        None, description="A digit; the example stands in for it until you draw.", json_schema_extra=_when("drawing")
    )
    epoch: int = Field(
        60, ge=0, le=200, description="Passes over the points so far.",
        json_schema_extra=_when("playground", **{"x-play": True}),
    )  # fmt: skip
    pattern: Literal["spirals", "three spirals", "moons", "circles", "xor", "blobs"] = Field(
        "spirals", description="200 points of two or three classes.", json_schema_extra=_when("playground")
    )
    noise: float = Field(
        0.1, ge=0, le=1, description="How far the points are spread.", json_schema_extra=_when("playground")
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        (16, 16), max_length=6, description="Units of each hidden layer; none makes it linear.",
        json_schema_extra=_when("playground"),
    )  # fmt: skip
    activation: Literal["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid"] = Field(
        "tanh", description="What stands between two layers.", json_schema_extra=_when("playground")
    )
    optimizer: Literal["adam", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "lion"] = Field(
        "adam", description="The update rule. sgd wants a rate near 0.5.", json_schema_extra=_when("playground")
    )
    learning_rate: float = Field(
        0.02, ge=0.0001, le=10, description="How far a step goes.", json_schema_extra=_when("playground")
    )
    batch: int = Field(20, ge=5, le=200, description="Points a step.", json_schema_extra=_when("playground"))
    seed: int = Field(
        0, ge=0, le=999, description="Decides the points, the first weights and the order.",
        json_schema_extra=_when("playground"),
    )  # fmt: skip


PLAYED = ("hidden", "activation", "optimizer", "learning_rate", "batch", "seed")
"""Controls that are parameters of the network in the playground."""


def figures(system: NeuralNet, controls: Controls) -> list[Figure]:
    """The figures of a fitted network, of one drawing, or of the playground, which needs no fitted one."""
    if controls.show == "playground":
        chosen = {name: getattr(controls, name) for name in PLAYED}
        playground = opened(controls.pattern, controls.noise, Params(weight_decay=0.0, **chosen))
        return scene(playground, playground.learn(controls.epoch, SECONDS), controls.epoch)
    if controls.show == "drawing":
        return drawn(system._learnt(), controls.image or Image.of(EXAMPLE), ours=controls.image is None)
    return portrait(system._learnt(), controls.how_many, controls.which_class)

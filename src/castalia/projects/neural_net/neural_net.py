"""Which digit is this? A neural network with nothing hidden, in NumPy alone.

This is what one row looks like: 8 x 8 numbers from 0 (paper) to 16 (ink), and what its writer meant.

     0  0  7 15 13  1  0  0
     0  8 13  6 15  4  0  0
     0  2  1 13 13  0  0  0
     0  0  2 15 11  1  0  0
     0  0  0  1 12 12  1  0         "3"
     0  0  0  0  1 10  8  0
     0  0  8  4  5 14  9  0
     0  0  7 13 13  9  0  0

Nobody can write down the rule that makes this a 3. So we write down a function with many numbers in
it (``network.py``), ask how wrong it is on 1,294 such pictures, and move every number a little in the
direction that makes it less wrong, a few thousand times (``training.py``). That is all.

What it does not know: it has seen single digits from the forms of a few hundred people. It has never
seen a letter, and will call one a digit, at times with confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from castalia.core.errors import Unavailable
from castalia.core.fields import Dataset, Image
from castalia.core.system import Field, Record, Run, System

_THREE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcBAMAAACAI8KnAAAAGFBMVEX29vbd3d3MzMyrq6tvb28zMzMREREAAADn"
    "lh/jAAAAw0lEQVR42k2Qy3HDUAwDly8qgJQbyFOKTLWxXYGJCoQcJCvhbQcz+DC+2R/98+Q2qyYDxN8NAEVW2hYLSB5fuCNGDow7I7k/bBaA"
    "iMQIGETGltgQwQIlLD1JkgGxzWAXs/IICrtZgcMKpNusOmtYVtbME8FE1bskObJbb4xIuvtSZ33u/zBqLaHLKtdt775wVBpfSCVCR6vGkj60"
    "sgAvYb0A5QAL9HpwTWhsUSQLYAsxMmHh/FKttR6qLKKSY6Dcoo/4X78QYkJxSQ3tAAAAAElFTkSuQmCC"
)


class Params(Record):
    """How to train it."""

    data: Dataset = Field(Dataset("digits"), description="A set of square images: digits, mnist, fashion-mnist.")
    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        (256, 128), max_length=8, description="Units of each hidden layer, first to last; none makes it linear."
    )
    channels: tuple[Annotated[int, Field(ge=1, le=512)], ...] = Field(
        (), max_length=4, description="Channels of each convolution before them, every one pooled by two; none: dense."
    )
    activation: Literal["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid"] = Field(
        "relu", description="What stands between two layers."
    )
    normalisation: Literal["none", "batch", "layer"] = Field(
        "none", description="What is brought to mean 0 and variance 1 before an activation: a feature, or a row."
    )
    start: Literal["he", "xavier"] = Field("he", description="How large the first weights are: he suits ReLU.")
    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        description="Passes over the training images; 0 chooses: 500,000 images seen, 10 to 100 passes.",
    )
    batch: int = Field(32, ge=1, le=8192, description="Images a step.")
    optimizer: Literal["adam", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "lion"] = Field(
        "adam", description="The update rule. The others need another learning rate: 0.1 for sgd, say."
    )
    learning_rate: float = Field(0.002, gt=0, le=10, description="How far a step goes, at its largest.")
    schedule: Literal["cosine", "constant", "one_cycle", "exponential"] = Field(
        "cosine", description="How the step changes: to zero, never, up and down, or a hundredth by the end."
    )
    warm_up: float = Field(0.0, ge=0, le=0.5, description="Share of the training in which the step grows from zero.")
    clip: float = Field(0.0, ge=0, le=1e6, description="Longest gradient; a longer one is scaled down. 0: any.")
    patience: int = Field(
        0, ge=0, le=1000, description="Stop after so many epochs without a better validation loss; 0: never."
    )
    weight_decay: float = Field(0.01, ge=0, le=10, description="Pull of the weights to zero; biases are spared.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Share of hidden units that sit out a training step.")
    jitter: float = Field(
        1.0, ge=0, le=5, description="How much each batch is moved, turned, slanted before it is learnt; 0: not."
    )
    validation: float = Field(
        0.1, ge=0, le=0.5, description="Share of the training images kept aside for the curve. Choose by these."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Decides the split, the first weights and the order.")


class Input(Record):
    """One picture."""

    image: Image = Field(
        examples=[_THREE], description="A single digit of any size, dark on light or light on dark: drawn or a photo."
    )


class Output(Record):
    """What the network makes of it."""

    label: str = Field(description="The likeliest class.")
    probabilities: dict[str, float] = Field(description="Every class with its probability; they sum to one.")
    saw: Image = Field(description="The picture as the network was given it: cropped, centred, shrunk.")


class NeuralNet(System[Params, Input, Output]):
    """Reads a handwritten digit with a network written in NumPy alone."""

    QUICK = Params(hidden=(112,), jitter=0.6, learning_rate=0.006)

    def fit(self, run: Run) -> Mapping[str, float]:
        """Learn from ``params.data``; returns accuracy and loss on images that training never saw."""
        from castalia.projects.neural_net.training import Lesson, train

        self.lesson = Lesson.open(self.params)
        self.model = train(self.params, self.lesson, run)
        return dict(self.model.metrics)

    def __call__(self, x: Input) -> Output:
        """Name the digit of one picture."""
        return self.batch([x])[0]

    def batch(self, xs: Sequence[Input]) -> list[Output]:
        """Name the digits of many pictures at once."""
        import numpy as np

        from castalia.projects.neural_net.picture import look

        model = self._learnt()
        if not xs:
            return []
        seen = np.stack([look(x.image, model.side, digit=model.digits) for x in xs])
        # float64, so that a picture's answer does not depend on what else is in the batch
        chances = model.exact.answers(seen.reshape(len(xs), -1) / 255.0)
        return [self._answer(picture, row) for picture, row in zip(seen, chances, strict=True)]

    def _answer(self, picture: Any, chances: Any) -> Output:
        classes = self._learnt().classes
        return Output(
            label=classes[int(chances.argmax())],
            probabilities={name: round(float(chance), 6) for name, chance in zip(classes, chances, strict=True)},
            saw=Image.of_array(picture),
        )

    def save(self, folder: Path) -> None:
        """Write ``network.json`` (shape, classes, history) and ``weights.npz`` (arrays, no pickle)."""
        self._learnt().save(folder)

    def load(self, folder: Path) -> None:
        """Read what ``save`` wrote."""
        from castalia.projects.neural_net.model import Model

        self.model = Model.load(folder)

    def _learnt(self) -> Any:
        model = getattr(self, "model", None)
        if model is None:
            raise Unavailable("neural_net has not learnt yet", cure="Fit it first: castalia fit neural_net")
        return model

"""What a learner's network exports, milestone by milestone."""

FORWARD = '''
import numpy as np


# --- M1 ---
# Rows come first: x has the shape (n, inputs), images (n, channels, height, width). No loops over rows or pixels.


def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x weight + bias. weight: (inputs, units); bias: (units,); the answer: (n, units)."""
    raise NotImplementedError


def activate(name: str, x: np.ndarray) -> np.ndarray:
    """The activation of that name, of every number of x, whatever its shape; finite for every finite x.

    "relu": max(x, 0). "leaky_relu": x, or 0.01 x where x is negative. "tanh". "sigmoid": 1 / (1 + exp(-x)).
    "silu": x sigmoid(x). "gelu": x P(x), P the normal distribution function, (1 + erf(x / sqrt(2))) / 2; math.erf has
    it for one number. Raises ValueError for another name."""
    raise NotImplementedError


def softmax(scores: np.ndarray) -> np.ndarray:
    """exp(scores) over its sum, row by row; finite for every finite score. Shape (n, classes)."""
    raise NotImplementedError


def convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int = 1, padding: int = 0) -> np.ndarray:
    """Slide every filter over every image: y[n, f, i, j] is bias[f] plus the sum, over channels and the filter's places
    a, b, of weight[f, c, a, b] times x[n, c, i * stride + a, j * stride + b]. The filter is not turned round.

    weight: (filters, channels, rows, columns). Before, `padding` zeros are put on all four sides. A window that does
    not fit in whole is left out."""
    raise NotImplementedError


def max_pool(x: np.ndarray, size: int) -> np.ndarray:
    """The largest number of every window of size x size; windows do not overlap, and rows and columns that are left
    over at the end are dropped."""
    raise NotImplementedError


class Network:
    """Dense layers with an activation behind each but the last: sizes (inputs, hidden ..., outputs)."""

    def __init__(self, sizes: list[int], activation: str = "relu", dropout: float = 0.0, seed: int = 0) -> None:
        """Weights are normal numbers of variance 2 / inputs of their layer (He et al. 2015), drawn by the seed; biases
        are zero. Raises ValueError for an unknown activation, fewer than two sizes, a dropout outside 0 <= p < 1."""
        raise NotImplementedError

    def parameters(self) -> list[np.ndarray]:
        """[weight, bias, weight, bias, ...] from the first layer to the last, as copies."""
        raise NotImplementedError

    def load(self, parameters: list[np.ndarray]) -> None:
        """Take these in place of its own, as copies. Raises ValueError for another number or other shapes."""
        raise NotImplementedError

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The scores, shape (n, outputs). While training, each number behind a hidden activation is put to zero with
        probability `dropout`, and the others are divided by 1 - dropout; every call draws anew."""
        raise NotImplementedError

    def gradients(self, x: np.ndarray, target: np.ndarray, loss: str) -> list[np.ndarray]:
        """For M3. The gradient of the loss of this batch by every parameter, in the order of parameters(). As in
        training: with one draw of dropout, the same forward and backward. The network stays as it is."""
        raise NotImplementedError

    def step(self, x: np.ndarray, target: np.ndarray, loss: str, rule: object) -> float:
        """For M5. One step of learning on this batch: gradients, rule, new parameters. Returns the loss that these
        gradients are of, before the parameters move."""
        raise NotImplementedError
'''

BACKWARD = '''

# --- M2 ---
# gradient is that of a loss by what the layer answered, and has its shape. What comes back is the gradient of the same
# loss by what went in: the chain rule, one layer at a time.


def dense_backward(x: np.ndarray, weight: np.ndarray, gradient: np.ndarray) -> tuple:
    """The gradients by x, by weight and by bias, in this order."""
    raise NotImplementedError


def activate_backward(name: str, x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The gradient by x, what went into the activation. The slope of relu at 0 is 0, of leaky_relu 0.01."""
    raise NotImplementedError


def convolve_backward(
    x: np.ndarray, weight: np.ndarray, gradient: np.ndarray, stride: int = 1, padding: int = 0
) -> tuple:
    """The gradients by x, by weight and by bias, in this order; that by x has the shape of x, without the padding."""
    raise NotImplementedError


def max_pool_backward(x: np.ndarray, size: int, gradient: np.ndarray) -> np.ndarray:
    """The gradient by x. Of equal largest numbers in a window the first, row by row, gets all of it."""
    raise NotImplementedError
'''

LOSSES = '''

# --- M3 ---
# scores: (n, outputs). "cross_entropy": -log softmax(scores)[target], target: n class numbers. "binary_cross_entropy":
# -t log s - (1 - t) log(1 - s), s = sigmoid(scores). "squared_error": d^2 / 2, d = scores - target. "huber": the same
# where |d| <= 1, else |d| - 1/2. In these three target has the shape of scores. The loss of a row is the sum over its
# outputs; the loss of a batch is the mean over its rows. Write Network.gradients, above, as well.


def loss_value(loss: str, scores: np.ndarray, target: np.ndarray) -> float:
    """The loss of the batch; finite and accurate for scores of +-10,000, in float32 too.

    Raises ValueError for an unknown loss, shapes that do not fit, and a class that is not one of 0 ... outputs - 1."""
    raise NotImplementedError


def loss_gradient(loss: str, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The gradient of loss_value by scores, in their shape."""
    raise NotImplementedError
'''

RULES = '''

# --- M4 ---
# A rule remembers what it needs between steps. step takes two lists of arrays of the same shapes, and returns a list of
# new ones; it changes neither. g: a gradient; p: a parameter. Every operation is on each number by itself.
# Weight decay is decoupled (Loshchilov and Hutter 2019): before the step p becomes p - rate * decay * p, for weights
# only: arrays of two axes or more.


def clip(gradients: list[np.ndarray], largest: float) -> list[np.ndarray]:
    """All of them scaled by one number, so that the norm of all numbers together is at most `largest`. Where it is
    already, they stay. Raises ValueError where that norm is NaN or infinite."""
    raise NotImplementedError


class SGD:
    """p - rate * g. With momentum: v = momentum * v + g, from v = 0; p - rate * v. With nesterov as well:
    p - rate * (g + momentum * v), with the new v."""

    def __init__(self, rate: float, momentum: float = 0.0, nesterov: bool = False, decay: float = 0.0) -> None:
        raise NotImplementedError

    def step(self, parameters: list[np.ndarray], gradients: list[np.ndarray]) -> list[np.ndarray]:
        raise NotImplementedError


class RMSProp:
    """s = alpha * s + (1 - alpha) * g^2, from s = 0; p - rate * g / (sqrt(s) + eps)."""

    def __init__(self, rate: float, alpha: float = 0.99, eps: float = 1e-8, decay: float = 0.0) -> None:
        raise NotImplementedError

    def step(self, parameters: list[np.ndarray], gradients: list[np.ndarray]) -> list[np.ndarray]:
        raise NotImplementedError


class Adam:
    """m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g^2; both from 0. In step t, counted from 1:
    p - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps) (Kingma and Ba 2015)."""

    def __init__(
        self, rate: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, decay: float = 0.0
    ) -> None:
        raise NotImplementedError

    def step(self, parameters: list[np.ndarray], gradients: list[np.ndarray]) -> list[np.ndarray]:
        raise NotImplementedError
'''

STEPS = '''

# --- M5 ---
# Write Network.step, above, as well.


def batches(n: int, size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The numbers 0 ... n - 1, shuffled, in pieces of `size`, the last perhaps shorter. The same seed and epoch have
    the same order again; another of the two has another order."""
    raise NotImplementedError


def evaluate(network: Network, x: np.ndarray, target: np.ndarray, loss: str, size: int = 256) -> float:
    """The mean loss over all rows, as after training, computed in pieces of `size` rows in their order."""
    raise NotImplementedError
'''

TRAINING = '''

# --- M6 ---


def fit(
    network: Network, rule: object, x: np.ndarray, target: np.ndarray, loss: str, epochs: int, size: int = 32,
    seed: int = 0, x_val: np.ndarray | None = None, target_val: np.ndarray | None = None, patience: int = 0,
) -> list[dict]:
    """Learn: an epoch is one step on each of batches(n, size, seed, epoch), epochs counted from 1. Returns a row an
    epoch: {"epoch", "loss"}, the loss being the mean over all rows of what the steps returned.

    With x_val and target_val a row has "val_loss" too, evaluate() of them after the epoch. They are never learnt from:
    the network ends with the parameters of the epoch whose val_loss is the lowest, the first of equal ones; and with a
    patience of k > 0, fit ends after k epochs in a row that brought no lower one."""
    raise NotImplementedError
'''

NOTES = """

# --- M7 ---
# NOTES.md, beside this file: a heading for each of dense, activation, softmax, convolution, pooling, dropout,
# cross-entropy, momentum and Adam; below it what it computes and why its gradient (or its correction) is what it is, in
# your own words and formulas: forty words at least. That they are right nobody checks but you.
"""

SYSTEM = '''

# --- M8 ---
# The network as a System of Castalia: castalia fit, the page and castalia compare know it from now on.

from castalia.core.fields import Image  # noqa: E402
from castalia.core.system import Field, Record, Run, System  # noqa: E402


class Params(Record):
    hidden: int = Field(64, ge=1, le=1024, description="Units of the hidden layer.")
    epochs: int = Field(30, ge=1, le=1000, description="Passes over the training images.")
    learning_rate: float = Field(0.003, gt=0, le=1, description="The step of Adam.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Decides the split, the first weights and the order.")


class Input(Record):
    image: Image = Field(description="One digit, dark on light or light on dark.")


class Output(Record):
    label: str = Field(description="The likeliest digit.")
    probabilities: dict[str, float] = Field(description="Every digit with its probability.")


class NeuralNet(System[Params, Input, Output]):
    """Reads a handwritten digit with a network of my own."""

    QUICK = Params(hidden=24, epochs=4, learning_rate=0.01)

    def fit(self, run: Run) -> dict[str, float]:
        """Learn from castalia.data.open("digits") and log loss and val_loss after each epoch. Returns
        {"test_accuracy", "test_loss"} on a fifth of the images, which training never sees."""
        raise NotImplementedError

    def __call__(self, x: Input) -> Output:
        """Whatever the picture's size: cut to its ink, made square and as small as the images that were learnt."""
        raise NotImplementedError

    def save(self, folder) -> None:
        raise NotImplementedError

    def load(self, folder) -> None:
        raise NotImplementedError
'''

PARTS = {
    "M1": FORWARD, "M2": BACKWARD, "M3": LOSSES, "M4": RULES, "M5": STEPS, "M6": TRAINING, "M7": NOTES, "M8": SYSTEM,
}  # fmt: skip


def until(last: str) -> str:
    """The interface up to and with a milestone."""
    names = list(PARTS)
    return "".join(PARTS[name] for name in names[: names.index(last) + 1])

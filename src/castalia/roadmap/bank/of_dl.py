"""Questions about deep learning: networks, activations, backpropagation, optimizers, batch normalization."""

from __future__ import annotations

import math
import random

import castalia.roadmap.bank.of_dl_more  # noqa: F401  # puts the other half on the shelf
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("dl01")
def parameters_of_mlp(rng: random.Random) -> Question:
    """Weights and biases of three linear layers."""
    a, b, c, d = rng.choice([20, 30, 64]), rng.choice([50, 100, 128]), rng.choice([10, 16, 40]), rng.randint(2, 9)
    return number(
        f"An MLP has layers of {a}, {b}, {c} and {d} units, the first of them the inputs. Every layer has biases. "
        "How many parameters are trained?",
        (a + 1) * b + (b + 1) * c + (c + 1) * d,
        f"Each layer has (inputs + 1) · outputs: {a + 1} · {b} + {b + 1} · {c} + {c + 1} · {d}.",
        within=0,
    )


@asks("dl01")
def forward_pass(rng: random.Random) -> Question:
    """Two hidden ReLU units, one of which is off."""
    x, y = rng.randint(1, 4), rng.randint(1, 4)
    on, off, bias = (rng.randint(1, 3), rng.randint(1, 3)), (-rng.randint(1, 3), -rng.randint(1, 3)), rng.randint(-3, 3)
    v = (rng.choice([2, 3, -2]), rng.choice([2, 3, 4]))
    return number(
        f"A network has two hidden ReLU units without biases and a linear output. Its input is ({x}, {y}). "
        "What does it put out?",
        v[0] * (on[0] * x + on[1] * y) + bias,
        f"The first unit gives {on[0] * x + on[1] * y}; the second sum is negative, so ReLU gives 0.",
        code=f"W = [[{on[0]}, {on[1]}],   # a row for each hidden unit\n     [{off[0]}, {off[1]}]]\n"
        f"v = [{v[0]}, {v[1]}]         # of the output\nb = {bias}",
        within=0,
    )


@asks("dl01")
def no_activation(rng: random.Random) -> Question:
    """Linear layers in a row are one linear layer."""
    width = rng.choice([64, 256, 1024])
    return choice(
        rng,
        f"A classifier of digits is Linear(784, {width}), Linear({width}, {width}), Linear({width}, 10) with nothing "
        "in between, trained with cross-entropy. Which model can it at best equal?",
        ("softmax regression on pixels", "A product of matrices is a matrix: the classifier is linear."),
        [
            ("an MLP with two hidden layers", "Without a function in between, the layers collapse into one."),
            (f"an MLP with {width} hidden units", "Width without a non-linear function adds nothing."),
            ("a polynomial of degree three", "Linear layers add and scale their inputs, they never multiply them."),
        ],
    )


@asks("dl02")
def softmax_of_three(rng: random.Random) -> Question:
    """One probability of a softmax."""
    logits = rng.sample([-1, 0, 1, 2, 3], 3)
    exps = [math.exp(each) for each in logits]
    return number(
        f"The logits of three classes are {logits}. Which probability does softmax give the first? (Python is fine.)",
        exps[0] / sum(exps),
        "exp of each, divided by the sum of the three.",
    )


@asks("dl02")
def sigmoids_in_a_row(rng: random.Random) -> Question:
    """The sigmoid's derivative is at most one quarter."""
    n, w = rng.randint(3, 6), rng.choice([1, 2, 3])
    return number(
        f"{n} layers of one sigmoid unit each, all weights {w}, biases as you like. By which factor at most is a "
        "gradient multiplied on its way from the last unit's output back to the first unit's input?",
        (w / 4) ** n,
        f"The sigmoid's derivative is at most 1/4, so each layer gives at most {w}/4, and {n} of them the power.",
    )


@asks("dl02")
def dead_units(rng: random.Random) -> Question:
    """A ReLU that is 0 on all examples gets no gradient."""
    share = rng.choice([40, 60, 70])
    return choice(
        rng,
        f"After one large step of plain SGD, {share} % of the ReLU units of the first hidden layer give 0 on every "
        "example of the training set. What happens to these units if training goes on with a smaller step?",
        ("They stay at 0: their incoming weights get no gradient.", "ReLU's slope is 0 for all their inputs."),
        [
            ("They come back slowly, as the step is now small enough.", "A gradient of 0 times any step is 0."),
            (
                "They come back once the layers behind them have settled.",
                "Whatever arrives from behind is multiplied by ReLU's slope, which is 0.",
            ),
            (
                "They flip to always active, because their biases still grow.",
                "The bias is behind the same ReLU: its gradient is 0 too.",
            ),
        ],
    )


@asks("dl03")
def through_relu(rng: random.Random) -> Question:
    """The chain rule through two weights and a ReLU."""
    x, w, v, t = rng.randint(1, 4), rng.randint(1, 4), rng.choice([-3, -2, 2, 3]), rng.randint(-5, 5)
    if v * w * x == t:
        t += 1
    return number(
        f"h = ReLU(w · x), y = v · h, L = (y - t)², with x = {x}, w = {w}, v = {v}, t = {t}. What is ∂L/∂w?",
        2 * (v * w * x - t) * v * x,
        f"2 (y - t) · v · x with y = {v * w * x}; the ReLU is open.",
        within=0,
    )


@asks("dl03")
def gradient_at_logit(rng: random.Random) -> Question:
    """Softmax and cross-entropy: probability minus one-hot, over the batch."""
    p = rng.choice([(0.2, 0.5, 0.3), (0.1, 0.7, 0.2), (0.6, 0.3, 0.1), (0.4, 0.2, 0.4)])
    n = rng.choice([4, 8, 10, 16])
    true = rng.randrange(3)
    return number(
        f"Softmax gives one example the probabilities {p}; its true class is number {true + 1}. The loss is the mean "
        f"cross-entropy over a batch of {n}. What is the derivative of the loss by this example's first logit?",
        (p[0] - (true == 0)) / n,
        f"(p - 1[true class]) / {n}: the mean divides by the size of the batch.",
    )


@asks("dl03")
def gradient_check(rng: random.Random) -> Question:
    """A step below the precision of float32."""
    h = rng.choice(["1e-9", "1e-10", "1e-12"])
    return choice(
        rng,
        "A hand-written gradient is checked by (L(w + h) - L(w - h)) / 2h in float32, at w near 1. With h = 1e-2 both "
        f"agree to three digits and are not 0; with h = {h} the quotient is exactly 0. What is the matter?",
        ("In float32, w + h rounds back to w.", "Near 1, float32 has steps of about 1e-7: both losses are equal."),
        [
            ("The gradient vanishes at this w.", "Then h = 1e-2 would have given 0 as well, and did not."),
            ("A step this small needs a one-sided quotient.", "One-sided loses accuracy and rounds just the same."),
            ("The hand-written gradient is wrong.", "It agreed where the quotient could be trusted."),
        ],
    )


@asks("dl04")
def second_step_of_adam(rng: random.Random) -> Question:
    """Adam's second step with its bias correction."""
    lr = rng.choice([0.1, 0.01, 0.2])
    g = (rng.choice([1, 2, 4]), rng.choice([-1, 3, 5]))
    m = (0.9 * 0.1 * g[0] + 0.1 * g[1]) / (1 - 0.9**2)
    v = (0.999 * 0.001 * g[0] ** 2 + 0.001 * g[1] ** 2) / (1 - 0.999**2)
    return number(
        f"Adam with lr = {lr}, β1 = 0.9, β2 = 0.999 and a negligible ε starts from zero moments. The first two "
        f"gradients of a weight are {g[0]} and {g[1]}. By how much does the second step change the weight? "
        "Mind the sign. (Python is fine.)",
        -lr * m / math.sqrt(v),
        f"m̂ = {m:.4g} and v̂ = {v:.4g} after the correction by 1 - β²; the step is -lr · m̂ / √v̂.",
    )


@asks("dl04")
def steady_momentum(rng: random.Random) -> Question:
    """With a constant gradient, momentum multiplies the step by 1 / (1 - μ)."""
    lr, mu, g = rng.choice([0.1, 0.01, 0.05]), rng.choice([0.5, 0.8, 0.9, 0.95]), rng.randint(2, 9)
    return number(
        f"SGD with momentum: u ← {mu} u + g, then w ← w - {lr} u. The gradient is g = {g} at every step. "
        "How long does the step of w become in the end (its absolute value)?",
        lr * g / (1 - mu),
        f"u settles where u = {mu} u + g, at g / (1 - {mu}).",
    )


@asks("dl04")
def steps_to_a_hundredth(rng: random.Random) -> Question:
    """Gradient descent on a parabola shrinks by a constant factor."""
    c, rate = rng.randint(2, 10), rng.choice([0.005, 0.01, 0.015, 0.02, 0.03])
    factor = 1 - 2 * c * rate
    return number(
        f"Gradient descent on f(w) = {c} w² with learning rate {rate} begins at w = 1. After how many steps is w below "
        "0.01 for the first time? (Python is fine.)",
        math.ceil(math.log(0.01) / math.log(factor)),
        f"Each step multiplies w by 1 - 2 · {c} · {rate} = {factor:.3g}; so log 0.01 / log {factor:.3g}, rounded up.",
        within=0,
    )


@asks("dl04")
def decay_in_adam(rng: random.Random) -> Question:
    """L2 inside Adam's gradient is divided by the gradient's size."""
    small, large = rng.choice([("0.001", "1"), ("0.01", "10"), ("0.01", "5")])
    return choice(
        rng,
        "λw is added to the gradient before Adam (not AdamW). Two weights are equal; the loss gives one of them "
        f"gradients of about ±{large}, the other of about ±{small}, both with mean 0. λw is smaller than either. "
        "Which one is pulled to 0 faster?",
        (f"the one with gradients of ±{small}", "Adam divides λw by √v̂, which is small there; AdamW would not."),
        [
            (f"the one with gradients of ±{large}", "A large √v̂ makes its share of the decay smaller."),
            ("both, as their decay λw is the same", "That is AdamW, where decay does not pass through √v̂."),
            ("neither, as Adam cancels the decay", "It scales the decay for each weight; it does not remove it."),
        ],
    )


@asks("dl05")
def normalized_value(rng: random.Random) -> Question:
    """Batch normalization of four values."""
    mean, spread = rng.randint(2, 9), rng.choice([1, 2, 3])
    batch = [mean - 3 * spread, mean - spread, mean + spread, mean + 3 * spread]
    rng.shuffle(batch)
    gamma, beta = rng.choice([2, 3]), rng.choice([-1, 1, 4])
    return number(
        f"In training, a feature has the values {batch} over a batch of four. Batch normalization has γ = {gamma} and "
        f"β = {beta}, its ε is negligible. What becomes of the first value?",
        gamma * (batch[0] - mean) / (spread * math.sqrt(5)) + beta,
        f"Mean {mean}, variance {5 * spread**2} (divided by 4, not by 3): γ (x - mean) / √variance + β.",
    )


@asks("dl05")
def running_mean(rng: random.Random) -> Question:
    """The running mean lags behind the batches."""
    m, k = rng.choice([4, 5, 10, 20]), rng.choice([3, 5, 10, 20])
    return number(
        f"PyTorch's BatchNorm1d (momentum 0.1, running mean 0 at first) sees {k} training batches, each with mean {m} "
        "in the one feature. What is its running mean then? (Python is fine.)",
        m * (1 - 0.9**k),
        f"Each batch moves it by a tenth of the way: {m} (1 - 0.9^{k}).",
    )


@asks("dl05")
def changes_with_company(rng: random.Random) -> Question:
    """A forgotten eval()."""
    n = rng.choice([32, 64, 128])
    return choice(
        rng,
        f"A trained network with batch normalization is asked about the same image twice, in batches of {n} "
        "with other images around it. The two outputs differ in the first digit; the weights are untouched and "
        "there is no dropout. What is the first thing to look at?",
        ("whether model.eval() was called", "In training mode the batch's own mean and variance are used."),
        [
            ("whether the seed was set before", "Nothing here is drawn at random once the weights are fixed."),
            ("whether the batch was shuffled", "Order does not change a batch's mean; a seed would not help."),
            ("whether torch.no_grad() was on", "It stops gradients from being kept; the numbers stay the same."),
        ],
    )

"""Questions about deep learning: dropout, transfer, frameworks, GPUs, the practice of training."""

from __future__ import annotations

import math
import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("dl06")
def spread_of_dropout(rng: random.Random) -> Question:
    """Mean kept, variance added."""
    a, p = rng.randint(2, 8), rng.choice([0.1, 0.2, 0.4, 0.75])
    return number(
        f"Dropout with p = {p}, as PyTorch does it in training, acts on an activation that is always {a}. "
        "What is the standard deviation of what comes out?",
        a * math.sqrt(p / (1 - p)),
        f"It is 0 with probability {p} and {a} / {1 - p:g} otherwise: mean {a}, variance {a}² · p / (1 - p).",
    )


@asks("dl06")
def training_above_validation(rng: random.Random) -> Question:
    """Loss with units dropped against loss without."""
    val = rng.choice([0.36, 0.38, 0.41])
    return choice(
        rng,
        f"A network with dropout 0.5 logs a training loss of {val + 0.09:.2f} and a validation loss of {val:.2f}. In "
        f"evaluation mode, the loss over the training set is {val - 0.07:.2f}. What do you conclude?",
        ("All is well: the log's loss is with units dropped.", "Measured alike, training has the lower one."),
        [
            ("Validation examples have leaked into training.", "A leak would not raise the loss in training."),
            ("The model underfits, so a wider network is needed next.", "Measured alike there is a small gap upwards."),
            ("The validation set is easier and must be drawn once more.", "Measured alike it is harder, as usual."),
        ],
    )


@asks("dl06")
def functional_dropout(rng: random.Random) -> Question:
    """F.dropout is on unless it is told otherwise."""
    p = rng.choice([0.3, 0.4, 0.5])
    return choice(
        rng,
        "After model.eval(), this network still gives another answer at each call. Why?",
        ("F.dropout does not know the mode of the model.", "Its argument training is True unless given."),
        [
            ("model.eval() must be followed by torch.no_grad().", "no_grad stops gradients, not dropout."),
            ("Dropout must stand before the ReLU, not after it.", "For ReLU the order makes no difference."),
            (f"p = {p} is scaled up in eval mode.", "PyTorch scales in training, and by 1 / (1 - p)."),
        ],
        code=f"def forward(self, x):\n    x = F.relu(self.first(x))\n    x = F.dropout(x, {p})\n"
        "    return self.last(x)",
    )


@asks("dl07")
def trained_parameters(rng: random.Random) -> Question:
    """A new head on a frozen backbone."""
    d, h, k = rng.choice([256, 512, 768]), rng.choice([32, 64, 100]), rng.randint(3, 12)
    return number(
        f"A frozen backbone of 11 million parameters ends in {d} features. Behind it come Linear({d}, {h}), ReLU and "
        f"Linear({h}, {k}), both with biases. How many parameters does the optimizer change?",
        (d + 1) * h + (h + 1) * k,
        f"({d} + 1) · {h} + ({h} + 1) · {k}; the backbone is frozen.",
        within=0,
    )


@asks("dl07")
def fine_tuning_breaks(rng: random.Random) -> Question:
    """A step that destroys what was learnt before."""
    probe = rng.choice([84, 88, 91])
    return choice(
        rng,
        f"A linear head on a frozen pretrained network reaches {probe} %. Starting from that head, all layers "
        f"are then trained with SGD at lr 0.1; after one epoch validation is at {probe - 30} %, and the "
        "training loss has jumped up too. What do you try first?",
        ("a learning rate a hundred times smaller", "Steps that large overwrite what was learnt before."),
        [
            ("more dropout in front of the new linear head", "The training loss rose too: no overfitting."),
            ("many more epochs at the same rate", "That is training from scratch, with what was learnt lost."),
            ("stronger augmentation of the training images", "It fights overfitting, which is not what is seen."),
        ],
    )


@asks("dl07")
def head_left_out(rng: random.Random) -> Question:
    """The optimizer holds the old head."""
    k = rng.choice([5, 10, 37])
    return choice(
        rng,
        "The loss falls a little, but the weights of the new head are the same after training as before. Why?",
        ("The optimizer was given the parameters of the old head.", "It keeps the tensors that it was given."),
        [
            ("A new layer is frozen until requires_grad_() is called.", "New parameters ask for gradients by default."),
            ("The backbone's learning rate is too large for a head.", "Then the head would move, if badly."),
            ("A head that is replaced must be put into train() first.", "The mode changes dropout, not updates."),
        ],
        code="opt = torch.optim.AdamW(model.parameters(), lr=1e-4)\n"
        f"model.fc = nn.Linear(512, {k})\n"
        "for x, y in loader:\n    opt.zero_grad()\n    F.cross_entropy(model(x), y).backward()\n    opt.step()",
    )


@asks("dl08")
def gradients_add_up(rng: random.Random) -> Question:
    """backward() adds to .grad."""
    x, times = rng.randint(2, 6), rng.randint(2, 4)
    return number(
        "What does this print?",
        2 * x * times,
        f"Each backward() adds 2x = {2 * x} to x.grad; nothing sets it back to 0.",
        code=f"x = torch.tensor({x}.0, requires_grad=True)\nfor _ in range({times}):\n    loss = x**2\n"
        "    loss.backward()\nprint(x.grad.item())",
        within=0,
    )


@asks("dl08")
def differences_averaged(rng: random.Random) -> Question:
    """(n, 1) against (n,) broadcasts."""
    n = rng.randint(12, 64)
    return number(
        f"A regression's predictions have shape ({n}, 1), its targets ({n},). Over how many squared differences does "
        "((predictions - targets) ** 2).mean() go?",
        n * n,
        f"({n}, 1) and ({n},) broadcast to ({n}, {n}): each prediction meets each target.",
        within=0,
    )


@asks("dl08")
def softmax_twice(rng: random.Random) -> Question:
    """The floor of cross-entropy on probabilities."""
    k = rng.randint(3, 30)
    return number(
        f"A network for {k} classes ends in a softmax, and its output goes into PyTorch's F.cross_entropy. "
        "What is the smallest loss that it can come near? (Python is fine.)",
        math.log(1 + (k - 1) / math.e),
        f"cross_entropy takes the softmax again, of numbers between 0 and 1: at best -ln(e / (e + {k - 1})).",
    )


@asks("dl08")
def gradients_kept(rng: random.Random) -> Question:
    """A loop that never sets gradients back."""
    lr, width = rng.choice(["0.01", "0.001"]), rng.randint(6, 20)
    return choice(
        rng,
        f"A linear regression on {width} scaled features. The loss falls at first, then swings up and down and never "
        "settles, with each learning rate that was tried. What is wrong in this loop?",
        ("Gradients of all steps are added up.", "backward() adds to .grad; opt.zero_grad() is missing."),
        [
            ("The loss is that of one batch only.", "That is so in every such loop, and most of them settle."),
            ("The targets were not scaled to 0 to 1.", "The layer's weights and bias can fit any range."),
            ("A layer without activation diverges.", "A linear layer's loss is a bowl: the easiest there is."),
        ],
        code=f"model = nn.Linear({width}, 1)\nopt = torch.optim.SGD(model.parameters(), lr={lr})\n"
        "for x, y in loader:                      # y: (batch, 1)\n    loss = F.mse_loss(model(x), y)\n"
        "    loss.backward()\n    opt.step()",
    )


@asks("dl09")
def memory_of_adam(rng: random.Random) -> Question:
    """Weights, gradients and two moments."""
    m = 10 * rng.randint(6, 150)
    return number(
        f"A model of {m} million parameters is trained with Adam, everything in float32. How many GB (of 10⁹ bytes) "
        "do weights, gradients and the optimizer's state take, without activations?",
        m * 16 / 1000,
        f"Weights, gradients and two moments: 4 · 4 = 16 bytes for each of {m} million.",
    )


@asks("dl09")
def time_of_matmul(rng: random.Random) -> Question:
    """Two operations for each product."""
    n, rate = rng.choice([2048, 4096, 8192]), rng.choice([20, 50, 100])
    return number(
        f"Two {n} × {n} matrices are multiplied on a GPU that does {rate}·10¹² floating-point operations a "
        "second, and it gets all of them. How many milliseconds does that take? (Python is fine.)",
        2 * n**3 / rate / 1e9,
        f"{n}³ products and as many sums: 2 · {n}³ / ({rate}·10¹²) seconds.",
    )


@asks("dl09")
def asynchronous_clock(rng: random.Random) -> Question:
    """Kernels are queued, not waited for."""
    n = rng.choice([4096, 8192])
    return choice(
        rng,
        "This says that a product of two large matrices takes 0.02 ms on the GPU. What is wrong?",
        ("The clock stops before the GPU has worked.", "The call only queues it; torch.cuda.synchronize() waits."),
        [
            ("The first call is the slow one, by its warm-up.", "A warm-up makes a figure too large, not too small."),
            ("The product is not kept, so it is never made.", "PyTorch runs eagerly; c is kept all the same."),
            ("The time of copying a and b is not counted.", "They are made on the GPU: nothing is copied."),
        ],
        code=f'a = torch.randn({n}, {n}, device="cuda")\nb = torch.randn({n}, {n}, device="cuda")\n'
        "t = time.perf_counter()\nc = a @ b\nprint(time.perf_counter() - t)",
    )


@asks("dl09")
def idle_gpu(rng: random.Random) -> Question:
    """A loader that is too slow."""
    used, slow = rng.choice([(15, 600), (20, 450), (12, 800)])
    return choice(
        rng,
        f"The GPU is busy {used} % of the time. A step takes {slow} ms, but only {slow * used // 100} ms if the same "
        "batch is used again and again. The CPU decodes and resizes large photos, all its cores at 100 %. "
        "What shortens training?",
        ("Resize all of the images beforehand.", "The step waits for data; the cores are busy making it."),
        [
            ("Train with bfloat16 and compile the model.", "That shortens the small part in which the GPU works."),
            ("Spread the batch over two GPUs.", "Two GPUs would wait for the same cores."),
            ("Start twice as many workers for loading.", "All cores are at 100 % already."),
        ],
    )


@asks("dl10")
def rate_of_cosine(rng: random.Random) -> Question:
    """Warm-up, then half a cosine."""
    peak, warm, total = rng.choice([0.1, 0.3, 0.4]), rng.choice([100, 200]), rng.choice([1100, 2100])
    step = warm + (total - warm) * rng.choice([1, 3]) // 4
    done = (step - warm) / (total - warm)
    return number(
        f"The learning rate rises from 0 to {peak} over {warm} steps and then falls to 0 along half a cosine, reached "
        f"at step {total}. What is it at step {step}? (Python is fine.)",
        peak * (1 + math.cos(math.pi * done)) / 2,
        f"{done:.0%} of the cosine are done: {peak} · (1 + cos(π · {done:g})) / 2.",
    )


@asks("dl10")
def first_loss(rng: random.Random) -> Question:
    """A network that knows nothing gives ln C."""
    k = rng.choice([5, 8, 12, 20, 25, 37, 50, 80, 100, 120, 200, 365, 400, 1000])
    return number(
        f"A classifier of {k} equally frequent classes has just been initialized, with a last layer of tiny weights. "
        "Which cross-entropy (natural logarithm) should the first batch show?",
        math.log(k),
        f"All classes get probability 1/{k}, so the loss is ln {k}. Much more than that means a fault.",
    )


@asks("dl10")
def steps_of_epoch(rng: random.Random) -> Question:
    """Devices, batches, accumulation."""
    b, a, g = rng.choice([8, 16, 32]), rng.choice([2, 4, 8]), rng.choice([2, 4])
    steps = rng.randint(40, 200)
    return number(
        f"{steps * a * b * g} examples, {g} GPUs with a batch of {b} on each, gradients accumulated over {a} batches. "
        "How often does the optimizer step in an epoch?",
        steps,
        f"A step uses {g} · {b} · {a} = {a * b * g} examples.",
        within=0,
    )


@asks("dl10")
def one_batch(rng: random.Random) -> Question:
    """A network that cannot learn eight examples has a fault."""
    n = rng.choice([8, 16])
    return choice(
        rng,
        f"Before the real run you train on one fixed batch of {n} images of several classes (out of 10), without "
        "regularization. After 1000 steps of Adam at lr 1e-3 the loss is still 2.30. What does that tell you?",
        ("There is a fault between data, model and update.", f"Any working network learns {n} examples by heart."),
        [
            (f"{n} images are too few for a network to learn.", "Few examples are easier to learn by heart."),
            ("The network overfits and needs regularization.", "Overfitting would be a loss near 0 here."),
            (
                "The real run needs many more than 1000 steps.",
                "2.30 is ln 10: nothing has been learnt, not even which classes occur.",
            ),
        ],
    )


@asks("dl10")
def loss_in_waves(rng: random.Random) -> Question:
    """A schedule made for epochs, stepped by batches."""
    epochs, waves = rng.choice([(30, 8), (25, 10), (50, 6)])
    return choice(
        rng,
        f"An epoch has {2 * epochs * waves} batches. The loss falls and rises again in waves, {waves} of them in each "
        "epoch. Where do they come from?",
        ("The schedule is stepped at each batch.", f"T_max counts its steps, so it is through after {epochs} batches."),
        [
            ("The loader does not shuffle the data.", "An order of the data repeats once an epoch."),
            ("zero_grad stands before the backward.", "That is its right place."),
            ("The schedule is not made for SGD.", "It only sets the learning rate, of any optimizer."),
        ],
        code=f"opt = torch.optim.SGD(model.parameters(), lr=0.4)\n"
        f"schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max={epochs})\n"
        f"for epoch in range({epochs}):\n    for x, y in loader:\n        opt.zero_grad()\n"
        "        F.cross_entropy(model(x), y).backward()\n        opt.step()\n        schedule.step()",
    )

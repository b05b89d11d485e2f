# ruff: noqa: E402  threads are set before NumPy is imported
"""The network of `neural_net` beside torch, scikit-learn and micrograd, on one thread: `python benchmarks/network.py`.

Speed alone; accuracies are in benchmarks/neural_net.py. Each pair does the same work: one pass over 20,000 random
images with Adam in float32, one convolution, one step of a small convolutional network. Where both compute the same
numbers, they are compared before they are timed. Minimum of seven, in both orders. Writes every time to
benchmarks/results/network.json.
"""

from __future__ import annotations

import json
import os
import platform
import random
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

import micrograd
import numpy as np
import sklearn
import torch
from beside import in_turns, seconds
from micrograd.nn import MLP
from sklearn.neural_network import MLPClassifier

from castalia import data
from castalia.projects.neural_net.activations import ReLU
from castalia.projects.neural_net.convolution import Conv, MaxPool
from castalia.projects.neural_net.layers import Dense, Flatten
from castalia.projects.neural_net.losses import SquaredError
from castalia.projects.neural_net.network import Network

TIMES = 7
RESULT = Path(__file__).parent / "results" / "network.json"
Act = Callable[[], object]


def beside(what: str, ours: Act, peer: str, theirs: Act, bar: float | None) -> dict[str, Any]:
    """Both in turns; ``bar`` is how many times faster than the peer ours has to be."""
    ours(), theirs()
    times = in_turns({"ours": partial(seconds, ours), "peer": partial(seconds, theirs)}, TIMES)
    ratio = min(times["peer"]) / min(times["ours"])
    mine_ms, theirs_ms = (min(times[name]) * 1e3 for name in ("ours", "peer"))
    print(f"{what:52} {peer:24} {mine_ms:10.3f} ms {theirs_ms:10.3f} ms  {ratio:8.2f}x  bar {bar}")
    return {"what": what, "peer": peer, "ratio": round(ratio, 3), "bar": bar, "seconds": times}


def of_epochs() -> list[dict[str, Any]]:
    """20,000 images through 784-128-10 once, Adam with its defaults, float32."""
    rng = np.random.default_rng(0)
    x, y = rng.random((20_000, 784), dtype=np.float32), rng.integers(0, 10, 20_000)
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)
    rows = []

    def ours(batch: int) -> None:
        network = Network.dense((784, 128, 10))
        rule = network.adam()
        for index in data.batches(len(y), batch):
            network.learn(x.take(index, axis=0), y[index])
            rule.step(network.gradient, 0.001)

    def torchs(batch: int, fused: bool) -> None:
        model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
        rule = torch.optim.Adam(model.parameters(), 1e-3, fused=fused)
        loss = torch.nn.CrossEntropyLoss()
        for index in torch.randperm(len(y)).split(batch):
            rule.zero_grad()
            loss(model(tx[index]), ty[index]).backward()
            rule.step()

    def sklearns(batch: int) -> None:
        MLPClassifier((128,), batch_size=batch, max_iter=1, random_state=0).fit(x, y)

    for batch, bar in ((128, 1.3), (32, 2.0)):
        what = f"20,000 images through 784-128-10, batch {batch}"
        rows += [
            beside(what, partial(ours, batch), "torch", partial(torchs, batch, False), bar),
            beside(what, partial(ours, batch), "torch, fused Adam", partial(torchs, batch, True), None),
            beside(what, partial(ours, batch), "scikit-learn", partial(sklearns, batch), 1.5),
        ]
    return rows


def of_convolution() -> list[dict[str, Any]]:
    """64 images of 8 channels and 28 x 28 pixels to 16 channels, 3 x 3."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 8, 28, 28)).astype(np.float32)
    slope = rng.standard_normal((64, 16, 28, 28)).astype(np.float32)
    network = Network([Conv(16, 3, padding=1)], (8, 28, 28))
    layer = network.layers[0]
    weight, bias = layer.values["weight"], layer.values["bias"]
    peer = torch.nn.Conv2d(8, 16, 3, padding=1)
    with torch.no_grad():
        peer.weight.copy_(torch.from_numpy(weight.copy()))
        peer.bias.copy_(torch.from_numpy(bias.copy()))  # type: ignore[union-attr]
    tx, tslope = torch.from_numpy(x).requires_grad_(), torch.from_numpy(slope)

    def im2col() -> Any:
        """The textbook's way: every window gathered, one product."""
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
        columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(64 * 28 * 28, 72)
        return (columns @ weight.reshape(16, 72).T + bias).reshape(64, 28, 28, 16).transpose(0, 3, 1, 2)

    def forward() -> Any:
        return network.forward(x)

    def torch_forward() -> Any:
        with torch.no_grad():
            return peer(tx)

    def both_ways() -> None:
        network.forward(x)
        layer.backward(slope.copy())

    def torch_both_ways() -> None:
        tx.grad = None
        peer.zero_grad()
        peer(tx).backward(tslope)

    assert np.allclose(forward(), torch_forward().numpy(), atol=1e-4) and np.allclose(forward(), im2col(), atol=1e-4)
    torch_both_ways()
    both_ways()
    assert np.allclose(layer.gradients["weight"], peer.weight.grad.numpy(), rtol=1e-3, atol=1e-2)  # type: ignore[union-attr]
    what = "a convolution, 64 x 8 x 28 x 28 to 16 channels"
    return [
        beside(what, forward, "im2col in NumPy", im2col, 2.0),
        beside(what, forward, "torch", torch_forward, 1 / 8),
        beside(f"{what}, and back", both_ways, "torch", torch_both_ways, None),
    ]


def of_small_network() -> dict[str, Any]:
    """One step of Adam on 64 images of 28 x 28: two convolutions with pooling, one dense layer."""
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 1, 28, 28), dtype=np.float32), rng.integers(0, 10, 64)
    layers = [
        Conv(16, 3, padding=1),
        ReLU(),
        MaxPool(2),
        Conv(32, 3, padding=1),
        ReLU(),
        MaxPool(2),
        Flatten(),
        Dense(10),
    ]
    network = Network(layers, (1, 28, 28))
    rule = network.adam()
    t = torch.nn
    pairs = [[t.Conv2d(*channels, 3, padding=1), t.ReLU(), t.MaxPool2d(2)] for channels in ((1, 16), (16, 32))]
    model = t.Sequential(*pairs[0], *pairs[1], t.Flatten(), t.Linear(32 * 49, 10))
    peer, loss, tx, ty = (
        torch.optim.Adam(model.parameters()),
        t.CrossEntropyLoss(),
        torch.from_numpy(x),
        torch.from_numpy(y),
    )

    def ours() -> None:
        network.learn(x, y)
        rule.step(network.gradient, 0.001)

    def theirs() -> None:
        peer.zero_grad()
        loss(model(tx), ty).backward()
        peer.step()

    return beside("a step of a small convolutional network, batch 64", ours, "torch", theirs, None)


def of_micrograd() -> dict[str, Any]:
    """Loss and gradients of 100 rows through 2-16-16-1."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((100, 2)), rng.standard_normal((100, 1))
    network = Network([Dense(16), ReLU(), Dense(16), ReLU(), Dense(1)], 2, loss=SquaredError(), dtype=np.float64)
    random.seed(0)
    model = MLP(2, [16, 16, 1])
    flat = []
    for layer in model.layers:
        flat += [w.data for column in zip(*(neuron.w for neuron in layer.neurons), strict=True) for w in column]
        flat += [neuron.b.data for neuron in layer.neurons]
    network.parameters[...] = flat
    rows = x.tolist()

    def ours() -> float:
        return network.learn(x, y)[0] / 100

    def theirs() -> float:
        total = sum(((model(row) - float(t[0])) ** 2) * 0.5 for row, t in zip(rows, y, strict=True)) * (1 / 100)
        model.zero_grad()
        total.backward()
        return float(total.data)

    mine, other = ours(), theirs()
    assert abs(mine - other) < 1e-9, f"{mine} and {other}"

    def thousand() -> None:
        for _ in range(1000):
            ours()

    row = beside("loss and gradient, 100 rows through 2-16-16-1", thousand, "micrograd", theirs, 500.0)
    row["seconds"]["ours"] = [each / 1000 for each in row["seconds"]["ours"]]
    return row | {"ratio": round(row["ratio"] * 1000, 1)}


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = [*of_epochs(), *of_convolution(), of_small_network(), of_micrograd()]
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    versions |= {"sklearn": sklearn.__version__, "micrograd": getattr(micrograd, "__version__", "0.1.0")}
    found = {"versions": versions, "threads": 1, "load": os.getloadavg()[0], "rows": rows}
    RESULT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""kit.training: schedules are torch's, a stopped loop goes on bit by bit, chance is put back exactly."""

from __future__ import annotations

import csv
import json
import math
import random
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.core.errors import CastaliaError, Stopped, WrongInput
from castalia.kit import optim, training
from castalia.kit.training import callbacks, schedules

QUICK = settings(max_examples=40, deadline=None)


def complete(error: CastaliaError) -> bool:
    return bool(error.subject and error.got and error.expected)


# --- chance ------------------------------------------------------------------------------------


def drawn() -> list[float]:
    import torch

    return [
        random.random(),
        float(np.random.rand()),
        float(np.random.randn()),
        float(torch.rand(())),
        random.gauss(0, 1),
    ]


@pytest.fixture
def untouched() -> Iterator[None]:
    import torch  # noqa: F401

    kept = training.random_state()
    yield
    training.restore(kept)


@pytest.mark.usefixtures("untouched")
def test_one_seed_for_all() -> None:
    first = training.seed(7).random(3), drawn()
    second = training.seed(7).random(3), drawn()
    other = training.seed(8).random(3), drawn()
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1] == second[1]
    assert not set(first[1]) & set(other[1])


@pytest.mark.usefixtures("untouched")
@given(st.integers(0, 2**32 - 1), st.integers(0, 700))
@QUICK
def test_the_state_of_chance_is_put_back_exactly(n: int, ahead: int) -> None:
    own = training.seed(n)
    np.random.randn(ahead % 3)  # half of a pair may be waiting
    [random.random() for _ in range(ahead)]
    kept = training.random_state(own)
    expected = drawn(), own.random(4).tolist()
    drawn(), own.random(9)
    training.restore(kept, own)
    assert (drawn(), own.random(4).tolist()) == expected


@pytest.mark.usefixtures("untouched")
def test_the_state_of_chance_survives_a_file(tmp_path: Path) -> None:
    training.seed(1)
    training.archive.write(tmp_path / "state.npz", training.random_state(np.random.default_rng(5)))
    expected = drawn()
    own = np.random.default_rng(6)
    training.restore(training.archive.read(tmp_path / "state.npz"), own)
    assert drawn() == expected
    assert own.random() == np.random.default_rng(5).random()


def test_torch_is_not_imported_for_a_seed() -> None:
    code = (
        "import sys; from castalia.kit import training; training.seed(0); training.restore(training.random_state());"
        "assert not {'torch', 'pydantic', 'sklearn'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_streams_by_name_are_their_own() -> None:
    names = [("a",), ("b",), ("a", 1), ("a", "1"), ("a", 2), ("ab",), ("a", "b")]
    streams = [training.spawn(3, *name).random(2000) for name in names]
    np.testing.assert_array_equal(streams[0], training.spawn(3, "a").random(2000))
    for i, one in enumerate(streams):
        for other in streams[:i]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.1  # 4.5 standard errors
    assert training.spawn(4, "a").random() != streams[0][0]


@pytest.mark.parametrize("n", [-1, 2**32, 1.5, "3", None, True])
def test_a_seed_that_is_none(n: Any) -> None:
    for function in (training.seed, lambda n: training.spawn(n, "x")):
        with pytest.raises(WrongInput, match="seed does not fit") as caught:
            function(n)
        assert complete(caught.value)


def test_states_of_chance_that_are_none() -> None:
    with pytest.raises(WrongInput, match="needs a name"):
        training.spawn(1)
    with pytest.raises(WrongInput, match="no state of generators"):
        training.restore({"python": 1})
    kept = training.random_state(np.random.default_rng(0))
    with pytest.raises(WrongInput, match="do not fit"):
        training.restore(kept)
    with pytest.raises(WrongInput, match="no state of generators"):
        training.restore(kept, np.random.Generator(np.random.MT19937(0)))


# --- schedules against torch -------------------------------------------------------------------


def of_torch(make: Callable[[Any], Any], base: float, steps: int) -> list[float]:
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on the order of calls, and on epoch arguments inside SequentialLR
        schedule = make(optimizer)
        rates = []
        for _ in range(steps):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            schedule.step()
    return rates


def agree(ours: schedules.Schedule, make: Callable[[Any], Any], base: float, steps: int) -> None:
    np.testing.assert_allclose(ours.rates(steps), of_torch(make, base, steps), rtol=1e-9, atol=1e-14 * base)


BASE = st.floats(1e-5, 10)
FACTOR = st.floats(0.05, 1.0)
COUNT = st.integers(1, 30)


@given(BASE, FACTOR, COUNT, st.sets(st.integers(0, 40), min_size=1, max_size=4))
@QUICK
def test_steps_and_powers_are_torchs(base: float, factor: float, every: int, at: set[int]) -> None:
    from torch.optim import lr_scheduler as torchs

    agree(schedules.Constant(base), lambda o: torchs.ConstantLR(o, 1.0), base, 5)
    agree(schedules.Step(base, every, factor), lambda o: torchs.StepLR(o, every, factor), base, 45)
    milestones = sorted(at - {0}) or [1]  # torch never applies a milestone of 0
    agree(schedules.MultiStep(base, milestones, factor), lambda o: torchs.MultiStepLR(o, milestones, factor), base, 45)
    agree(schedules.Exponential(base, factor), lambda o: torchs.ExponentialLR(o, factor), base, 45)


@given(BASE, COUNT, st.floats(0.25, 3), st.floats(0.05, 1), st.floats(0, 1), st.floats(0, 1))
@QUICK
def test_slopes_are_torchs(base: float, steps: int, power: float, start: float, end: float, low: float) -> None:
    from torch.optim import lr_scheduler as torchs

    agree(schedules.Polynomial(base, steps, power), lambda o: torchs.PolynomialLR(o, steps, power), base, 45)
    agree(schedules.Linear(base, steps, start, end), lambda o: torchs.LinearLR(o, start, end, steps), base, 45)
    low *= base
    cosine = schedules.Cosine(base, steps, low)
    agree(cosine, lambda o: torchs.CosineAnnealingLR(o, steps, low), base, steps + 1)
    assert cosine.rate(steps + 7) == cosine.rate(steps) == pytest.approx(low)


@given(BASE, st.integers(1, 9), st.integers(1, 3), st.floats(0, 1))
@QUICK
def test_restarts_are_torchs(base: float, period: int, growth: int, low: float) -> None:
    from torch.optim import lr_scheduler as torchs

    ours = schedules.CosineRestarts(base, period, growth, low * base)
    agree(ours, lambda o: torchs.CosineAnnealingWarmRestarts(o, period, growth, low * base), base, 60)


@given(BASE, st.integers(12, 60), st.floats(0.2, 0.45), st.sampled_from(["cosine", "linear"]), st.booleans())
@QUICK
def test_one_cycle_is_torchs(peak: float, steps: int, warm: float, shape: Any, three: bool) -> None:
    from torch.optim import lr_scheduler as torchs

    ours = schedules.OneCycle(peak, steps, warm, shape=shape, three_phases=three)
    name = "cos" if shape == "cosine" else "linear"
    agree(
        ours,
        lambda o: torchs.OneCycleLR(
            o, peak, steps, pct_start=warm, anneal_strategy=name, three_phase=three, cycle_momentum=False
        ),
        peak,
        steps,
    )


@given(BASE, st.integers(1, 12), st.integers(1, 20), st.floats(0.05, 1))
@QUICK
def test_warmup_and_chains_are_torchs(base: float, warm: int, steps: int, start: float) -> None:
    from torch.optim import lr_scheduler as torchs

    def sequence(o: Any) -> Any:
        parts = [torchs.LinearLR(o, start, 1.0, warm), torchs.PolynomialLR(o, steps, 2.0)]
        return torchs.SequentialLR(o, parts, [warm])

    agree(schedules.Warmup(schedules.Polynomial(base, steps, 2.0), warm, start), sequence, base, 40)
    parts = [schedules.Linear(base, warm, start), schedules.Polynomial(base, steps, 2.0)]
    agree(schedules.Chain(parts, [warm]), sequence, base, 40)


@given(st.integers(8, 1024), st.integers(1, 50))
@QUICK
def test_noam_is_the_papers(width: int, warm: int) -> None:
    ours = schedules.InverseSquareRoot.noam(width, warm)
    for step in range(1, 90):  # the paper counts from 1
        assert ours.rate(step - 1) == pytest.approx(width**-0.5 * min(step**-0.5, step * warm**-1.5))
    assert max(ours.rates(90)) == ours.rate(warm - 1)


METRICS = st.lists(st.one_of(st.floats(-5, 5), st.just(1.0), st.just(math.nan)), min_size=1, max_size=60)


@given(METRICS, st.sampled_from(["min", "max"]), st.integers(0, 4), st.integers(0, 3), st.booleans(), st.floats(0, 0.3))
@QUICK
def test_plateau_is_torchs(
    values: list[float], mode: Any, patience: int, cooldown: int, relative: bool, threshold: float
) -> None:
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, 0.5, patience, threshold, "rel" if relative else "abs", cooldown, min_lr=0.01
    )

    def make() -> training.Plateau:
        return training.Plateau(
            1.0, factor=0.5, patience=patience, mode=mode, threshold=threshold, relative=relative, cooldown=cooldown,
            low=0.01,
        )  # fmt: skip

    ours = make()
    for value in values:
        theirs.step(value)
        kept = json.loads(json.dumps(ours.state()))  # and goes on from its state at every step
        ours = make()
        ours.load(kept)
        assert ours.update(value) == optimizer.param_groups[0]["lr"] == ours.rate(3)


def test_schedules_are_functions_of_the_step() -> None:
    cycle = schedules.OneCycle(1.0, 50)
    forwards = cycle.rates(50)
    assert [cycle.rate(step) for step in reversed(range(50))] == forwards[::-1].tolist()
    assert cycle.rate(10**9) == cycle.rate(49)
    assert schedules.CosineRestarts(1.0, 10).rate(10**9) == 1.0
    assert schedules.Cosine(1.0, 10).rate(2.5) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert schedules.OneCycle(1.0, 1).rate(0) > 0
    assert schedules.Exponential(1.0, 0.5).rate(10**9) == 0


WRONG: list[Callable[[], object]] = [
    lambda: schedules.Constant(-1),
    lambda: schedules.Constant(math.nan),
    lambda: schedules.Constant("0.1"),  # type: ignore[arg-type]
    lambda: schedules.Step(0.1, 0),
    lambda: schedules.Step(0.1, 1.5),  # type: ignore[arg-type]
    lambda: schedules.MultiStep(0.1, (5, 5)),
    lambda: schedules.Cosine(0.1, 0),
    lambda: schedules.CosineRestarts(0.1, 5, 0),
    lambda: schedules.OneCycle(0.1, 10, warm=1.1),
    lambda: schedules.OneCycle(0.1, 10, shape="step"),  # type: ignore[arg-type]
    lambda: schedules.Chain((schedules.Constant(1),), (3,)),
    lambda: schedules.Warmup(0.1, 3),  # type: ignore[arg-type]
    lambda: schedules.Constant(1.0).rate(-1),
    lambda: schedules.Constant(1.0).rate(math.nan),
    lambda: training.Plateau(0.1, factor=1.0),
    lambda: training.Plateau(0.1, mode="up"),  # type: ignore[arg-type]
    lambda: training.Plateau(0.1).load({"best": 1}),
    lambda: training.find_rate(lambda rate: 1.0, keep=dict, put_back=print, low=1.0, high=0.1),
    lambda: training.find_rate(lambda rate: 1.0, keep=dict, put_back=print, count=2),
    lambda: training.find_rate(lambda rate: 1.0, keep=dict, put_back=print, each=1),
    lambda: training.find_rate(lambda rate: math.nan, keep=dict, put_back=print),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_schedule(wrong: Callable[[], object]) -> None:
    with pytest.raises(WrongInput) as caught:
        wrong()
    assert complete(caught.value)


# --- the range test ----------------------------------------------------------------------------


@given(st.floats(0.05, 50), st.integers(0, 5), st.sampled_from([0.0, 0.01]))
@QUICK
def test_find_rate_finds_the_edge_of_a_quadratic(curvature: float, seed: int, noise: float) -> None:
    generator = np.random.default_rng(seed)
    curvatures = curvature * np.array([1.0, 0.5, 0.1])
    theta = generator.normal(size=3) + 1.0
    kept = theta.copy()

    def step(rate: float) -> float:
        loss = 0.5 * float(curvatures @ theta**2)
        gradient = curvatures * theta + noise * curvature * generator.normal(size=3)
        theta[:] = theta - rate * gradient
        return loss * (1 + noise * generator.normal())

    found = training.find_rate(step, low=1e-5, high=1e3, keep=theta.copy, put_back=lambda k: np.copyto(theta, k))
    edge = 2 / curvature
    assert found.diverged
    assert edge / 3 < found.edge < edge * 3
    assert edge / 6 < found.suggested < edge
    np.testing.assert_array_equal(theta, kept)


def test_a_range_that_ends_too_early_says_so() -> None:
    theta = np.array([1.0])

    def step(rate: float) -> float:
        loss = float(theta[0]) ** 2
        theta[0] -= rate * 2 * theta[0]
        return loss

    found = training.find_rate(step, high=0.1, keep=theta.copy, put_back=lambda k: np.copyto(theta, k))
    assert not found.diverged and found.edge == pytest.approx(0.1)


def test_weights_come_back_even_from_an_exception() -> None:
    back: list[int] = []

    def step(rate: float) -> float:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        training.find_rate(step, keep=lambda: 3, put_back=back.append)
    assert back == [3, 3]


# --- early stopping ----------------------------------------------------------------------------


def by_hand(values: list[float], patience: int, mode: str, delta: float) -> tuple[int, int | None]:
    """Epoch of the stop (or the number of values), and of the best, straight from the definition."""
    sign = 1 if mode == "min" else -1
    best, best_at, since = math.inf, None, 0
    for epoch, value in enumerate(values):
        if not math.isnan(value) and (best_at is None or sign * value < best - delta):
            best, best_at, since = sign * value, epoch, 0
        else:
            since += 1
            if since >= patience:
                return epoch, best_at
    return len(values), best_at


@given(METRICS, st.integers(1, 5), st.sampled_from(["min", "max"]), st.sampled_from([0.0, 0.5]), st.integers(0, 60))
@QUICK
def test_early_stopping_stops_and_resumes_at_the_same_epoch(
    values: list[float], patience: int, mode: Any, delta: float, cut: int
) -> None:
    def make() -> training.EarlyStopping:
        return training.EarlyStopping(patience, mode, delta)

    stop, stopped = make(), len(values)
    for epoch, value in enumerate(values):
        if epoch == cut:
            kept = stop.state()
            stop = make()
            stop.load(kept)
        if stop.update(value, {"w": np.array([epoch])}):
            stopped = epoch
            break
    expected, best = by_hand(values, patience, mode, delta)
    assert (stopped, stop.best_epoch) == (expected, best)
    found = stop.restore()
    assert found is None if best is None else found["w"].tolist() == [best]


def test_the_best_weights_are_a_copy() -> None:
    import torch

    model = torch.nn.Linear(2, 1)
    stop = training.EarlyStopping(2, keep=model.state_dict, put_back=model.load_state_dict)
    assert not stop.update(1.0)
    best = model.weight.detach().clone()
    with torch.no_grad():
        model.weight += 5
    assert not stop.update(1.0), "a tie is no better"
    assert stop.update(2.0) and stop.stopped
    stop.restore()
    assert torch.equal(model.weight, best)
    with torch.no_grad():
        model.weight += 5
    stop.restore()
    assert torch.equal(model.weight, best), "putting back twice puts back the same"


def test_what_a_nan_does() -> None:
    assert [training.EarlyStopping(2).update(math.nan) for _ in range(3)] == [False] * 3
    worse = training.EarlyStopping(2)
    assert [worse.update(v) for v in (math.nan, 3.0, math.nan, math.nan)] == [False, False, False, True]
    assert worse.best == 3.0
    assert training.EarlyStopping(nan="stop").update(math.nan)
    with pytest.raises(WrongInput, match="NaN"):
        training.EarlyStopping(nan="error").update(math.nan)
    late = training.EarlyStopping(1, start=3)
    assert [late.update(v) for v in (1.0, 2.0, 2.0, 2.0)] == [False, False, False, True]


@pytest.mark.parametrize(
    "wrong",
    [{"patience": -1}, {"mode": "up"}, {"min_delta": math.nan}, {"nan": "ignore"}, {"keep": dict}, {"start": -1}],
)
def test_what_is_no_early_stopping(wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongInput) as caught:
        training.EarlyStopping(**wrong)
    assert complete(caught.value)


def test_weights_that_cannot_be_copied() -> None:
    with pytest.raises(WrongInput, match="weights do not fit"):
        training.EarlyStopping().update(1.0, {"layer": object()})


# --- the loop ----------------------------------------------------------------------------------


class Regression:
    """Least squares by Adam, with dropout from the global generator: all kinds of state at once."""

    def __init__(self) -> None:
        self.theta = np.zeros(4)
        self.adam = optim.Adam(self.theta)
        self.rate = 0.05
        data = np.random.default_rng(0)
        self.x = data.normal(size=(64, 4))
        self.y = self.x @ [1.0, -2.0, 0.5, 0.0] + data.normal(size=64)

    def batches(self, epoch: int) -> Iterator[Any]:
        order = training.spawn(5, "order", epoch).permutation(48)
        yield from np.array_split(order, 5)

    def step(self, batch: Any) -> dict[str, float]:
        mask = np.random.rand(len(batch), 4) > 0.2
        x = self.x[batch] * mask * random.choice([1.0, 1.1])
        off = x @ self.theta - self.y[batch]
        self.adam.step(2 * x.T @ off / len(batch), self.rate)
        return {"loss": float(off @ off) / len(batch), "rows": len(batch)}

    def evaluate(self) -> dict[str, float]:
        off = self.x[48:] @ self.theta - self.y[48:]
        return {"loss": float(off @ off) / 16}

    def state(self) -> dict[str, Any]:
        return {"theta": self.theta.copy(), "adam": self.adam.state()}

    def load(self, state: Any) -> None:
        self.theta[:] = state["theta"]
        self.adam.load(state["adam"])

    def set_rate(self, rate: float) -> None:
        self.rate = rate


class Kill(callbacks.Callback):
    """Ends the training in the middle of an epoch."""

    def __init__(self, at: int) -> None:
        self.at = at

    def on_batch(self, loop: training.Loop, metrics: Any) -> None:
        if loop.step == self.at:
            raise KeyboardInterrupt


def loop_of(folder: Path, kill: int = -1, **more: Any) -> tuple[training.Loop, Regression, callbacks.Time]:
    model, time = Regression(), callbacks.Time()
    made: list[callbacks.Callback] = [
        Kill(kill),
        callbacks.Rate(schedules.Warmup(schedules.Cosine(0.2, 60), 8), model.set_rate),
        callbacks.Stop(training.EarlyStopping(3, min_delta=0.002)),
        callbacks.History(folder / "history.csv"),
        callbacks.History(folder / "history.jsonl"),
        time,
    ]
    loop = training.Loop(
        model, model.batches, epochs=30, callbacks=made, checkpoints=training.Checkpoints(folder / "kept"), **more
    )
    return loop, model, time


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("kills", [(1,), (7, 13), (5, 6, 26, 31)])
@pytest.mark.parametrize("every", [1, 3])
def test_a_stopped_loop_goes_on_bit_by_bit(tmp_path: Path, kills: tuple[int, ...], every: int) -> None:
    whole, model, _ = loop_of(tmp_path / "whole", every=every)
    expected = whole.fit()
    assert 4 < len(expected) < 30 and whole.reason, "early stopping is a part of the test"
    best = min(range(len(expected)), key=lambda epoch: expected[epoch]["validation_loss"])
    assert model.evaluate()["loss"] == expected[best]["validation_loss"], "the best weights are back"
    for kill in kills:
        with pytest.raises(KeyboardInterrupt):
            loop_of(tmp_path / "cut", kill, every=every)[0].fit()
        random.seed(99)  # whatever the next process begins with
    resumed, again, time = loop_of(tmp_path / "cut", every=every)
    assert resumed.fit() == expected
    np.testing.assert_array_equal(again.theta, model.theta)
    assert again.adam.steps == model.adam.steps
    assert random.random() == (training.restore(whole.checkpoints.load().state["random"]), random.random())[1]  # type: ignore[union-attr]
    assert len(time.seconds) == len(expected)
    for name in ("history.csv", "history.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    after, third, _ = loop_of(tmp_path / "cut", every=every)
    assert after.fit() == expected, "one that had ended stays ended"
    np.testing.assert_array_equal(third.theta, model.theta)


@pytest.mark.usefixtures("untouched")
def test_the_same_seed_gives_the_same_history() -> None:
    def history(seed: int) -> list[dict[str, float]]:
        model = Regression()
        return training.Loop(model, model.batches, epochs=3, seed=seed).fit()

    assert history(1) == history(1) != history(2)


def test_histories_can_be_read(tmp_path: Path) -> None:
    loop, *_ = loop_of(tmp_path)
    rows = loop.fit()
    with (tmp_path / "history.csv").open() as file:
        read = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert read == lines == [{"epoch": n, **row} for n, row in enumerate(rows, start=1)]


class Toy:
    """A model that gives out what it is told to."""

    def __init__(self, losses: list[float]) -> None:
        self.losses = losses

    def step(self, batch: Any) -> dict[str, float]:
        return {"loss": float(batch), "rows": 3.0 if batch == 2 else 1.0}

    def evaluate(self) -> dict[str, float]:
        return {"loss": self.losses.pop(0)} if self.losses else {}

    def state(self) -> Any:
        return list(self.losses)

    def load(self, state: Any) -> None:
        self.losses = list(state)


class Spy(callbacks.Callback):
    def __init__(self, name: str, said: list[str], fails: str = "") -> None:
        self.name, self.said, self.fails = name, said, fails

    def _say(self, hook: str) -> None:
        self.said.append(f"{hook} {self.name}")
        if self.fails == hook:
            raise RuntimeError(f"{hook} of {self.name}")

    def on_start(self, loop: Any) -> None:
        self._say("start")

    def before_batch(self, loop: Any) -> None:
        self._say("before")

    def on_batch(self, loop: Any, metrics: Any) -> None:
        self._say("batch")

    def on_epoch(self, loop: Any, metrics: Any) -> None:
        self._say("epoch")

    def on_end(self, loop: Any, failed: bool) -> None:
        self._say("failed" if failed else "end")


def test_callbacks_are_called_in_order_and_cleaned_up_in_reverse() -> None:
    said: list[str] = []
    loop = training.Loop(Toy([]), lambda epoch: [1], epochs=1, callbacks=[Spy("a", said), Spy("b", said)])
    loop.fit()
    hooks = ["start", "before", "batch", "epoch"]
    assert said == [f"{hook} {name}" for hook in hooks for name in "ab"] + ["end b", "end a"]


@pytest.mark.parametrize("hook", ["start", "before", "batch", "epoch", "end"])
def test_exceptions_of_callbacks_are_seen_and_the_others_cleaned_up(hook: str) -> None:
    said: list[str] = []
    made = [Spy("a", said), Spy("b", said, fails=hook), Spy("c", said)]
    with pytest.raises(RuntimeError, match=f"{hook} of b"):
        training.Loop(Toy([]), lambda epoch: [1], epochs=1, callbacks=made).fit()
    ended = [word for word in said if word.split()[0] in ("failed", "end")]
    assert ended == {"start": ["failed a"], "end": ["end c", "end b", "failed a"]}.get(
        hook, ["failed c", "failed b", "failed a"]
    )


def test_a_short_batch_weighs_less_and_metrics_have_names() -> None:
    [row] = training.Loop(Toy([4.0]), lambda epoch: [2, 6], epochs=1).fit()
    assert row == {"loss": 3.0, "validation_loss": 4.0}


def test_log_follows_a_run_that_may_be_cancelled() -> None:
    class Pad:
        def __init__(self) -> None:
            self.points: list[Any] = []

        def log(self, step: int, **values: float) -> None:
            self.points.append((step, values))
            if step == 2:
                raise Stopped

        def progress(self, done: float, total: float) -> None:
            self.points.append((done, total))

    pad = Pad()
    with pytest.raises(Stopped):
        training.Loop(Toy([]), lambda epoch: [1], epochs=5, callbacks=[callbacks.Log(pad)]).fit()
    assert pad.points == [(0, 5), (1, {"loss": 1.0}), (1, 5), (2, {"loss": 1.0})]


def test_a_plateau_in_a_loop() -> None:
    put: list[float] = []
    rate = callbacks.Rate(training.Plateau(1.0, factor=0.5, patience=0), put.append, watch="validation_loss")
    training.Loop(Toy([3.0, 3.0, 2.0, 2.0]), lambda epoch: [1], epochs=4, callbacks=[rate]).fit()
    assert put == [1.0, 1.0, 0.5, 0.5]


def test_what_a_loop_refuses(tmp_path: Path) -> None:
    def wrong(match: str, **more: Any) -> None:
        arguments: dict[str, Any] = {"epochs": 1, **more}
        batches = arguments.pop("batches", lambda epoch: [1])
        with pytest.raises(WrongInput, match=match) as caught:
            training.Loop(Toy([1.0]), batches, **arguments).fit()
        assert complete(caught.value)

    wrong("epochs does not fit", epochs=0)
    wrong("every does not fit", every=True)
    wrong("has no batches", batches=lambda epoch: [])
    wrong("no metric", callbacks=[callbacks.Stop(training.EarlyStopping(), "validation_los")])
    with pytest.raises(WrongInput, match="watch does not fit"):
        callbacks.Rate(training.Plateau(1.0), print)
    with pytest.raises(WrongInput, match="watch does not fit"):
        callbacks.Rate(schedules.Constant(1.0), print, "loss")
    with pytest.raises(WrongInput, match="no such history"):
        callbacks.History(tmp_path / "history.txt")
    training.Loop(Toy([]), lambda epoch: [1], epochs=1, checkpoints=training.Checkpoints(tmp_path)).fit()
    wrong("another loop", checkpoints=training.Checkpoints(tmp_path), callbacks=[callbacks.Time()])


def test_a_near_miss_of_a_metric_is_named() -> None:
    with pytest.raises(WrongInput) as caught:
        callbacks.watched({"validation_loss": 1.0}, "validation_los")
    assert "Did you mean 'validation_loss'?" in caught.value.cure

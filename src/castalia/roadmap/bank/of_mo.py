"""Questions about MLOps: serving, containers, clouds, monitoring, A/B tests."""

from __future__ import annotations

import math
import random

import castalia.roadmap.bank.of_mo_more  # noqa: F401  # puts the other half on the shelf
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("mo01")
def replicas_needed(rng: random.Random) -> Question:
    """Little's law, with headroom."""
    rps, ms, load = rng.choice([70, 110, 230, 310]), rng.choice([45, 85, 130, 170]), rng.choice([60, 70, 80])
    return number(
        f"A service gets {rps} requests a second; a replica handles one at a time and needs {ms} ms for it. "
        f"Replicas should be busy {load} % of the time at most. How many are needed at least?",
        math.ceil(rps * ms * 100 / 1000 / load),
        f"{rps} · {ms / 1000:g} = {rps * ms / 1000:g} are busy on average; divided by {load / 100:g} and rounded up.",
        within=0,
    )


@asks("mo01")
def batched_throughput(rng: random.Random) -> Question:
    """A fixed cost is shared by a batch."""
    fixed, each, n = rng.choice([8, 12, 20]), rng.choice([1, 2, 3]), rng.choice([4, 8, 16])
    return number(
        f"A GPU needs {fixed} ms for a batch and {each} ms more for each request in it. There are always requests "
        f"waiting, and batches are of {n}. How many requests a second are answered?",
        1000 * n / (fixed + each * n),
        f"{n} requests in {fixed} + {n} · {each} = {fixed + n * each} ms.",
    )


@asks("mo01")
def served_differently(rng: random.Random) -> Question:
    """The same weights, other inputs."""
    off, on = rng.choice([(93, 71), (91, 66)])
    return choice(
        rng,
        f"A model has {off} % on the test set in the notebook and {on} % as a service, on the same images, "
        "with the same weights file. What do you do first?",
        ("compare the tensors that reach both models", "Same weights, so the inputs differ: size, order, scaling."),
        [
            ("train it again on images from the service", "They are the same images; their preparation differs."),
            ("serve it in float64 instead of in float32", "Rounding does not cost twenty points."),
            ("give the service more memory and workers", "That changes how fast it answers, not what."),
        ],
    )


@asks("mo02")
def size_of_layers(rng: random.Random) -> Question:
    """What a later layer deletes stays in the earlier one."""
    packed = 10 * rng.randint(20, 60)
    size = packed + 10 * rng.randint(5, 40)
    return number(
        f"weights.tgz has {packed} MB and unpacks to {size} MB. How many MB do these lines of a Dockerfile add to the "
        "image, all its layers together, not compressed?",
        packed + size,
        f"Each line is a layer, and rm only hides the file of an earlier one. A RUN that does all three adds {size}.",
        code="COPY weights.tgz .\nRUN tar xzf weights.tgz\nRUN rm weights.tgz",
    )


@asks("mo02")
def scaled_pods(rng: random.Random) -> Question:
    """The rule of the horizontal pod autoscaler."""
    now, used, target = rng.choice([3, 4, 5, 6]), rng.choice([85, 90, 130]), rng.choice([50, 60, 70])
    return number(
        f"A horizontal pod autoscaler aims at {target} % CPU. {now} pods run at {used} % on average. How many "
        "pods does it ask for?",
        math.ceil(now * used / target),
        f"⌈{now} · {used} / {target}⌉.",
        within=0,
    )


@asks("mo02")
def restarted_for_ever(rng: random.Random) -> Question:
    """A liveness probe that is too early."""
    load = rng.choice([40, 60])
    return choice(
        rng,
        f"A pod loads its model for {load} seconds, then answers /health. Its liveness probe asks every 5 "
        "seconds from the start, and gives up after three failures. The pod restarts again and again. What "
        "mends it properly?",
        ("a startup probe that allows for the loading", "Liveness counts only after it; a hang is still noticed soon."),
        [
            ("no liveness probe, as it does more harm", "A pod that hangs later would never be restarted."),
            ("a second replica that answers meanwhile", "It restarts for the same reason."),
            ("more memory, so that loading cannot fail", "Nothing fails; it is killed while it loads."),
        ],
    )


@asks("mo03")
def hours_of_transfer(rng: random.Random) -> Question:
    """Bytes over bits."""
    tb, gbit, share = rng.choice([2, 5, 8, 12]), rng.choice([1, 2.5, 10]), rng.choice([50, 80])
    return number(
        f"{tb} TB (10¹² bytes) are copied to a cloud over a line of {gbit} Gbit/s (10⁹ bits), of which {share} % are "
        "reached. How many hours does that take?",
        tb * 8e12 / (gbit * 1e9 * share / 100) / 3600,
        f"{tb} · 8 · 10¹² bits / ({gbit} · 10⁹ · {share / 100:g}) seconds.",
    )


@asks("mo03")
def price_of_spot(rng: random.Random) -> Question:
    """What interruptions cost."""
    price, off, again = rng.choice([2, 3, 4]), rng.choice([60, 65, 70]), rng.choice([10, 20, 25])
    hours = 20 * rng.randint(2, 20)
    return number(
        f"A training of {hours} GPU-hours costs ${price} an hour. As a spot instance it is {off} % cheaper, "
        f"but {again} % of the hours are lost at interruptions and done once more. How many dollars does it "
        "save in all?",
        hours * price * (1 - (1 - off / 100) * (1 + again / 100)),
        f"{hours} · {price} less {hours} · {1 + again / 100:g} · {price} · {1 - off / 100:g}.",
    )


@asks("mo03")
def key_made_public(rng: random.Random) -> Question:
    """What helps when a key is out."""
    minutes = rng.choice([5, 10, 30])
    return choice(
        rng,
        f"A key that may write to your team's bucket has been in a public repository for {minutes} minutes. What do "
        "you do first?",
        ("revoke the key, then make another", "Programs look for such keys; only a key that is dead is of no use."),
        [
            ("take the commit out of the history", "Whoever has copied the key still has it, and it still works."),
            ("read the log of the bucket's uses", "That comes next; until the key is dead it can be used."),
            ("make the whole repository private", "That hides the key from those who have not seen it yet."),
        ],
    )


@asks("mo03")
def many_small_files(rng: random.Random) -> Question:
    """Latency of each object."""
    n, ms = rng.choice([(4, 40), (10, 30)])
    return choice(
        rng,
        f"Training reads {n} million pictures of 30 kB, each an object of its own with {ms} ms until its first "
        "byte; the GPU waits. The line is used to 3 %. What helps?",
        ("packing them into files of 200 MB, read in order", "One wait for thousands of pictures, not one each."),
        [
            ("a line between machine and storage twice as fast", "It is nearly idle: the waiting is per object."),
            ("storing them with a stronger, slower compression", "Smaller objects wait as long for the first byte."),
            ("a GPU with more memory, for larger batches of them", "A larger batch waits for more objects."),
        ],
    )


@asks("mo04")
def stability_index(rng: random.Random) -> Question:
    """PSI of three bins."""
    then = rng.choice([(0.5, 0.3, 0.2), (0.4, 0.4, 0.2), (0.6, 0.3, 0.1)])
    now = rng.choice([(0.3, 0.3, 0.4), (0.2, 0.5, 0.3), (0.35, 0.25, 0.4)])
    return number(
        f"A feature fell into three bins with the shares {then} in training and {now} this week. What is the "
        "population stability index (natural logarithm)? (Python is fine.)",
        sum((b - a) * math.log(b / a) for a, b in zip(then, now, strict=True)),
        "Σ (now - then) · ln(now / then).",
    )


@asks("mo04")
def alarms_in_a_month(rng: random.Random) -> Question:
    """Expectations add, whatever depends on what."""
    n, alpha = rng.choice([20, 30, 40, 60]), rng.choice([0.01, 0.001, 0.002, 0.005, 0.02])
    return number(
        f"{n} features, some of which depend on each other, are tested for drift once a day, each at α = {alpha}. "
        "Nothing drifts. How many alarms are to be expected in 30 days?",
        30 * n * alpha,
        f"30 · {n} · {alpha}: expectations add, also where features depend on each other.",
    )


@asks("mo04")
def slow_requests(rng: random.Random) -> Question:
    """A percentile by nearest rank."""
    times = sorted([*rng.sample(range(20, 60), 17), *rng.sample(range(80, 400), 3)])
    q = rng.choice([80, 90, 95])
    shown = rng.sample(times, 20)
    return number(
        f"What is the {q}th percentile of these 20 response times (ms), by nearest rank: the smallest one that "
        f"at least {q} % do not exceed?",
        times[20 * q // 100 - 1],
        f"Number {20 * q // 100} of 20 in order. The mean would hide it.",
        code=str(shown),
        within=0,
    )


@asks("mo04")
def inputs_as_before(rng: random.Random) -> Question:
    """The relation has changed, not the inputs."""
    was, now = rng.choice([(0.86, 0.74), (0.9, 0.79)])
    return choice(
        rng,
        f"A fraud model's AUC, from labels that come late, falls from {was} to {now} within two months. All "
        "inputs and its scores have the distributions they had. The pipeline is unchanged. What fits best?",
        ("Fraud looks different now.", "Labels given the inputs changed; watching inputs cannot show it."),
        [
            ("The customers have changed.", "Then inputs would be distributed in another way."),
            ("A feature arrives broken.", "Its distribution would show that, and the scores' too."),
            ("The threshold is out of date.", "AUC does not depend on a threshold."),
        ],
    )


@asks("mo05")
def visitors_per_arm(rng: random.Random) -> Question:
    """Sample size for two shares."""
    p = rng.choice([0.04, 0.05, 0.1, 0.12, 0.2])
    d = rng.choice([0.01, 0.02])
    q = p + d
    return number(
        f"A rate of {p} should be told from {q:g} with 80 % power, two-sided at 5 %: n = (1.96 + 0.84)² · (sum "
        "of both variances p (1 - p)) / difference². How many visitors does each arm need? (1 % off is fine.)",
        2.8**2 * (p * (1 - p) + q * (1 - q)) / d**2,
        f"7.84 · ({p} · {1 - p:g} + {q:g} · {1 - q:g}) / {d}².",
    )


@asks("mo05")
def uneven_arms(rng: random.Random) -> Question:
    """A sample ratio mismatch, in standard deviations."""
    a = 1000 * rng.randint(20, 99)
    b = a + rng.choice([400, 900, 1500])
    away = (b - a) / math.sqrt(a + b)
    then = "find the fault before reading any result" if away > 3 else "chance alone may do this"
    return number(
        f"Visitors are assigned half and half; {a} came to A and {b} to B. How many standard deviations is the "
        "count of B from what is expected (binomial)? (Python is fine.)",
        away,
        f"({b} - {(a + b) / 2:g}) / √({a + b} / 4). That is {'more' if away > 3 else 'less'} than 3: {then}.",
    )


@asks("mo05")
def looked_each_day(rng: random.Random) -> Question:
    """Stopping at the first p below 0.05."""
    days = rng.choice([20, 30])
    return choice(
        rng,
        f"A test is planned for {days} days. The team looks each day and stops as soon as p < 0.05. In truth "
        "both variants are the same. How probable is such a stop on some day?",
        ("clearly more than 5 %", f"Each of {days} looks is another chance to be fooled; the looks are correlated."),
        [
            ("5 %, as α was 0.05", "α holds for one look that was fixed before."),
            ("less than 5 %, as n is small", "Few visitors make p vary; the false alarms stay at α a look."),
            (f"exactly 1 - 0.95 to the power of {days}", "That is for independent looks; these share their data."),
        ],
    )

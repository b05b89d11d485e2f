"""Best: which way a metric is better, which one an experiment is usually judged by, and the run that leads.

Nobody says of a metric which way is better, so its name decides: a loss or an error goes down, all else goes up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema

NEWEST = 3
"""Runs of an experiment that are asked which metrics it has."""
MANY = 10_000
"""Experiments that a query names; of more it asks for all."""
_LARGEST = 1.7976931348623157e308
_DOWN = frozenset({
    "loss", "losses", "logloss", "nll", "entropy", "perplexity", "ppl", "brier", "ece", "hinge", "pinball", "deviance",
    "err", "error", "errors", "mse", "rmse", "rmsle", "mae", "mape", "smape", "medae", "residual", "residuals",
    "fid", "kid", "wer", "cer", "ter", "eer", "fpr", "fnr", "false", "misses", "mistakes", "violations", "regret",
    "penalty", "divergence", "kl", "kld", "distance", "cost", "latency", "seconds", "duration", "time", "ms", "bpb",
    "bpc", "bpd",
})  # fmt: skip
_UP = frozenset({
    "accuracy", "acc", "auc", "auroc", "roc", "auprc", "aucpr", "ap", "map", "precision", "recall", "sensitivity",
    "tpr", "tnr", "specificity", "f", "score", "r", "iou", "miou", "dice", "bleu", "chrf", "rouge", "meteor", "ndcg",
    "mrr", "mcc", "kappa", "hit", "hits", "psnr", "ssim", "likelihood", "reward", "rewards", "return", "returns",
    "success", "throughput", "correct", "elo", "top",
})  # fmt: skip
_BAD = ("loss", "error", "mse")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORTH = [re.compile(each) for each in (
    r"^(test|held_out)[_./]", r"^(validation|valid|val|eval)[_./]", r"^(loss|accuracy|error)$",
    r"^(?!.*(fold|trial|seed|epoch|time|seconds|system))")]  # fmt: skip
_USUAL = ("loss", "accuracy", "error", "auc", "f1", "rmse", "mae", "r2")
_LAST = re.compile(rf"(?:^|[_./ -])({'|'.join(_USUAL)})$", re.I)


def less_is_better(metric: str) -> bool | None:
    """By its name: True of loss, val/rmse, test_error, False of accuracy, f1, neg_mean_squared_error; else None.

    ``neg`` or ``negative`` before such a word turns it round: negative_log_likelihood goes down.
    """
    words = [word.lower() for word in _WORDS.findall(metric)]
    down = [at for at, word in enumerate(words) if word in _DOWN or word.endswith(_BAD)]
    up = [at for at, word in enumerate(words) if word in _UP]
    if not down and not up:
        return None
    turned = any(word in ("neg", "negative") for word in words[: min(down or up)])
    return bool(down) != turned


def goes_down(metric: str) -> bool:
    """Whether less of it is better, as ``less_is_better``; of a name that says nothing more is."""
    return less_is_better(metric) is True


def ways(metrics: Iterable[str]) -> dict[str, bool]:
    """{metric: whether less of it is better} of those whose name says so."""
    found = ((name, less_is_better(name)) for name in sorted(set(metrics)))
    return {name: down for name, down in found if down is not None}


def usual(metrics: Mapping[str, int]) -> str | None:
    """Of {metric: runs that have it} the one to judge by: held-out before training, what most people look at first."""

    def place(name: str) -> tuple[int, int, int, str]:
        worth = next((at for at, each in enumerate(_WORTH) if each.search(name)), len(_WORTH))
        known = _LAST.search(name)
        return worth, _USUAL.index(known[1].lower()) if known else len(_USUAL), -metrics[name], name

    return min((name for name in metrics if not name.startswith("system/")), key=place, default=None)


def bests(connection: Connection, metric: str | None = None, number: int | None = None) -> dict[int, dict[str, Any]]:
    """{number of an experiment: {"metric", "down", "run_id", "name", "value", "runs"}} of those with a number.

    By ``metric``, or by the usual one of each; of the experiment ``number`` alone where that is said. The value is a
    run's last; NaN and infinities lead nothing; of equals the newer leads. ``runs`` is how many have the metric.
    """
    if metric is None:
        groups: dict[str, list[int]] = {}
        for each, name in _usual_ones(connection, number).items():
            groups.setdefault(name, []).append(each)
    else:
        groups = {metric: [] if number is None else [number]}
    found: dict[int, dict[str, Any]] = {}
    for name, some in groups.items():
        found |= _leading(connection, name, some)
    return found


def _usual_ones(connection: Connection, number: int | None) -> dict[int, str]:
    runs, latest, keys = schema.runs, schema.latest, schema.metric_keys
    age = sa.func.row_number().over(partition_by=runs.c.experiment, order_by=(runs.c.started.desc(), runs.c.id.desc()))
    aged = sa.select(runs.c.id, runs.c.experiment, age.label("age")).where(runs.c.lifecycle == "active")
    if number is not None:
        aged = aged.where(runs.c.experiment == number)
    young = aged.subquery()
    held = sa.select(young.c.experiment, latest.c.key, sa.func.count()).join(latest, latest.c.run == young.c.id)
    counted = held.where(young.c.age <= NEWEST).group_by(young.c.experiment, latest.c.key)
    found: dict[int, dict[int, int]] = {}
    for each, key, many in connection.execute(counted):
        found.setdefault(each, {})[key] = many
    wanted = {key for some in found.values() for key in some}
    names: dict[int, str] = {
        row.id: row.name for row in connection.execute(sa.select(keys)) if row.id in wanted
    }  # all of them: there are thousands at most, and a list of numbers may be longer than a query takes
    chosen = {each: usual({names[key]: many for key, many in some.items()}) for each, some in found.items()}
    return {each: name for each, name in chosen.items() if name is not None}


def _leading(connection: Connection, metric: str, some: list[int]) -> dict[int, dict[str, Any]]:
    """Of the experiments ``some``, of all where none is named."""
    runs, latest, keys = schema.runs, schema.latest, schema.metric_keys
    key = connection.scalar(sa.select(keys.c.id).where(keys.c.name == metric))
    if key is None:
        return {}
    down = goes_down(metric)
    value, each = latest.c.value, runs.c.experiment
    order = (value.asc() if down else value.desc(), runs.c.started.desc(), runs.c.id.desc())
    place = sa.func.row_number().over(partition_by=each, order_by=order).label("place")
    many = sa.func.count().over(partition_by=each).label("many")
    measured = sa.select(runs.c.experiment, runs.c.run_id, runs.c.name, value, place, many)
    measured = measured.join(latest, sa.and_(latest.c.run == runs.c.id, latest.c.key == key))
    # NaN is a text in SQLite, behind every number, and behind infinity in PostgreSQL.
    measured = measured.where(runs.c.lifecycle == "active", value.between(-_LARGEST, _LARGEST))
    if 0 < len(some) <= MANY:
        measured = measured.where(runs.c.experiment.in_(some))
    first, wanted = measured.subquery(), set(some)
    return {
        row.experiment: {"metric": metric, "down": down, "run_id": row.run_id, "name": row.name, "value": row.value,
                         "runs": row.many}
        for row in connection.execute(sa.select(first).where(first.c.place == 1))
        if not some or row.experiment in wanted
    }  # fmt: skip

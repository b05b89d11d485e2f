"""What it costs to prove a contract: the exercise `basics`, and a contract of the size of a project.

    python benchmarks/prove.py

The second is made for this: the six parts of `basics` four times under names of their own, and a training that takes
seconds, in one reference of some 300 lines on a shelf in a temporary folder. Proofs take minutes, so each runs once.
The figures are in benchmarks/results/prove.json; `asked_last` is how many mutants only the training rejected.
"""

from __future__ import annotations

import json
import os
import platform
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from castalia import catalog
from castalia.check import contracts
from castalia.check.dealing import cores
from castalia.check.found import found
from castalia.check.proof import Proof
from castalia.check.prove import FULL, NORMAL, Effort, prove
from castalia.core.settings import Settings

RESULT = Path(__file__).parent / "results" / "prove.json"
COPIES = 4
PUBLIC = ("standardize", "one_hot", "accuracy", "log_loss", "cosine_similarity", "RunningMean")
CARD = 'skill = "Machine learning"\ntitle = "A large contract"\nsummary = "Four times basics, and a training."\n'
TRAINING = '''

def train(x, y, steps):
    """Weights of a logistic regression after so many steps of gradient descent, from zero."""
    rows, labels = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    weights = np.zeros(rows.shape[1])
    for _ in range(steps):
        guessed = 1.0 / (1.0 + np.exp(-(rows @ weights)))
        weights -= 0.5 * rows.T @ (guessed - labels) / len(labels)
    return weights
'''
CONTRACT = '''
import ast
import dataclasses
import re
from pathlib import Path

import numpy as np

from castalia.check.exercises.basics.contract import CONTRACT as BASICS
from castalia.core.contract import Claim, Contract, Milestone

PUBLIC = {public!r}
COPIES = {copies}


class Renamed:
    """The subject of basics, in the copy of one number."""

    def __init__(self, subject, copy):
        self.subject, self.copy = subject, copy

    def call(self, name, /, *args, **kwargs):
        return self.subject.call(f"{{name}}_{{self.copy}}", *args, **kwargs)

    def new(self, name, /, *args, **kwargs):
        return self.subject.new(f"{{name}}_{{self.copy}}", *args, **kwargs)


def copied(claim, copy):
    name, _, method = claim.at.partition(".")
    at = f"{{name}}_{{copy}}" + (f".{{method}}" if method else "")
    changed = {{"id": f"{{claim.id}}_{{copy}}", "at": at}}
    if claim.function:
        changed["function"] = f"{{claim.function}}_{{copy}}"
    if claim.holds is not None:
        changed["holds"] = lambda subject, *inputs: claim.holds(Renamed(subject, copy), *inputs)
    return dataclasses.replace(claim, **changed)


def examples(random, size):
    x = random.normal(size=(20 * size, 3))
    return x, (x @ np.array([1.0, -2.0, 0.5]) > 0).astype(float), 20000


def train(x, y, steps):
    weights = np.zeros(x.shape[1], dtype=np.longdouble)
    for _ in range(steps):
        weights -= 0.5 * (x.T @ (1 / (1 + np.exp(-x @ weights)) - y)) / len(y)
    return np.asarray(weights, dtype=float)


def interface(copy):
    text = re.sub("# --- M[0-9] ---\\n", "", BASICS.interface).replace("import numpy as np", "")
    return re.sub(r"\\b(" + "|".join(PUBLIC) + r")\\b", rf"\\1_{{copy}}", text)


PARTS = ["import numpy as np"]
for copy in range(COPIES):
    PARTS += [f"# --- M{{copy + 1}} ---", interface(copy)]
PARTS += [f"# --- M{{COPIES + 1}} ---", "def train(x, y, steps):\\n    raise NotImplementedError"]
EVERY = [claim for milestone in BASICS.milestones for claim in milestone.claims]
TRAINING = Claim(
    id="trained", words="The weights are those of gradient descent.", topics={{"ml04": 1.0}}, function="train",
    make=examples, oracle=train, rtol=1e-6, cases=2, sizes=(1, 2), budget=60.0, hints=("a", "b", "c"),
)
CONTRACT = Contract(
    "large", "\\n\\n".join(PARTS) + "\\n",
    (
        *(Milestone(f"M{{copy + 1}}", f"Copy {{copy}}", tuple(copied(claim, copy) for claim in EVERY))
          for copy in range(COPIES)),
        Milestone(f"M{{COPIES + 1}}", "Training", (TRAINING,)),
    ),
    source=Path(__file__).read_text("utf-8"),
)
'''
MUTANTS = """
import dataclasses
import re
from pathlib import Path

from castalia.check.exercises.basics.mutants import MUTANTS as BASICS
from castalia.core.contract import Mutant

TEXT = Path(__file__).with_name("large.py").read_text("utf-8")
PART = TEXT.split("# copy 1\\n")[0]
ONCE = [each for each in BASICS if PART.count(each.old) == 1]
# The text of basics stands in every copy: the first one is changed, with all of its part as the old text.
MUTANTS = (
    *(dataclasses.replace(each, old=PART, new=PART.replace(each.old, each.new)) for each in ONCE),
    Mutant("half_step", "The rate does not matter.", "weights -= 0.5", "weights -= 0.4", ("ml04",)),
)
EQUIVALENT = {}
"""


def shelf(folder: Path) -> Path:
    """The shelf with the large project."""
    text = contracts.reference("basics").read_text("utf-8")
    head, body = text.split("def standardize", 1)
    copies = []
    for copy in range(COPIES):
        names = re.compile(rf"\b({'|'.join(PUBLIC)})\b")
        copies.append(f"# copy {copy}\n" + names.sub(rf"\1_{copy}", "def standardize" + body))
    place = folder / "large"
    place.mkdir()
    (place / "card.toml").write_text(CARD)
    (place / "large.py").write_text(head + "\n\n".join(copies) + TRAINING)
    (place / "contract.py").write_text(CONTRACT.format(public=PUBLIC, copies=COPIES))
    (place / "mutants.py").write_text(MUTANTS)
    return folder


def measure(name: str, effort: Effort, settings: Settings) -> dict[str, Any]:
    """One proof: seconds in all and of each part, and what came of it."""
    subject = found(name, settings)
    parts: dict[str, list[float]] = {}

    def note(what: str, done: int, total: int) -> None:
        parts.setdefault(what, [time.perf_counter()]).append(time.perf_counter())

    begun = time.perf_counter()
    proof = prove(subject, effort, say=note)
    seconds = time.perf_counter() - begun
    spent = {what: round(marks[-1] - marks[0], 2) for what, marks in parts.items()}
    lines = sum(text.count("\n") for text in subject.texts.values())
    return {"seconds": round(seconds, 1), "parts": spent, "lines": lines, **figures(proof, spent)}


def figures(proof: Proof, spent: dict[str, float]) -> dict[str, Any]:
    """What a proof says, in short."""
    return {
        "claims": len(proof.costs), "mutants": len(proof.automatic), "generated": proof.generated,
        "mutants_per_s": round(len(proof.automatic) / max(spent["mutants"], 1e-9), 1),
        "named": len(proof.named), "lazy": len(proof.lazy), "seeds": len(proof.seeds), "threads": list(proof.threads),
        "score": round(proof.score, 4), "score_raw": round(proof.score_raw, 4), "survived": len(proof.survivors),
        "false_alarms": len(proof.alarms), "costliest_claim_s": max(proof.costs.values()),
        "asked_last": proof.kills.get("trained"),
    }  # fmt: skip


def main() -> None:
    """Measure, print, keep."""
    made: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        place = Path(folder) / "bench"
        place.mkdir()
        catalog.trust(shelf(place), settings, "bench")
        for key, name, effort in (
            ("basics", "basics", NORMAL), ("basics_full", "basics", FULL), ("large", "bench/large", NORMAL),
        ):  # fmt: skip
            made[key] = measure(name, effort, settings)
            print(f"{key:<12} {made[key]['seconds']:>8.1f} s   {made[key]['mutants']} mutants, {made[key]['parts']}")
    machine = {"cores": os.cpu_count(), "workers": cores(), "python": platform.python_version()}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**made, "machine": machine}, indent=1) + "\n")


if __name__ == "__main__":
    main()

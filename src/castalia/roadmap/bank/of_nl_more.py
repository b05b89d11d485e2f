"""Questions about language: pretrained models, fine-tuning, named entities, translation, generation."""

from __future__ import annotations

import math
import random
from collections import Counter

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("nl06")
def perplexity(rng: random.Random) -> Question:
    """From the probabilities of the tokens."""
    p = [rng.choice([0.5, 0.25, 0.2, 0.1, 0.8]) for _ in range(4)]
    return number(
        f"A language model gave the four tokens of a text the probabilities {p}, each after those before it. "
        "What is its perplexity on the text? (Python is fine.)",
        math.prod(p) ** (-1 / 4),
        "exp of the mean of -ln p: the fourth root of 1 over the product.",
    )


@asks("nl06")
def days_of_training(rng: random.Random) -> Question:
    """Six operations for each parameter and token."""
    n, d = rng.choice([(0.1, 2), (0.35, 7), (1, 20), (1.5, 30)])
    rate, gpus = rng.choice([100, 300]), rng.choice([2, 4, 8])
    return number(
        f"Training a transformer takes about 6 floating-point operations for each parameter and token. {n} billion "
        f"parameters, {d} billion tokens, {gpus} GPUs that each do {rate}·10¹² operations a second in fact. "
        "How many hours does it take? (Python is fine.)",
        6 * n * d * 1e18 / (rate * 1e12 * gpus) / 3600,
        f"6 · {n}·10⁹ · {d}·10⁹ / ({gpus} · {rate}·10¹²) seconds.",
    )


@asks("nl06")
def labels_not_shifted(rng: random.Random) -> Question:
    """Each position is asked for the token that it reads."""
    v = rng.choice([8000, 32000, 50257])
    return choice(
        rng,
        "A causal language model written from scratch has a loss of 0.02 after 200 steps, on text never seen, "
        "too. What it generates repeats one token. What is wrong in this line?",
        ("The labels are not shifted.", "Each position is asked for the token that it has just read."),
        [
            ("The mean runs over the padding.", "That moves the loss a little; it does not make it near 0."),
            ("The logits lack a softmax.", "F.cross_entropy takes logits; it makes the softmax itself."),
            ("The batch is flattened wrongly.", "Both are flattened alike, so tokens and logits still match."),
        ],
        code=f"loss = F.cross_entropy(model(ids).view(-1, {v}), ids.view(-1))",
    )


@asks("nl07")
def parameters_of_lora(rng: random.Random) -> Question:
    """Two thin matrices beside each adapted one."""
    d, r, layers, k = (
        rng.choice([1024, 2048, 4096]),
        rng.choice([4, 8, 16]),
        rng.choice([12, 24, 32]),
        rng.choice([2, 4]),
    )
    return number(
        f"LoRA of rank {r} is put on {k} square matrices of {d} × {d} in each of {layers} layers. How many "
        "parameters are trained?",
        2 * r * d * k * layers,
        f"Each matrix gets {r} × {d} and {d} × {r}: {2 * r * d}, times {k} · {layers}.",
        within=0,
    )


@asks("nl07")
def never_stops(rng: random.Random) -> Question:
    """The end token was masked together with the padding."""
    n = rng.choice(["2,000", "5,000"])
    return choice(
        rng,
        f"A chat model, fine-tuned on {n} answers, answers well but then goes on and on until the limit. The padding "
        "token was set to the end-of-text token, and labels of padding are ignored (-100). What is the cause?",
        ("The true end tokens are ignored too.", "They have the padding's id, so ending was never taught."),
        [
            ("The temperature is set too high.", "It would spoil the answers first, not only their end."),
            ("The answers were too few to learn.", "One end token for each answer is learnt within minutes."),
            ("The limit on new tokens is too large.", "It is where it stops, not why it does not stop before."),
        ],
    )


@asks("nl07")
def forgets_the_rest(rng: random.Random) -> Question:
    """The general skill falls while the loss on the narrow one falls."""
    fell = rng.choice([(61, 43), (58, 37)])
    return choice(
        rng,
        "A language model is fine-tuned for 10 epochs on 3,000 legal questions. Validation on them is best "
        f"after epoch 2; a general test falls from {fell[0]} % to {fell[1]} % by epoch 10, and half of that "
        "comes after epoch 2. You need both skills. What do you change first?",
        (
            "Stop at epoch 2, with some general examples mixed in.",
            "Later epochs cost both; a mixture slows forgetting.",
        ),
        [
            ("Train for 20 epochs, at half of the learning rate.", "Many small steps on the same data forget as well."),
            ("Unfreeze more layers and raise the weight decay.", "More freedom to move away from what was known."),
            ("Repeat the legal questions more often in each epoch.", "That is more of what makes it forget."),
        ],
    )


Span = tuple[int, int, str]


@asks("nl08")
def entities_of_tags(rng: random.Random) -> Question:
    """Spans of a BIO sequence."""
    tags: list[str] = []
    count = 0
    for _ in range(rng.randint(4, 6)):
        if rng.random() < 0.35:
            tags.append("O")
        else:
            kind, count = rng.choice(["PER", "ORG"]), count + 1
            tags += [f"B-{kind}"] + [f"I-{kind}"] * rng.randint(0, 2)
    if not count:
        tags, count = [*tags, "B-PER", "I-PER"], 1
    return number(
        "How many entities do these BIO tags mark?",
        count,
        "Each B- begins one, also right after another of the same kind; I- goes on with it.",
        code=" ".join(tags),
        within=0,
    )


@asks("nl08")
def exact_f1(rng: random.Random) -> Question:
    """Spans count only when borders and kind agree."""
    gold: list[Span] = [(0, 2, "PER"), (4, 5, "ORG"), (7, 9, "LOC"), (11, 12, "PER"), (14, 17, "ORG")]
    found: list[Span] = list(gold[: rng.randint(2, 3)])
    found += [(7, 8, "LOC"), (11, 12, "LOC"), (19, 20, "PER")][: rng.randint(1, 3)]
    hits = len(set(gold) & set(found))
    return number(
        "What is the entity F1 with exact match, with spans as (first token, token after the last, kind)?",
        2 * hits / (len(gold) + len(found)),
        f"{hits} agree in borders and kind: 2 · {hits} / ({len(gold)} + {len(found)}).",
        code=f"true  = {gold}\nfound = {found}",
    )


@asks("nl08")
def best_path(rng: random.Random) -> Question:
    """The best score over all tag sequences."""
    emit = [[rng.randint(0, 5), rng.randint(0, 5)] for _ in range(3)]
    move = [[rng.randint(-1, 3), rng.randint(-3, 1)], [rng.randint(-3, 1), rng.randint(-1, 3)]]
    best = list(emit[0])
    for row in emit[1:]:
        best = [max(best[0] + move[0][k], best[1] + move[1][k]) + row[k] for k in (0, 1)]
    return number(
        "A CRF has two tags. What is the score of the best sequence of tags for three tokens?",
        max(best),
        f"Keep the best score that ends in each tag, token by token; at the end they are {best}.",
        code=f"emit = {emit}      # emit[token][tag]\nmove = {move}      # move[from][to], no start or end scores",
        within=0,
    )


CORPUS = (
    ("the cat sat on the mat", "the cat the cat on the mat"),
    ("there is a cat on the mat", "the cat is on the mat"),
    ("he read the book in one day", "he read the book the book"),
    ("we will meet at the station", "we meet at the the station"),
    ("she sold the old house last year", "she sold the house the last year"),
    ("the train to the coast leaves at noon", "the train leaves the coast at noon"),
    ("two dogs run over the green field", "dogs run over the field"),
    ("it is not far to the lake", "it is far to the the lake"),
    ("they have not yet found the key", "they have found the key the key"),
    ("the last bus to town is late", "the bus to the town is late"),
)


def grams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))


@asks("nl09")
def bleu_by_hand(rng: random.Random) -> Question:
    """BLEU with one and two words."""
    true, made = rng.choice(CORPUS)
    a, b = true.split(), made.split()
    shares = []
    for n in (1, 2):
        common = sum((grams(b, n) & grams(a, n)).values())
        shares.append((common, len(b) - n + 1))
    short = min(1.0, math.exp(1 - len(a) / len(b)))
    return number(
        f"Reference: “{true}”. Translation: “{made}”. What is BLEU of this pair with n-grams up to 2 (clipped, equal "
        "weights, with the brevity penalty, without smoothing), between 0 and 1? (Python is fine.)",
        short * math.sqrt(shares[0][0] / shares[0][1] * shares[1][0] / shares[1][1]),
        f"Precisions {shares[0][0]}/{shares[0][1]} and {shares[1][0]}/{shares[1][1]}; brevity penalty {short:.3f}.",
    )


@asks("nl09")
def greedy_and_beam(rng: random.Random) -> Question:
    """A beam finds what greed misses."""
    a, b, c = rng.choice([0.6, 0.55]), rng.choice([0.4, 0.45]), rng.choice([0.9, 0.95, 0.8])
    return number(
        f"The first word is A with probability {a} or B with {1 - a:.2g}. After A, the most probable second word has "
        f"probability {b}; after B, {c}. Sentences have two words. How many times as probable is the sentence "
        "that a beam of two finds as the one that greedy search finds?",
        (1 - a) * c / (a * b),
        f"Greedy: {a} · {b}. The beam keeps B as well: {1 - a:.2g} · {c}.",
    )


@asks("nl09")
def short_translations(rng: random.Random) -> Question:
    """Sums of log-probabilities favour short texts."""
    beam = rng.choice([20, 50, 100])
    return choice(
        rng,
        f"With a beam of {beam} instead of 4, a translator's outputs get a third shorter and BLEU falls; their total "
        "log-probability is higher. What is the usual remedy?",
        ("divide each score by the length", "Each further word adds a negative number, so short ones win."),
        [
            ("train longer with the same beam", "The beam is used after training; the bias is in the score."),
            ("raise the probabilities' temperature", "It flattens all words; a sum still favours few of them."),
            ("keep still more hypotheses alive", "A wider beam finds still more of the short ones."),
        ],
    )


@asks("nl10")
def temperature(rng: random.Random) -> Question:
    """Two logits at a temperature."""
    gap, t = rng.choice([1, 2, 3]), rng.choice([0.5, 0.7, 2])
    low = rng.choice([-1, 0, 1])
    return number(
        f"Only two tokens are possible, with logits {low + gap} and {low}. At temperature {t}, with which "
        "probability is the second one sampled? (Python is fine.)",
        1 / (1 + math.exp(gap / t)),
        f"σ(-{gap} / {t}): the logits are divided by the temperature.",
    )


@asks("nl10")
def nucleus(rng: random.Random) -> Question:
    """The smallest set that reaches p."""
    probs = rng.choice([(40, 25, 15, 10, 6, 4), (55, 20, 10, 8, 5, 2), (30, 25, 20, 12, 8, 5)])
    shown = rng.sample(probs, len(probs))
    p = rng.choice([0.5, 0.72, 0.82, 0.92])
    total, kept = 0, 0
    for each in probs:
        kept, total = kept + 1, total + each
        if total >= 100 * p:
            break
    return number(
        f"The next token's probabilities are {[each / 100 for each in shown]}. From how many tokens does top-p "
        f"sampling with p = {p} draw?",
        kept,
        f"The most probable ones until their sum reaches {p}; here it is then {total / 100}.",
        within=0,
    )


@asks("nl10")
def loops(rng: random.Random) -> Question:
    """Greedy decoding repeats itself."""
    n = rng.choice([30, 50])
    return choice(
        rng,
        f"A model's stories repeat one sentence again and again after some {n} words. They are decoded greedily; its "
        "perplexity on real stories is good. What do you change first?",
        ("Sample from the top tokens.", "Always taking the top one falls into loops that feed themselves."),
        [
            ("Use a beam of eight.", "It looks for still more probable texts, which are such loops."),
            ("Train it longer on the same stories.", "It models stories well; the way of decoding is at fault."),
            ("Lower the temperature before argmax.", "Greedy choice is the same at every temperature."),
        ],
    )

"""Questions about advanced deep learning: learning from few examples or without labels, graphs, attention."""

from __future__ import annotations

import math
import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("ad06")
def meta_gradient(rng: random.Random) -> Question:
    """MAML through one inner step."""
    w, a, b, lr = rng.randint(0, 3), rng.randint(4, 7), rng.randint(8, 12), rng.choice([0.1, 0.2, 0.25])
    inner = w - lr * 2 * (w - a)
    return number(
        f"MAML with one parameter w = {w}. A task's support loss is (w - {a})², its query loss (w - {b})²; one "
        f"inner step has the learning rate {lr}. What is the full (second-order) gradient of the query loss by "
        "the initial w?",
        2 * (inner - b) * (1 - 2 * lr),
        f"The inner step leads to {inner:g}; 2 ({inner:g} - {b}) times the step's own derivative, 1 - 2 · {lr}.",
    )


@asks("ad06")
def support_ignored(rng: random.Random) -> Question:
    """Tasks that can be solved without their support set."""
    acc = rng.choice([94, 97])
    return choice(
        rng,
        f"A meta-learner has {acc} % on its training tasks. It keeps {acc - 1} % there if the labels of the "
        "support sets are shuffled, and is at chance on new classes. In building tasks, each class always had "
        "the same label. What helps?",
        ("draw each task's labels anew", "With fixed labels the tasks can be learnt by heart, support unread."),
        [
            ("take more inner steps per task", "The inner steps are not what its answers come from."),
            ("give each task more queries", "More queries with the same fixed labels are learnt by heart too."),
            ("use the first-order gradient", "It is an approximation; the tasks stay solvable without support."),
        ],
    )


@asks("ad07")
def nearest_prototype(rng: random.Random) -> Question:
    """Prototypes and a softmax of distances."""
    ax, ay, bx = rng.randint(0, 2), rng.randint(0, 2), rng.randint(3, 4)
    a, b = [(ax, ay), (ax + 2, ay)], [(bx, 1), (bx, 3)]
    q = (rng.choice([2, 2.5]), rng.choice([1, 1.5]))
    da = (q[0] - ax - 1) ** 2 + (q[1] - ay) ** 2
    db = (q[0] - bx) ** 2 + (q[1] - 2) ** 2
    return number(
        f"A prototypical network embeds the support of class A at {a[0]} and {a[1]}, of B at {b[0]} and {b[1]}, and a "
        f"query at {q}. With squared Euclidean distances, which probability has A? (Python is fine.)",
        1 / (1 + math.exp(da - db)),
        f"The means are ({ax + 1}, {ay}) and ({bx}, 2), {da:g} and {db:g} away; softmax of the negative distances.",
    )


@asks("ad07")
def width_of_interval(rng: random.Random) -> Question:
    """The error of a mean over episodes."""
    sd, n = rng.choice([8, 10, 12]), rng.choice([400, 600, 1000, 2500])
    return number(
        f"Few-shot accuracy over {n} random episodes has a standard deviation of {sd} percentage points "
        "between episodes. How many points is the half-width of the 95 % interval of the mean (1.96 standard errors)?",
        1.96 * sd / math.sqrt(n),
        f"1.96 · {sd} / √{n}.",
    )


@asks("ad07")
def one_by_one(rng: random.Random) -> Question:
    """Queries that help each other through batch normalization."""
    n = rng.choice([75, 50])
    return choice(
        rng,
        f"A few-shot network has 66 % if an episode's {n} queries go through it together, and 58 % if they go "
        "one at a time. Weights and support are the same. What explains it?",
        ("Batch normalization runs on the batch's own statistics.", "The queries inform each other: transduction."),
        [
            (
                "One query at a time is a sample too small for a mean.",
                "The mean is over the same queries both times.",
            ),
            ("Prototypes are computed anew for each of the queries.", "They come from the support, which is the same."),
            ("Floating-point sums differ with the size of a batch.", "That moves the last digits, not eight points."),
        ],
    )


@asks("ad08")
def contrastive_loss(rng: random.Random) -> Question:
    """InfoNCE with a temperature."""
    pos, t = rng.choice([0.6, 0.8, 0.9]), rng.choice([0.1, 0.2, 0.5])
    negs = rng.sample([-0.2, 0.1, 0.3, 0.5, 0.7], 3)
    total = sum(math.exp(each / t) for each in (pos, *negs))
    return number(
        f"InfoNCE at temperature {t}: an anchor's cosine with its positive is {pos}, with three negatives "
        f"{negs}. What is its loss (natural logarithm)? (Python is fine.)",
        math.log(total) - pos / t,
        "Cross-entropy of the four cosines over the temperature, with the positive as the class.",
    )


@asks("ad08")
def negatives_of_batch(rng: random.Random) -> Question:
    """Two views of each image."""
    n = rng.choice([32, 48, 64, 96, 128, 200, 256, 512])
    return number(
        f"SimCLR makes two views of each of {n} images. How many negatives are in the loss of one view?",
        2 * n - 2,
        f"All {2 * n} views but itself and its own partner.",
        within=0,
    )


@asks("ad08")
def constant_embeddings(rng: random.Random) -> Question:
    """Collapse, seen in the spread of the embeddings."""
    d = rng.choice([128, 256])
    return choice(
        rng,
        f"Two encoders with shared weights learn to make the embeddings (of {d} numbers) of two views equal, without "
        "negatives. After some steps the loss is at its minimum; over a batch each number's standard deviation "
        "is 0.0001. What is the matter?",
        ("All images get the same embedding.", "It is the trivial solution; a stop-gradient or negatives prevent it."),
        [
            ("The views are too much alike.", "Then images would still differ from each other."),
            ("The learning rate is too small.", "The loss has reached its minimum; it did learn something."),
            ("The embeddings have too few numbers.", "They use none of those that they have."),
        ],
    )


@asks("ad09")
def convolved_node(rng: random.Random) -> Question:
    """One layer of a GCN, with self-loops."""
    x = [rng.randint(1, 9) for _ in range(4)]
    return number(
        f"Nodes 1-2-3-4 form a path, with features {x}. A graph convolution (self-loops added, D^-½ A D^-½, "
        "weight 1, no activation) is applied. What becomes of node 2? (Python is fine.)",
        x[0] / math.sqrt(6) + x[1] / 3 + x[2] / 3,
        f"With self-loops the degrees are 2, 3, 3, 2: {x[0]}/√(2·3) + {x[1]}/3 + {x[2]}/√(3·3).",
    )


@asks("ad09")
def nodes_seen(rng: random.Random) -> Question:
    """Each layer sees one step further."""
    n, layers = 10, rng.choice([2, 3])
    edges = sorted({(rng.randint(max(0, k - 3), k - 1), k) for k in range(1, n)})
    seen = {0}
    for _ in range(layers):
        seen |= {b for a, b in edges if a in seen} | {a for a, b in edges if b in seen}
    return number(
        f"An undirected graph of nodes 0 to {n - 1} has these edges. How many nodes, itself included, can "
        f"change the output of node 0 after {layers} layers of message passing?",
        len(seen),
        f"Those at most {layers} edges away: {sorted(seen)}.",
        code=str(edges),
        within=0,
    )


@asks("ad09")
def all_alike(rng: random.Random) -> Question:
    """Over-smoothing."""
    deep = rng.choice([16, 24])
    return choice(
        rng,
        f"A graph network has 81 % with 2 layers. With {deep} it has 34 %, on training nodes as well, and the "
        "embeddings of any two nodes have a cosine of 0.999. What fits?",
        ("Averaging over neighbours has made all nodes alike.", "Each layer smooths; many leave only the mean."),
        [
            ("The deeper network overfits the training nodes.", "Training nodes are classified as badly."),
            ("The messages cannot come through the long paths.", "That loses far news; near ones would still differ."),
            ("The features were not scaled before the first layer.", "The same features give 81 % with 2 layers."),
        ],
    )


@asks("ad10")
def cache_with_groups(rng: random.Random) -> Question:
    """Keys and values of grouped heads."""
    layers, heads, d = rng.choice([(32, 8, 128), (24, 4, 64), (40, 8, 128)])
    n = rng.choice([2048, 4096, 8192])
    return number(
        f"A model has {layers} layers of {4 * heads} query heads of {d} numbers, which share {heads} key-value "
        f"heads. How many MB (10⁶ bytes) is the cache of keys and values of {n} tokens in float16? (Python is fine.)",
        layers * 2 * heads * d * n * 2 / 1e6,
        f"{layers} · 2 · {heads} · {d} · {n} numbers of 2 bytes: only the key-value heads count.",
    )


@asks("ad10")
def window_pairs(rng: random.Random) -> Question:
    """A causal window, shorter at the start."""
    n, w = rng.randint(20, 60), rng.randint(4, 12)
    return number(
        f"Causal attention over {n} tokens, in which each token sees itself and the {w - 1} before it (fewer "
        "at the start). How many (query, key) pairs are that?",
        n * w - w * (w - 1) // 2,
        f"{n} · {w}, less the {w * (w - 1) // 2} that are missing at the start.",
        within=0,
    )


@asks("ad10")
def rotated_score(rng: random.Random) -> Question:
    """Rotary positions: only the distance counts."""
    q, k = rng.sample(range(5, 40), 2)
    theta = rng.choice([0.1, 0.05, 0.2])
    return number(
        f"Rotary positions turn each pair of numbers by {theta} radians for each position. Query (1, 0) is at "
        f"position {q}, key (1, 0) at position {k}. What is their dot product after turning? (Python is fine.)",
        math.cos((q - k) * theta),
        f"cos of the angle between them: {abs(q - k)} positions · {theta}.",
    )


@asks("ad10")
def in_blocks(rng: random.Random) -> Question:
    """Attention in blocks is exact."""
    n = rng.choice([8192, 16384])
    return choice(
        rng,
        f"Attention over {n} tokens is changed to a FlashAttention kernel. Memory falls to a small part and it "
        "runs three times as fast. What do you expect of the outputs?",
        ("equal, but for rounding", "The same sums are made block by block; the large matrix is never stored."),
        [
            ("worse at long distances", "No pair is left out; it is not a sparse approximation."),
            ("equal only after retraining", "The function is the same, so the weights serve as they are."),
            ("noisier, like low precision", "It saves memory traffic; it does not need fewer bits."),
        ],
    )

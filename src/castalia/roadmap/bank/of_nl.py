"""Questions about language: text, word vectors, recurrent networks, attention, transformers."""

from __future__ import annotations

import math
import random

import castalia.roadmap.bank.of_nl_more  # noqa: F401  # puts the other half on the shelf
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks

MERGES = (
    (("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w")),
    (("e", "r"), ("w", "er"), ("s", "t"), ("l", "o")),
    (("w", "e"), ("n", "e"), ("ne", "w"), ("s", "t"), ("e", "r")),
)


@asks("nl01")
def merged_tokens(rng: random.Random) -> Question:
    """Byte-pair merges in their order."""
    word = rng.choice(["lowest", "slower", "lower", "newest", "renewer", "wetter"])
    merges = rng.choice(MERGES)
    tokens = list(word)
    for pair in merges:
        k, after = 0, []
        while k < len(tokens):
            step = 2 if tuple(tokens[k : k + 2]) == pair else 1
            after.append("".join(tokens[k : k + step]))
            k += step
        tokens = after
    return number(
        "A byte-pair tokenizer starts from single letters and applies these merges in this order. Into how "
        f"many tokens does it cut “{word}”?",
        len(tokens),
        f"It gives {' '.join(tokens)}: a merge needs both of its parts as whole tokens.",
        code="\n".join(" + ".join(pair) for pair in merges),
        within=0,
    )


@asks("nl01")
def weight_of_term(rng: random.Random) -> Question:
    """tf-idf without smoothing."""
    n, df, tf = rng.choice([1000, 5000, 10000]), rng.choice([10, 50, 200]), rng.randint(2, 5)
    return number(
        f"A word occurs {tf} times in a document, and in {df} of the {n} documents. What is its tf-idf, with "
        "the raw count and the natural logarithm of (documents / documents with the word)? (Python is fine.)",
        tf * math.log(n / df),
        f"{tf} · ln({n} / {df}).",
    )


@asks("nl01")
def stop_words(rng: random.Random) -> Question:
    """A list of stop words that holds the negation."""
    thing = rng.choice(["film", "hotel", "phone"])
    return choice(
        rng,
        f"A bag-of-words classifier of reviews calls “the {thing} is not good” and “this {thing} is good” "
        "equally positive, whatever it is trained on. Which step before it makes them equal?",
        ("removing the usual stop words", "Common lists hold “not”, “the”, “this” and “is”."),
        [
            ("cutting each word down to its stem", "Stems of different words stay different: “not” would be left."),
            ("making all of the letters lower-case", "There is nothing in capitals here."),
            ("leaving out rare words", "“not” is one of the most frequent words."),
        ],
    )


@asks("nl02")
def pairs_of_window(rng: random.Random) -> Question:
    """Skip-gram's (centre, context) pairs."""
    n, w = rng.randint(7, 12), rng.choice([2, 3])
    return number(
        f"Skip-gram with a window of {w} words to each side (none dropped) runs over a sentence of {n} words. "
        "How many (centre, context) pairs does it give?",
        2 * w * n - w * (w + 1),
        f"2 · {w} for each word, less the {w} · {w + 1} that stick out at the two ends.",
        within=0,
    )


@asks("nl02")
def negative_sampling(rng: random.Random) -> Question:
    """The loss of one pair and two negatives."""
    u, pos = [rng.choice([1, 2]), rng.choice([-1, 1])], [rng.choice([1, 2]), rng.choice([0, 1])]
    negs = [[rng.choice([-1, 0]), 1], [rng.choice([1, -2]), rng.choice([-1, 1])]]

    def sigma(v: list[int], sign: int) -> float:
        return 1 / (1 + math.exp(-sign * (u[0] * v[0] + u[1] * v[1])))

    return number(
        f"Skip-gram with negative sampling: the centre's vector is {u}, the true context's {pos}, two negatives' are "
        f"{negs[0]} and {negs[1]}. What is the loss of this pair (natural logarithm, summed)? (Python is fine.)",
        -math.log(sigma(pos, 1)) - sum(math.log(sigma(each, -1)) for each in negs),
        "-ln σ(centre · context) - Σ ln σ(-centre · negative).",
    )


@asks("nl02")
def good_and_bad(rng: random.Random) -> Question:
    """Opposites share their contexts."""
    one, other = rng.choice([("good", "bad"), ("cheap", "expensive"), ("rise", "fall")])
    return choice(
        rng,
        f"Word2vec, trained on a billion words, gives “{one}” and “{other}” a cosine of 0.7, and a sentiment "
        "model on top confuses them. What explains the cosine?",
        ("They stand among the same words.", "The vectors are learnt from contexts, and opposites share theirs."),
        [
            ("They are too rare to be learnt.", "Both are frequent in a billion words."),
            ("The vectors have too few numbers.", "More numbers do not change that the contexts are alike."),
            ("They often stand side by side.", "What counts is sharing neighbours, not being neighbours."),
        ],
    )


@asks("nl03")
def parameters_of_lstm(rng: random.Random) -> Question:
    """Four gates, two biases each."""
    x, h = rng.choice([10, 32, 50]), rng.choice([16, 20, 64])
    return number(
        f"nn.LSTM({x}, {h}), one layer, one direction: each gate has weights for the input, weights for the "
        "state, and in PyTorch two vectors of biases. How many parameters are that in all?",
        4 * h * (x + h + 2),
        f"Four gates of {h} · ({x} + {h} + 2).",
        within=0,
    )


@asks("nl03")
def step_of_lstm(rng: random.Random) -> Question:
    """New cell, new output."""
    f, i, o = rng.choice([0.5, 0.9]), rng.choice([0.2, 0.5]), rng.choice([0.5, 0.8, 1])
    c, g = rng.choice([-2, 1, 2]), rng.choice([0.5, -0.5, 1])
    return number(
        f"An LSTM unit has the old cell c = {c}. Its forget gate is {f}, input gate {i}, output gate {o}, and "
        f"the candidate (after tanh) is {g}. What is its new hidden state? (Python is fine.)",
        o * math.tanh(f * c + i * g),
        f"The cell becomes {f} · {c} + {i} · {g} = {f * c + i * g:g}; the state is {o} · tanh of it.",
    )


@asks("nl03")
def padded_state(rng: random.Random) -> Question:
    """The state after the padding."""
    n = rng.choice([40, 60, 100])
    return choice(
        rng,
        f"Sentences are padded at their end to {n} tokens, an LSTM runs over them, and a classifier reads its "
        "state at the last position. Short sentences are classified badly, and worse with still more padding. What "
        "helps?",
        ("reading the state at each sentence's last true token", "After it, the state is changed by the padding."),
        [
            ("clipping the gradients to a norm of one before each step", "Gradients do not change predictions."),
            (
                "giving the padding a vector of zeros that is not trained",
                "The gates' biases change the state all the same.",
            ),
            ("sorting sentences by length and shuffling the batches", "Less padding, but still read after it."),
        ],
    )


@asks("nl03")
def far_back(rng: random.Random) -> Question:
    """A gradient through many steps."""
    w, t = rng.choice([0.8, 0.85, 0.9, 0.95, 1.05, 1.1]), rng.choice([10, 20, 25, 30, 40])
    return number(
        f"A linear recurrent unit h(t) = {w} h(t-1) + x(t) has a loss at step {t} only. The gradient by h({t}) "
        "is 1. What is the gradient by h(0)? (Python is fine.)",
        w**t,
        f"One factor of {w} for each of the {t} steps.",
    )


@asks("nl04")
def attention_weight(rng: random.Random) -> Question:
    """Scaled dot products, then softmax."""
    q = [rng.choice([1, 2]), rng.choice([-1, 1]), 1, rng.choice([0, 2])]
    keys = [[rng.choice([-1, 0, 1, 2]) for _ in range(4)] for _ in range(3)]
    scores = [sum(a * b for a, b in zip(q, key, strict=True)) / 2 for key in keys]
    exps = [math.exp(each) for each in scores]
    return number(
        "Which weight does scaled dot-product attention give the first key? (Python is fine.)",
        exps[0] / sum(exps),
        f"The dot products over √4 are {scores}; softmax of them.",
        code=f"query = {q}\nkeys = {keys}",
    )


@asks("nl04")
def memory_of_weights(rng: random.Random) -> Question:
    """The matrix of weights grows with the square of the length."""
    b, h, n = rng.choice([1, 4, 8]), rng.choice([8, 12, 16]), rng.choice([1024, 2048, 4096])
    return number(
        f"Attention with {h} heads over {n} tokens, batch {b}, keeps all its weights of one layer in float16. "
        "How many megabytes (10⁶ bytes) are that? (Python is fine.)",
        b * h * n * n * 2 / 1e6,
        f"{b} · {h} · {n}² weights of 2 bytes.",
    )


@asks("nl04")
def allowed_pairs(rng: random.Random) -> Question:
    """Causal attention with a prefix that everybody sees."""
    n = rng.randint(8, 20)
    p = rng.randint(2, n - 3)
    return number(
        f"A sequence has {n} tokens. The first {p} (the prefix) all see each other; every later token sees the "
        "prefix, the tokens before it and itself. How many (query, key) pairs are allowed?",
        p * p + sum(range(p + 1, n + 1)),
        f"{p}² within the prefix, then {p + 1} + … + {n}.",
        within=0,
    )


@asks("nl04")
def mask_after_softmax(rng: random.Random) -> Question:
    """A mask must come before the softmax."""
    size = rng.choice([32, 64])
    return choice(
        rng,
        "This attention trains and uses no future token's value, but something is wrong. What?",
        (
            "The future keys take part in the softmax's sum.",
            "Masked after it, rows no longer sum to 1 and depend on the future; use -inf before.",
        ),
        [
            ("The mask hides the past instead of the future.", "tril keeps the keys up to the query itself."),
            ("The softmax must run over the queries' axis.", "Each query's weights run over the keys, the last axis."),
            ("The scores must be divided by the length.", f"They are divided by √{size}, the size of a key, as usual."),
        ],
        code=f"scores = q @ k.transpose(-2, -1) / {size} ** 0.5      # q, k, v: (batch, n, {size})\n"
        "weights = scores.softmax(-1)\nweights = weights * torch.tril(torch.ones(n, n))\nreturn weights @ v",
    )


@asks("nl05")
def weights_of_block(rng: random.Random) -> Question:
    """Four projections and two layers of the feed-forward part."""
    d, k = rng.choice([128, 256, 512, 768]), rng.choice([2, 4])
    return number(
        f"A transformer block (self-attention with heads that together have {d} numbers, feed-forward part of "
        f"{k} · {d} hidden units) works on vectors of {d}. How many weights are in it, biases and norms aside?",
        4 * d * d + 2 * k * d * d,
        f"Query, key, value and output: 4 · {d}²; feed-forward: 2 · {k} · {d}².",
        within=0,
    )


@asks("nl05")
def normalized_token(rng: random.Random) -> Question:
    """Layer normalization works within a token."""
    m, s = rng.randint(4, 9), rng.choice([1, 2])
    one = rng.sample([m - 3 * s, m - s, m + s, m + 3 * s], 4)
    two = [rng.randint(-9, 20) for _ in range(4)]
    return number(
        f"Layer normalization (scale 1, shift 0, negligible ε) acts on two tokens with the vectors {one} and "
        f"{two}. What becomes of the first number of the first token?",
        (one[0] - m) / (s * math.sqrt(5)),
        f"Its own token has mean {m} and variance {5 * s * s}; the other token plays no part.",
    )


@asks("nl05")
def without_positions(rng: random.Random) -> Question:
    """Self-attention does not know the order."""
    one, other = rng.choice([("dog bites man", "man bites dog"), ("a beats b", "b beats a")])
    return choice(
        rng,
        "A transformer encoder without positions, without a mask, with a mean over the tokens at its end, "
        f"reads “{one}” and “{other}”. How do its two outputs compare?",
        (
            "They are equal, but for rounding.",
            "Reordered tokens give the same vectors reordered, and the mean does not see that.",
        ),
        [
            ("They differ, by the attention weights.", "The weights depend on what the tokens are, not on where."),
            ("They differ, by the softmax.", "The softmax of reordered scores is the softmax, reordered."),
            ("They differ, by the residual connections.", "Those add to each token its own vector."),
        ],
    )


@asks("nl05")
def heads_at_same_width(rng: random.Random) -> Question:
    """More heads of smaller size cost no weights."""
    d, h = rng.choice([(512, 8), (768, 12), (256, 4)])
    return choice(
        rng,
        f"A block of width {d} has {h} heads of {d // h} numbers. It is changed to {2 * h} heads, at the same "
        "width. What happens to the number of weights in its attention?",
        ("It stays the same.", f"The projections stay {d} × {d}; they are cut into more, smaller heads."),
        [
            ("It is doubled.", f"That is so where each head keeps its {d // h} numbers; here they are halved."),
            ("It is halved.", "Each head is half as large, but there are twice as many."),
            ("It is four times as large.", "Heads do not multiply with each other; they stand side by side."),
        ],
    )

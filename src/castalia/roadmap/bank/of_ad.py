"""Questions about advanced deep learning: generative networks and learning from rewards."""

from __future__ import annotations

import math
import random

import castalia.roadmap.bank.of_ad_more  # noqa: F401  # puts the other half on the shelf
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("ad01")
def best_discriminator(rng: random.Random) -> Question:
    """p / (p + q) at a point."""
    p, q = rng.sample([0.1, 0.2, 0.3, 0.5, 0.6], 2)
    return number(
        f"At a point x, real data have density {p} and the generator's samples {q}; the discriminator sees as many of "
        "either. Trained to the optimum with cross-entropy, what does it put out at x?",
        p / (p + q),
        f"{p} / ({p} + {q}): the share of real data at x.",
    )


@asks("ad01")
def gradient_of_generator(rng: random.Random) -> Question:
    """Saturating against non-saturating loss."""
    d = rng.choice([0.001, 0.002, 0.004, 0.005, 0.01, 0.02, 0.025, 0.04, 0.05, 0.08, 0.1])
    return number(
        f"Early in training the discriminator gives a fake D = σ(a) = {d}. By which factor is the gradient by "
        "a of the generator's loss -ln D larger, in absolute value, than that of its loss ln(1 - D)?",
        (1 - d) / d,
        f"The slopes are -(1 - D) and -D: {1 - d:g} against {d}.",
    )


@asks("ad01")
def two_digits(rng: random.Random) -> Question:
    """Sharp, but always the same."""
    a, b = rng.choice([(1, 7), (0, 1), (3, 8)])
    return choice(
        rng,
        f"A GAN trained on all ten digits draws sharp ones, but only {a} and {b}, whatever the noise. Both "
        "losses have been steady for a long time. What has happened?",
        ("The generator has collapsed to few modes.", "It does well with samples that cover a part of the data."),
        [
            ("The discriminator has become too strong.", "Then it tells fakes apart, and the losses drift apart."),
            ("The generator has learnt data by heart.", "It would show many digits, each like a training image."),
            ("The noise has far too many dimensions.", "More noise allows more variety, not less."),
        ],
    )


@asks("ad02")
def divergence_of_gaussians(rng: random.Random) -> Question:
    """KL of a Gaussian from the standard one."""
    mu, sigma = rng.choice([-1, 0.5, 1, 2]), rng.choice([0.1, 0.5, 0.8, 2])
    return number(
        f"The encoder of a VAE gives a latent with one dimension the mean {mu} and the standard deviation "
        f"{sigma}. What is the KL divergence of it from N(0, 1), in nats? (Python is fine.)",
        (mu**2 + sigma**2 - 1 - 2 * math.log(sigma)) / 2,
        "½ (μ² + σ² - 1 - ln σ²).",
    )


@asks("ad02")
def sampled_latent(rng: random.Random) -> Question:
    """The standard deviation is exp(logvar / 2)."""
    logvar, mu, eps = rng.choice([-2, -1, 1, 2]), rng.choice([-1, 1, 2, 3]), rng.choice([-2, 0.5, 1.5])
    return number(
        f"A VAE's encoder gives μ = {mu} and log σ² = {logvar}; the noise drawn is ε = {eps}. What is z? "
        "(Python is fine.)",
        mu + eps * math.exp(logvar / 2),
        f"{mu} + e^({logvar}/2) · {eps}: the network gives the logarithm of the variance.",
    )


@asks("ad02")
def latent_unused(rng: random.Random) -> Question:
    """Posterior collapse."""
    kl = rng.choice(["0.003", "0.001", "0.01"])
    return choice(
        rng,
        f"A VAE with a strong autoregressive decoder has a KL term of {kl} nats after the first epoch, and it "
        "stays there. Samples vary, but not with z. What do you try first?",
        ("let the KL's weight grow from 0", "z is ignored from the start; it must pay before it costs."),
        [
            ("raise the KL term's weight to four", "That pushes z still harder towards carrying nothing."),
            ("give the decoder a few more layers", "A stronger decoder needs z even less."),
            ("give z twice as many dimensions", "All of them would be unused."),
        ],
    )


@asks("ad03")
def discounted_return(rng: random.Random) -> Question:
    """Rewards, discounted from the end."""
    gamma, rewards = rng.choice([0.5, 0.9, 0.8]), [rng.randint(-1, 4) for _ in range(3)] + [rng.randint(4, 10)]
    return number(
        f"The rewards after the first state are {rewards}, then the episode ends. What is the return from the "
        f"first state with a discount of {gamma}?",
        sum(gamma**k * each for k, each in enumerate(rewards)),
        f"From the end: G = r + {gamma} · G of the next.",
    )


@asks("ad03")
def value_of_loop(rng: random.Random) -> Question:
    """A Bellman equation with one unknown."""
    stay, gamma, r = rng.choice([0.5, 0.8, 0.9]), rng.choice([0.9, 0.5, 0.8]), rng.randint(1, 5)
    return number(
        f"Each step in state A gives a reward of {r}; then one stays in A with probability {stay}, or else the "
        f"episode ends. The discount is {gamma}. What is the value of A?",
        r / (1 - gamma * stay),
        f"V = {r} + {gamma} · {stay} · V.",
    )


@asks("ad03")
def along_the_cliff(rng: random.Random) -> Question:
    """Q-learning against SARSA."""
    eps = rng.choice([0.1, 0.2])
    return choice(
        rng,
        "A short way leads along a cliff, a longer one keeps away from it. Both are learnt with a constant ε "
        f"= {eps} of random steps. Tabular Q-learning comes to rate the short way higher, SARSA the long one. Why?",
        ("SARSA also counts what random steps will cost.", "Its target holds the action taken; Q-learning's the best."),
        [
            ("SARSA needs more episodes until it is as good.", "It has converged, to the values of its own policy."),
            ("SARSA discounts the rewards more than the other.", "Both use the same discount."),
            ("SARSA explores less and never tries the cliff.", f"Both explore alike, with ε = {eps}."),
        ],
    )


@asks("ad04")
def double_target(rng: random.Random) -> Question:
    """Double DQN: one network chooses, the other rates."""
    rated, wrong = 0, [0]
    while rated in wrong:  # one network alone, or the two in each other's place, must give something else
        online, target = rng.sample(range(1, 10), 3), rng.sample(range(1, 10), 3)
        best = online.index(max(online))
        rated, wrong = target[best], [max(target), max(online), online[target.index(max(target))]]
    r, gamma = rng.randint(1, 3), rng.choice([0.9, 0.99, 0.5])
    return number(
        f"A step gave the reward {r} and did not end the episode; γ = {gamma}. For the next state's three "
        f"actions, the online network says {online}, the target network {target}. What is the target of double DQN?",
        r + gamma * target[best],
        f"The online network chooses action {best + 1}, the target network rates it: {r} + {gamma} · {target[best]}.",
    )


@asks("ad04")
def replay_memory(rng: random.Random) -> Question:
    """A buffer that keeps each frame once."""
    n, side, k = rng.choice([100, 250, 400, 500, 800, 1000]), 84, 4
    return number(
        f"A replay buffer holds {n} thousand steps. A state is the last {k} frames of {side} × {side} bytes; "
        "the buffer stores each step's state and next state in full. How many GB (10⁹ bytes) of frames is that?",
        n * 1000 * 2 * k * side * side / 1e9,
        f"{n}·10³ · 2 · {k} · {side}² bytes. Each frame is stored {2 * k} times; once would do.",
    )


@asks("ad04")
def values_grow(rng: random.Random) -> Question:
    """A target that goes on after the end."""
    top = rng.choice([20, 50])
    return choice(
        rng,
        "In a game that ends with a reward of 1 or 0 (all other rewards are 0, γ = 0.99), DQN's values grow "
        f"beyond {top}. Which fault in the target explains it?",
        (
            "It has no (1 - done).",
            "It counts on after the end, where states look like those before, so values feed themselves, up to 100.",
        ),
        [
            ("It is not detached.", "That gives gradients a second way; values above 1 do not follow from it."),
            ("It should not take the max.", "Any action's true value is at most 1 here."),
            ("It is updated too rarely.", "An old target learns slowly; it does not grow past what can be won."),
        ],
        code="best = target_net(next_states).max(1).values\ntargets = rewards + 0.99 * best\n"
        "loss = F.smooth_l1_loss(q.gather(1, actions), targets.detach()[:, None])",
    )


@asks("ad05")
def gradient_of_policy(rng: random.Random) -> Question:
    """d ln π / d logit is indicator minus probability."""
    p = rng.choice([0.1, 0.2, 0.3, 0.6])
    reward, base = rng.choice([(10, 8), (3, 7), (5, 1), (2, 6)])
    chosen = rng.random() < 0.5
    which = "was taken" if chosen else "was not taken"
    return number(
        f"A softmax policy gives action a the probability {p}. In a step a {which}; the return was {reward}, "
        f"the baseline {base}. What does REINFORCE estimate as the gradient of the expected return by a's logit?",
        (chosen - p) * (reward - base),
        f"({int(chosen)} - {p}) · ({reward} - {base}).",
    )


@asks("ad05")
def clipped_objective(rng: random.Random) -> Question:
    """PPO takes the smaller of the two."""
    ratio, adv, eps = rng.choice([0.6, 0.75, 1.3, 1.5]), rng.choice([-2, -1, 2, 3]), rng.choice([0.1, 0.2])
    clipped = min(max(ratio, 1 - eps), 1 + eps)
    return number(
        f"PPO clips at ε = {eps}. For one action, the ratio of new to old probability is {ratio} and the "
        f"advantage {adv}. What does this action add to the clipped objective (which is maximized)?",
        min(ratio * adv, clipped * adv),
        f"The smaller of {ratio} · {adv} and {clipped:g} · {adv}.",
    )


@asks("ad05")
def generalized_advantage(rng: random.Random) -> Question:
    """GAE from its differences."""
    gamma, lam = rng.choice([0.9, 1]), rng.choice([0.5, 0.8])
    rewards, values = [rng.randint(0, 3) for _ in range(3)], [rng.randint(1, 5) for _ in range(3)]
    deltas = [r + gamma * after - v for r, v, after in zip(rewards, values, [*values[1:], 0], strict=True)]
    if abs(sum((gamma * lam) ** k * each for k, each in enumerate(deltas))) < 0.1:
        rewards[0], deltas[0] = rewards[0] + 1, deltas[0] + 1
    return number(
        f"Three steps and the end: rewards {rewards}, the critic's values of the three states {values}. γ = {gamma}, "
        f"λ = {lam}. What is the generalized advantage (GAE) of the first step? (Python is fine.)",
        sum((gamma * lam) ** k * each for k, each in enumerate(deltas)),
        f"δ = r + γ V(next) - V = {[round(each, 4) for each in deltas]}, summed with powers of γλ; after the "
        "end V is 0.",
    )

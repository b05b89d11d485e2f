"""Update rules on one flat vector, in place: SGD to Lion. NumPy alone.

All parameters of a model live in one array, its gradient in another of the same shape; a rule changes the first and
leaves the second as it is. The vector is walked in blocks that stay in the cache: ten passes over 130,000 numbers are
faster than ten over millions. State has the dtype of the parameters.

Weight decay is decoupled (Loshchilov and Hutter 2019): parameters shrink by ``rate * decay`` beside the step, and the
gradient stays what it is. ``spare`` marks parameters that are not decayed: biases, and scales of normalisation. All
steps are those of torch.optim, which decays like this in AdamW alone (NAdam and RAdam on request).

>>> import numpy as np
>>> theta = np.array([1.0, -2.0])
>>> rule = Adam(theta)
>>> rule.step(np.array([0.5, 0.5]), rate=0.1)
>>> theta.round(6).tolist()
[0.9, -2.1]
"""

from castalia.kit.optim.adaptive import Adam, Adamax, NAdam, RAdam
from castalia.kit.optim.gradient import SGD, AdaDelta, AdaGrad, Lion, Momentum, RMSProp
from castalia.kit.optim.rule import Rule, aligned, clip_by_norm

__all__ = [
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "Adamax",
    "Lion",
    "Momentum",
    "NAdam",
    "RAdam",
    "RMSProp",
    "Rule",
    "aligned",
    "clip_by_norm",
]

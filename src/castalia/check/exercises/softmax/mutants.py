"""Wrong versions that the contract must reject: what people believe, and answers that do not try."""

from castalia.core.contract import Mutant

_BODY = "    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))"
_SHIFT = "    shifted = shifted - shifted.max(axis=-1, keepdims=True)\n"

MUTANTS = (
    Mutant("no_maximum", "exp never overflows", _SHIFT, "", topics=("ma10",)),
    Mutant("sum_of_all", "one sum for the whole batch", "powers.sum(axis=-1, keepdims=True)", "powers.sum()"),
    Mutant("sum_of_columns", "the sum runs over the batch", "powers.sum(axis=-1", "powers.sum(axis=0", ("ma05",)),
    Mutant("unnormalised", "exp alone is a probability", _BODY, "    return powers", ("ma05",)),
    Mutant("powers_of_two", "any base will do", "np.exp(shifted)", "np.exp2(shifted)", ("dl02",)),
    Mutant("squared", "any positive function will do", "np.exp(shifted)", "(shifted - 1) ** 2", ("dl02",)),
    Mutant("log_softmax", "log-probabilities are meant", "np.asarray(powers /", "np.log(powers /"),
    Mutant("sign", "the largest gets the least", "np.exp(shifted)", "np.exp(-shifted)"),
    Mutant("mean_shift", "subtracting the mean is enough", "shifted.max(", "shifted.mean("),
    Mutant("shift_of_all", "one maximum for the whole batch", "shifted.max(axis=-1, keepdims=True)", "shifted.max()"),
    Mutant("single_precision", "float32 is the same", "dtype=float)", "dtype=np.float32)"),
    Mutant("smoothed", "a small number keeps the division safe", "/ powers.sum(axis=-1, keepdims=True)",
           "/ (powers.sum(axis=-1, keepdims=True) + 1e-6)"),
    Mutant("clipped", "clipping large numbers is harmless", "np.exp(shifted)", "np.exp(np.clip(shifted, -5, 5))"),
    Mutant("temperature", "a temperature of 2 is a matter of taste", "np.exp(shifted)", "np.exp(shifted / 2)"),
    Mutant("in_place", "the caller's array is mine", "    shifted = np.asarray(x, dtype=float)\n",
           "    shifted = np.asarray(x, dtype=float)\n    x *= 1.5\n"),
    Mutant("zeros", "zeros", _BODY, "    return np.zeros_like(powers)", lazy=True),
    Mutant("echo", "the input", _BODY, "    return np.asarray(x, dtype=float)", lazy=True),
    Mutant("constant", "the same for all", _BODY, "    return np.full_like(powers, 1 / powers.shape[-1])", lazy=True),
    Mutant("nan", "no numbers", _BODY, "    return np.full_like(powers, np.nan)", lazy=True),
)  # fmt: skip

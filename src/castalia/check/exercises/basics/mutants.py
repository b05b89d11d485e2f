"""Wrong versions of the small library that people write."""

from __future__ import annotations

from castalia.core.contract import Mutant

_STANDARDIZED = "return np.divide(centred, table.std(axis=0), out=np.zeros_like(centred), where=~constant)"
_ONE_HOT = "return (numbers[:, None] == np.arange(classes)).astype(float)"
_ACCURACY = "return float(np.mean(mine == theirs))"
_LOSS = "return float(-np.mean(np.log(np.maximum(right, 1e-15))))"
_COSINE = "return np.divide(left @ right.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)"
_DEF = "    def __init__(self) -> None:\n"
_INIT = "        self.count = 0\n        self._mean = 0.0\n        self._squares = 0.0\n"
_EMPTY = "        if batch.size == 0:\n            return\n"
_SQUARES = "float(((batch - batch.mean()) ** 2).sum()) + gap**2 * self.count * batch.size / total"
_MEAN = '            raise ValueError("no numbers yet")\n        return self._mean'


def _wrong(id: str, misconception: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, misconception, file="reference.py", old=old, new=new, topics=topics, lazy=lazy)


MUTANTS = (
    # standardize
    _wrong("not_divided_by_spread", "That centring is standardizing.", _STANDARDIZED, "return centred", "da03"),
    _wrong("divided_by_variance", "That variance and standard deviation are the same.", "table.std(axis=0), out",
           "table.var(axis=0), out"),
    _wrong("sample_deviation", "That one always divides by n − 1.", "table.std(axis=0), out",
           "table.std(axis=0, ddof=1), out"),
    _wrong("whole_table", "That a table has one mean, and not one for each column.", "table.mean(axis=0)",
           "table.mean()", "da01"),
    _wrong("rows_standardized", "That axis=1 goes down the columns.", "centred = table - table.mean(axis=0)",
           "centred = table - table.mean(axis=1, keepdims=True)", "da01"),
    _wrong("scaled_to_range", "That scaling to 0 … 1 is standardizing.", _STANDARDIZED,
           "return np.divide(table - table.min(axis=0), np.ptp(table, axis=0), "
           "out=np.zeros_like(table), where=~constant)"),
    _wrong("constant_divided", "That a column always varies.", _STANDARDIZED,
           'with np.errstate(all="ignore"):\n        return centred / table.std(axis=0)', "ma10"),
    _wrong("spread_compared_with_zero", "That the deviation of equal numbers is exactly zero in floating point.",
           "constant = table.max(axis=0) == table.min(axis=0)", "constant = table.std(axis=0) == 0", "ma10"),
    # one_hot
    _wrong("only_the_classes_seen", "That all classes occur among the labels.", "np.arange(classes)",
           "np.unique(numbers)", "ml04"),
    _wrong("counted_from_one", "That classes are counted from 1.", "np.arange(classes)", "np.arange(1, classes + 1)",
           "ml04"),
    _wrong("label_as_value", "That the entry is the label, and not 1.", _ONE_HOT,
           _ONE_HOT + " * numbers[:, None]", "ml04"),
    _wrong("one_hot_lying", "That classes are rows.", _ONE_HOT, _ONE_HOT + ".T", "da01"),
    _wrong("negative_label_taken", "That an index below zero is an error by itself.",
           "np.any(numbers < 0) or ", "", "da03"),
    _wrong("large_label_ignored", "That a label without a column does no harm.", " or np.any(numbers >= classes)", "",
           "da03"),
    # accuracy
    _wrong("wrong_share", "That accuracy is the share of mistakes.", _ACCURACY, _ACCURACY.replace("==", "!="), "ml05"),
    _wrong("right_answers_counted", "That a count is a share.", _ACCURACY, _ACCURACY.replace("mean", "sum"), "ml05"),
    _wrong("percent", "That accuracy is in per cent.", _ACCURACY, _ACCURACY.replace("float(", "100 * float("), "ml05"),
    _wrong("only_nonzero_count", "That only the positive class counts.", _ACCURACY,
           "return float(np.mean((mine == theirs) & (theirs != 0)))"),
    _wrong("lengths_not_compared", "That NumPy refuses arrays of different lengths.",
           "mine.shape != theirs.shape or ", "", "da01"),
    _wrong("nothing_is_fine", "That nothing to score is a score of zero.", "mine.size == 0",
           "False and mine.size == 0"),
    # log_loss
    _wrong("sign_forgotten", "That a logarithm of a probability is positive.", _LOSS, _LOSS.replace("-np", "np")),
    _wrong("loss_summed", "That a loss grows with the number of rows.", _LOSS, _LOSS.replace("np.mean", "np.sum"),
           "ml05"),
    _wrong("bits", "That the unit of a loss is the bit.", _LOSS, _LOSS.replace("np.log", "np.log2"), "ma08"),
    _wrong("no_logarithm", "That one minus the probability is the log loss.", _LOSS,
           "return float(np.mean(1 - right))", "ma08"),
    _wrong("logarithm_of_mean", "That the logarithm of a mean is the mean of the logarithms.", _LOSS,
           "return float(-np.log(np.maximum(np.mean(right), 1e-15)))", "ma08"),
    _wrong("largest_probability", "That the loss looks at the answer given, and not at the right one.",
           "table[np.arange(len(labels)), labels]", "table.max(axis=1)"),
    _wrong("log_of_zero", "That a probability is never zero.", _LOSS,
           'with np.errstate(all="ignore"):\n        return float(-np.mean(np.log(right)))', "ma10"),
    _wrong("all_shifted", "That adding a little before the logarithm changes nothing.", _LOSS,
           _LOSS.replace("np.maximum(right, 1e-15)", "right + 1e-7")),
    # cosine_similarity
    _wrong("inner_product", "That the inner product is the cosine.", _COSINE, "return left @ right.T", "ma01"),
    _wrong("one_length_only", "That dividing by one of the two lengths is enough.",
           ", np.sqrt((right**2).sum(axis=1)))", ", np.ones(len(right)))", "ma01"),
    _wrong("squared_lengths", "That the sum of squares is the length.", "np.sqrt((left**2).sum(axis=1))",
           "(left**2).sum(axis=1)", "ma01"),
    _wrong("lengths_by_absolute_values", "That a vector's length is the sum of its entries' sizes.",
           "np.sqrt((right**2).sum(axis=1))", "np.abs(right).sum(axis=1)"),
    _wrong("other_way_round", "That a against b is b against a.", _COSINE,
           _COSINE.replace("return ", "return (").replace("> 0)", "> 0)).T")),
    _wrong("angle_of_nothing", "That no row is all zeros.", _COSINE,
           'with np.errstate(all="ignore"):\n        return left @ right.T / lengths', "ma10"),
    _wrong("length_never_zero", "That adding a little to the lengths changes nothing.", _COSINE,
           "return left @ right.T / (lengths + 1e-8)"),
    # RunningMean
    _wrong("mean_of_means", "That the mean of two means is the mean of all numbers.",
           "gap * batch.size / total", "gap / 2", "ma06"),
    _wrong("last_batch_only", "That the last batch is all there is.", "self._mean += gap * batch.size / total",
           "self._mean = float(batch.mean())", "py02"),
    _wrong("updates_counted", "That an update is one number.", "self.count = total", "self.count += 1"),
    _wrong("gap_forgotten", "That variances add up, wherever the batches lie.", _SQUARES,
           "float(((batch - batch.mean()) ** 2).sum())", "ma06"),
    _wrong("sample_variance", "That one always divides by n − 1.", "return self._squares / self.count",
           "return self._squares / max(self.count - 1, 1)"),
    _wrong("deviation_for_variance", "That variance and standard deviation are the same.",
           "return self._squares / self.count", "return float(np.sqrt(self._squares / self.count))"),
    _wrong("squares_of_numbers", "That the mean of the squares minus the square of the mean is as exact.",
           _SQUARES, "float((batch**2).sum()) - total * ((self.count * self._mean + batch.sum()) / total) ** 2 "
           "+ self.count * self._mean**2", "ma10"),
    _wrong("shared_by_all", "That what the class holds belongs to each object.", _DEF + _INIT,
           f"    _held: dict[str, float] = {{}}\n\n{_DEF}        self.__dict__ = self._held\n{_INIT}", "py02"),
    _wrong("asking_empties", "That a question may change the object.", "return self._squares / self.count",
           "answer, self.count = self._squares / self.count, 0\n        return answer", "py02"),
    _wrong("mean_of_nothing", "That the mean of no numbers is zero.", _MEAN,
           "            return 0.0\n        return self._mean", "da03"),
    _wrong("empty_update_counted", "That an empty batch has a mean.", _EMPTY, ""),
    # lazy answers
    _wrong("lazy_zeros", "No work.", _STANDARDIZED, "return np.zeros_like(table)", lazy=True),
    _wrong("lazy_echo", "No work.", _STANDARDIZED, "return table", lazy=True),
    _wrong("lazy_constant", "No work.", _ACCURACY, "return 0.5", lazy=True),
    _wrong("lazy_nan", "No work.", _LOSS, 'return float("nan")', lazy=True),
    _wrong("lazy_previous", "The answer of the function before.", _LOSS,
           "return accuracy(labels, table.argmax(axis=1))", lazy=True),
    _wrong("lazy_identity", "No work.", _COSINE, "return np.eye(len(left), len(right))", lazy=True),
    _wrong("lazy_object", "No work.", _MEAN, '            raise ValueError("no numbers yet")\n        return 0.0',
           lazy=True),
)  # fmt: skip

_LAST = "has two axes by the interface: its last axis, -1, is axis 1."
EQUIVALENT = {"reference.py:50:50:axis:-1": f"a {_LAST}", "reference.py:50:83:axis:-1": f"b {_LAST}"}

"""Wrong versions of a utilities library that people write, by the file that they change."""

from __future__ import annotations

from castalia.core.contract import Mutant

FILES = ("__init__.py", "tables.py", "columns.py", "scores.py", "training.py", "figures.py")


def _wrong(file: str, id: str, misconception: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, misconception, file=f"{file}.py", old=old, new=new, topics=topics, lazy=lazy)


_ENDS = 'with open(path, "w", newline="", encoding="utf-8") as file:\n        writer'
_READ = 'with open(path, newline="", encoding="utf-8-sig") as file:'
_LEFT = "    if piece:\n        yield _columns(names, types, piece)\n"
_KIND = "return 1 if _INT.fullmatch(field) else 2 if _FLOAT.fullmatch(field) else 3"
_JSON = "for number, line in enumerate(file, 1):"
TABLES = (
    _wrong("tables", "ends_of_lines_translated", "That open() leaves line breaks in fields alone.", _ENDS,
           _ENDS.replace('newline=""', 'newline="\\r\\n"'), "da02"),
    _wrong("tables", "ends_translated_in_reading", "That open() hands over a file as it is.", _READ,
           _READ.replace(' newline="",', ""), "da02"),
    _wrong("tables", "fields_joined_by_commas", "That a CSV file is texts joined by commas.",
           "writer.writerows(zip(*columns.values(), strict=True))",
           "for row in zip(*columns.values(), strict=True):\n            file.write(\",\".join(\"\" if each is None else "
           'str(each) for each in row) + "\\r\\n")', "da02"),
    _wrong("tables", "lines_split_at_commas", "That a line is a row.", "reader = csv.reader(file)",
           'reader = iter([line.split(",") if line else [] for line in file.read().splitlines()])', "da02"),
    _wrong("tables", "mark_in_the_first_name", "That UTF-8 files begin with their first letter.", _READ,
           _READ.replace("utf-8-sig", "utf-8"), "da02"),
    _wrong("tables", "gap_is_none_in_words", "That None writes itself as nothing.", "writer.writerow(columns)",
           "writer.writerow(columns)\n        columns = {name: [str(value) for value in column] "
           "for name, column in columns.items()}", "da02"),
    _wrong("tables", "gap_is_zero", "That a missing number is 0.", "(field) if field else None",
           '(field or ("" if types[names[0]] == "str" else 0))', "da02"),
    _wrong("tables", "short_columns_cut", "That zip() refuses lists of different lengths.",
           "if not columns or len({len(column) for column in columns.values()}) > 1:", "if not columns:", "da02"),
    _wrong("tables", "nan_written", "That nan in a field comes back as a number.",
           "and not np.isfinite(value) for", "and value is None for", "da02"),
    _wrong("tables", "types_by_the_first_rows", "That the first hundred rows show a column's type.",
           "    for row in lines:\n        kinds", "    for row in (row for row, _ in zip(lines, range(100))):\n        kinds",
           "da02", "py07"),
    _wrong("tables", "type_of_the_last_row", "That the last row decides.",
           "[max(kind, _kind(field)) for", "[_kind(field) or kind for", "da02"),
    _wrong("tables", "what_int_takes_is_int", "That what int() and float() take is a number: 007, 1_000, nan.", _KIND,
           "for kind, read in ((1, int), (2, float)):\n        try:\n            read(field)\n        except ValueError:\n"
           "            continue\n        return kind\n    return 3", "da02"),
    _wrong("tables", "any_digit_is_int", "That every digit of Unicode is one of 0 to 9.", _KIND,
           "return 1 if field.isdigit() else 2 if _FLOAT.fullmatch(field) else 3", "da02"),
    _wrong("tables", "types_by_piece", "That a piece shows the types of its columns.",
           "    if not field:\n        return 0\n", "    if not field:\n        return 0\n    if field.isdigit() and len(field) > 1:\n"
           "        return 1\n"),
    _wrong("tables", "last_piece_lost", "That the rows come out even.", _LEFT, "", "py01"),
    _wrong("tables", "piece_kept", "That what was yielded is gone from the list.",
           "            yield _columns(names, types, piece)\n            piece = []",
           "            yield _columns(names, types, piece)", "py01"),
    _wrong("tables", "piece_one_too_long", "That a piece is full when it is over full.", "if len(piece) == rows:",
           "if len(piece) > rows:", "py01"),
    _wrong("tables", "all_read_first", "That a generator that has a list in it is lazy.", "for row in reader:",
           "for row in list(reader):", "py07", "py01"),
    _wrong("tables", "file_in_one_text", "That a file fits into a text.", "reader = csv.reader(file)",
           'import io\n        reader = csv.reader(io.StringIO(file.read(), newline=""))', "py07"),
    _wrong("tables", "rows_counted_for_lines", "That row 7 is line 7.", 'f"line {reader.line_num}: {len(row)}',
           'f"row {sum(1 for _ in reader)}: {len(row)}', "da02"),
    _wrong("tables", "ragged_rows_taken", "That a short row is a row with gaps.",
           "            if len(row) != len(names):\n",
           "            row = (row + [\"\"] * len(names))[: len(names)]\n            if len(row) != len(names):\n", "py01"),
    _wrong("tables", "names_twice", "That names of columns are different.",
           "if not names or len(set(names)) < len(names):", "if not names:", "da02"),
    _wrong("tables", "json_line_by_splitlines", "That str.splitlines() splits at line ends only.", _JSON,
           "for number, line in enumerate(file.read().splitlines(), 1):", "py01", "da02"),
    _wrong("tables", "json_array", "That JSON lines are a JSON array.",
           '+ "\\n" for record in records]', '+ ",\\n" for record in records]', "da02"),
    _wrong("tables", "json_nan", "That NaN is JSON.", ", allow_nan=False", "", "da02"),
    _wrong("tables", "json_lines_from_zero", "That people count lines from 0.", "enumerate(file, 1)", "enumerate(file)",
           "da02"),
    _wrong("tables", "json_list_is_a_record", "That every JSON value is a record.",
           "if not isinstance(records[-1], dict):", "if records[-1] is None:", "da02"),
    _wrong("tables", "opened_before_looked_at", "That a file that is refused is still what it was.",
           '    """One JSON object a line. ValueError for NaN',
           '    open(path, "w").close()\n    """One JSON object a line. ValueError for NaN', "da02"),
    _wrong("tables", "savez_to_the_path", "That np.savez writes to the path it is given.",
           '    with zipfile.ZipFile(path, "w") as archive:',
           '    np.savez(path, **{f"{name}": array for name, array in arrays.items() if name != "file"})\n'
           '    with zipfile.ZipFile(f"{path}.zip", "w") as archive:', "py07"),
    _wrong("tables", "arrays_as_float64", "That every array is one of floats.", "write_array(member, array,",
           "write_array(member, array if array.dtype.kind in \"Ub\" else array.astype(float),", "py07"),
    _wrong("tables", "pickle_opened", "That a file is harmless until it is run.", "with np.load(path, allow_pickle=False)",
           "with np.load(path, allow_pickle=True)", "py07"),
)  # fmt: skip

_MEANS = "means = (sums + self.smoothing * self.overall) / (rows + self.smoothing)"
_OWN = "self.fit(texts[fold != number].tolist(), np.asarray(target)[fold != number])"
_DEAL = "fold = np.random.default_rng(self.seed).permutation(len(values)) % self.folds"
_Z = "return (_rows_of(x, self.shift) - self.shift) / self.scale"
COLUMNS = (
    _wrong("columns", "fitted_in_transform", "That every table has its own mean.", _Z,
           "type(self).fit(self, x)\n        " + _Z, "ml04", "da03"),
    _wrong("columns", "gaps_spoil_the_mean", "That NumPy leaves NaN out.", "np.nanmean(x, axis=0)", "np.mean(x, axis=0)",
           "da03"),
    _wrong("columns", "sample_deviation", "That one always divides by n - 1.", "np.nanstd(x, axis=0)",
           "np.nanstd(x, axis=0, ddof=1)"),
    _wrong("columns", "one_mean_for_all", "That a table has one mean.", "np.nanmean(x, axis=0)", "np.nanmean(x)", "da03"),
    _wrong("columns", "constant_divided", "That a column always varies.",
           "self.scale = np.where(low == high, 1.0, np.nanstd(x, axis=0))", "self.scale = np.nanstd(x, axis=0)", "da03"),
    _wrong("columns", "a_little_added", "That 1e-8 in the denominator changes nothing.",
           "self.scale = np.where(low == high, 1.0, np.nanstd(x, axis=0))",
           "self.scale = np.nanstd(x, axis=0) + 1e-8", "da03"),
    _wrong("columns", "clipped", "That nothing lies beyond the rows of fit.",
           "        self.scale = np.where(self.shift == high, 1.0, high - self.shift)\n",
           "        self.scale = np.where(self.shift == high, 1.0, high - self.shift)\n\n"
           "    def transform(self, x: Array) -> Array:\n        return np.clip(super().transform(x), 0.0, 1.0)\n", "ml04"),
    _wrong("columns", "range_is_the_maximum", "That the smallest number is 0.", "1.0, high - self.shift)", "1.0, high)",
           "da03"),
    _wrong("columns", "inverse_in_the_wrong_order", "That the way back has the order of the way there.",
           "return _rows_of(z, self.shift) * self.scale + self.shift",
           "return (_rows_of(z, self.shift) + self.shift) * self.scale", "py03"),
    _wrong("columns", "inverse_of_nothing", "That the inverse of a scaler is the identity.",
           "return _rows_of(z, self.shift) * self.scale + self.shift", "return _rows_of(z, self.shift)", "py03"),
    _wrong("columns", "gaps_filled_by_the_mean", "That mean and median are the same.", "np.nanmedian(x, axis=0)",
           "np.nanmean(x, axis=0)", "da03"),
    _wrong("columns", "gaps_filled_in_place", "That a table that is handed over is one's own.",
           "        return np.where(np.isnan(_rows_of(x, self.medians)), np.asarray(self.medians), x)",
           "        x[:] = np.where(np.isnan(_rows_of(x, self.medians)), np.asarray(self.medians), x)\n        return x"),
    _wrong("columns", "gaps_filled_from_the_test", "That the median of the test rows is known.",
           "        return np.where(np.isnan(_rows_of(x, self.medians)), np.asarray(self.medians), x)",
           "        _rows_of(x, self.medians)\n        return np.where(np.isnan(x), np.nanmedian(x, axis=0), x)", "ml04"),
    _wrong("columns", "width_not_looked_at", "That NumPy refuses another width.",
           "or np.ndim(x) != 2 or np.shape(x)[1] != len(fitted)", "or np.ndim(x) != 2", "da03"),
    _wrong("columns", "infinity_is_a_number", "That an infinity is a number like others.", "or np.isinf(x).any() ", "",
           "da03"),
    _wrong("columns", "categories_as_they_come", "That sets have an order.",
           "sorted({value for value in values if value is not None})",
           "list(dict.fromkeys(value for value in values if value is not None))", "ml04"),
    _wrong("columns", "missing_is_a_category", "That None is a text.",
           "sorted({value for value in values if value is not None})", "sorted({str(value) for value in values})", "ml04"),
    _wrong("columns", "new_text_is_the_first", "That a new text is some known one.",
           "float(value == each) for value in values for each in self.categories",
           "float((value if value in self.categories else self.categories[0]) == each) "
           "for value in values for each in self.categories", "ml04"),
    _wrong("columns", "categories_of_the_test", "That categories may be looked up when they are needed.",
           "        encoded = np.array(", "        self.fit(values)\n        encoded = np.array(", "ml04", "da03"),
    _wrong("columns", "zeros_are_the_first", "That argmax of zeros says something.",
           "[self.categories[int(np.argmax(row))] if np.any(row) else None for row in rows]",
           "[self.categories[int(np.argmax(row))] for row in rows]", "ml04"),
    _wrong("columns", "steps_fitted_on_the_raw_rows", "That every step sees the rows as they came.",
           "            step.fit(x)\n            x = step.transform(x)", "            step.fit(x)", "py03"),
    _wrong("columns", "inverse_forwards", "That the inverse of f after g is the inverse of f after that of g.",
           "reversed(self.steps)", "self.steps", "py03"),
    _wrong("columns", "first_step_only", "That a pipeline of three is a pipeline of two.",
           "        self.steps = steps\n", "        self.steps = steps[:2]\n", "py03"),
    _wrong("columns", "not_smoothed", "That a mean of one row is a mean like others.", _MEANS, "means = sums / rows",
           "ml04"),
    _wrong("columns", "drawn_to_zero", "That the mean of all is 0.", _MEANS,
           "means = sums / (rows + self.smoothing)", "ml04"),
    _wrong("columns", "new_text_is_zero", "That a new text has no mean, so 0.", "self.means.get(value, self.overall)",
           "self.means.get(value, 0.0)", "ml04"),
    _wrong("columns", "sees_its_own_target", "That smoothing keeps a row from seeing its own target.", _OWN,
           "self.fit(values, target)", "ml04", "py03"),
    _wrong("columns", "sees_it_in_the_mean", "That the mean of all gives nothing away.", _OWN,
           _OWN + "\n            self.overall = float(np.mean(target))", "ml04"),
    _wrong("columns", "folds_in_order", "That rows come in no order.", _DEAL, "fold = np.arange(len(values)) % self.folds",
           "ml04"),
    _wrong("columns", "folds_by_chance", "That a share of rows drawn at random is a fold.", _DEAL,
           "fold = np.random.default_rng(self.seed).integers(self.folds, size=len(values))", "ml04"),
    _wrong("columns", "left_at_the_last_fold", "That the last fold's encoder is the encoder.",
           "        self.fit(values, target)\n        return encoded", "        return encoded", "ml04"),
)  # fmt: skip

_PRECISION = "return self._share(self.table[1, 1], self.table[:, 1].sum())"
_RECALL = "return self._share(self.table[1, 1], self.table[1].sum())"
_F1 = "return self._share(2 * self.table[1, 1], self.table[:, 1].sum() + self.table[1].sum())"
_AREA = "return float(np.sum(np.diff(points[:, 0]) * (points[1:, 1] + points[:-1, 1])) / 2)"
_LOSS = "return float(-np.mean(np.log(np.maximum(np.where(actual == 1, p, 1 - p), 1e-15))))"
SCORES = (
    _wrong("scores", "precision_is_recall", "That precision and recall are the same.", _PRECISION, _RECALL, "ml05"),
    _wrong("scores", "recall_is_precision", "That what is asked first is what was called.", _RECALL, _PRECISION, "ml05"),
    _wrong("scores", "arithmetic_mean", "That F1 is the mean of precision and recall.", _F1,
           "return (self.precision() + self.recall()) / 2", "ml05"),
    _wrong("scores", "nothing_called_is_perfect", "That no alarm is no false alarm.",
           "return float(part / whole) if whole else 0.0", "return float(part / whole) if whole else 1.0", "ml05"),
    _wrong("scores", "ties_win", "That a tie is a win: sort by score and count.", _AREA,
           "return float(np.sum(np.diff(points[:, 0]) * points[1:, 1]))", "ml05"),
    _wrong("scores", "ties_lose", "That a tie is a loss.", _AREA,
           "return float(np.sum(np.diff(points[:, 0]) * points[:-1, 1]))", "ml05"),
    _wrong("scores", "ties_by_the_order_of_rows", "That equal scores have an order.",
           "_, place = np.unique(-scores, return_inverse=True)",
           'place = np.argsort(np.argsort(-scores, kind="stable"), kind="stable")', "ml05", "da04"),
    _wrong("scores", "one_class_is_half", "That an area that is not defined is 0.5.",
           "    points = roc_points(actual, scores)\n",
           "    if len(set(np.asarray(actual).tolist())) == 1:\n        return 0.5\n"
           "    points = roc_points(actual, scores)\n", "ml05"),
    _wrong("scores", "always_above_half", "That an area below 0.5 is a mistake.", _AREA,
           _AREA.replace("return ", "area = ") + "\n    return max(area, 1 - area)", "ml05"),
    _wrong("scores", "log_of_zero", "That a probability is never zero.", _LOSS,
           'with np.errstate(all="ignore"):\n        return float(-np.mean(np.log(np.where(actual == 1, p, 1 - p))))',
           "ml05"),
    _wrong("scores", "clipped_at_1e_7", "That it does not matter where one clips.", "1 - p), 1e-15)", "1 - p), 1e-7)", "ml05"),
    _wrong("scores", "only_ones_lose", "That only rows that are 1 have a loss.", _LOSS,
           "return float(-np.mean(np.where(actual == 1, np.log(np.maximum(p, 1e-15)), 0.0)))", "ml05"),
    _wrong("scores", "loss_summed", "That a loss grows with the number of rows.", "float(-np.mean(np.log",
           "float(-np.sum(np.log", "ml05"),
    _wrong("scores", "bins_unweighted", "That every bin counts the same.",
           "return float(np.sum(np.abs(gaps)) / len(p))",
           "rows = np.bincount(place, minlength=bins)\n"
           "    return float(np.mean(np.abs(gaps[rows > 0]) / rows[rows > 0]))", "ml05"),
    _wrong("scores", "gaps_cancel", "That too high here and too low there is right.", "np.sum(np.abs(gaps))",
           "np.abs(np.sum(gaps))", "ml05"),
    _wrong("scores", "one_in_a_bin_of_its_own", "That the probability 1 lies in no bin.",
           "np.minimum((p * bins).astype(int), bins - 1)", "(p * bins).astype(int)", "ml05"),
    _wrong("scores", "lengths_broadcast", "That NumPy refuses columns of different lengths.",
           "actual.shape != other.shape or actual.ndim != 1 or actual.size == 0", "actual.size == 0 or other.size == 0",
           "ml05"),
    _wrong("scores", "gap_in_the_scores", "That NaN is smaller than everything.",
           "if np.isnan(actual).any() or np.isnan(other).any():", "if np.isnan(actual).any():", "ml05"),
    _wrong("scores", "mean_of_batches", "That the score of all rows is the mean of the batches' scores.",
           "            self.table += np.bincount(2 * actual.astype(int) + predicted.astype(int), minlength=4).reshape(2, 2)",
           "            self.table = np.bincount(2 * actual.astype(int) + predicted.astype(int), minlength=4).reshape(2, 2)",
           "ml05"),
    _wrong("scores", "merged_by_reference", "That the other state's counts are there to take.",
           "        self.table += other.table",
           "        other.table += self.table\n        self.table = other.table", "ml05"),
    _wrong("scores", "shared_by_all", "That what the class holds belongs to each object.",
           "    def __init__(self) -> None:\n        self.table = np.zeros((2, 2), dtype=int)\n",
           "    table = np.zeros((2, 2), dtype=int)\n", "ml05"),
    _wrong("scores", "lazy_half", "No work.", _AREA, "return 0.5", lazy=True),
    _wrong("scores", "lazy_one", "No work.", "return float(np.mean(actual == predicted))", "return 1.0", lazy=True),
)  # fmt: skip

_STEP = "self.weights -= rate * 2 * np.append(error @ x, error.sum()) / len(y)"
_ORDER = "order = np.random.default_rng((self.seed, len(self.history))).permutation(len(y))"
_BEST = "self.waited, self.best_loss, self.best_weights = 0, loss, np.array(weights)"
_RESTORED = (
    "        if self.stopping.best_weights is not None:\n"
    "            self.model.weights = self.stopping.best_weights.copy()\n"
    '        self._tell("fit_end")'
)
TRAINING = (
    _wrong("training", "half_the_gradient", "That the derivative of a square is the error.", _STEP,
           _STEP.replace("* 2 ", ""), "dl10"),
    _wrong("training", "gradient_summed", "That a step grows with the batch.", _STEP, _STEP.replace(" / len(y)", ""),
           "dl10"),
    _wrong("training", "constant_not_learnt", "That the constant has no gradient.", _STEP,
           _STEP.replace("error.sum()", "0.0"), "dl10", "py02"),
    _wrong("training", "uphill", "That one goes along the gradient.", _STEP, _STEP.replace("-=", "+=")),
    _wrong("training", "best_forgotten", "That the last weights are the best.", _RESTORED, '        self._tell("fit_end")',
           "dl10", "py02"),
    _wrong("training", "best_is_an_alias", "That a name for an array is a copy of it.", _BEST,
           _BEST.replace("np.array(weights)", "weights"), "py02", "dl10"),
    _wrong("training", "best_only_after_patience", "That best weights matter only where patience is over.", _RESTORED,
           _RESTORED.replace("is not None:", "is not None and self.stopping.waited >= self.stopping.patience:"), "dl10"),
    _wrong("training", "goes_on_from_the_best", "That training goes on from what fit left in the model.",
           "        self.model.weights = self.last.copy()\n", "", "dl10"),
    _wrong("training", "equal_is_better", "That an equal loss is an improvement.", "if loss < self.best_loss:",
           "if loss <= self.best_loss:", "dl10"),
    _wrong("training", "nan_is_better", "That what is not worse is better.", "if loss < self.best_loss:",
           "if not loss >= self.best_loss:", "dl10"),
    _wrong("training", "worse_than_the_last", "That patience counts losses above the one before.", _BEST,
           _BEST + "\n        elif loss < getattr(self, \"before\", np.inf):\n            self.waited = 0\n"
           "        self.before = loss", "dl10"),
    _wrong("training", "patience_one_longer", "That one waits one more epoch.", "return self.waited >= self.patience",
           "return self.waited > self.patience", "dl10"),
    _wrong("training", "watches_the_training_loss", "That the training loss shows when to stop.",
           "self.stopping.update(val_loss, self.model.weights)", "self.stopping.update(loss, self.model.weights)", "dl10"),
    _wrong("training", "loss_of_the_last_batch", "That the loss of an epoch is that of its last batch.",
           "loss, val_loss = self.model.loss(x, y),", "loss, val_loss = self.model.loss(x[rows], y[rows]),", "dl10"),
    _wrong("training", "epochs_from_zero", "That the first epoch is number 0.", '{"epoch": len(self.history) + 1,',
           '{"epoch": len(self.history),', "dl10"),
    _wrong("training", "last_batch_dropped", "That the rows come out even.", "range(0, len(y), self.batch)",
           "range(0, len(y) - self.batch + 1, self.batch)", "dl10"),
    _wrong("training", "drawn_with_replacement", "That drawing at random is shuffling.", ".permutation(len(y))",
           ".integers(len(y), size=len(y))", "dl10"),
    _wrong("training", "never_shuffled", "That the order of rows is of no account.", _ORDER, "order = np.arange(len(y))",
           "dl10"),
    _wrong("training", "global_generator", "That np.random.seed belongs to one trainer.", _ORDER,
           "if not self.history:\n                np.random.seed(self.seed)\n"
           "            order = np.random.permutation(len(y))", "dl10", "py02"),
    _wrong("training", "generator_begun_anew", "That a restored trainer may begin its shuffling anew.", _ORDER,
           "self.drawn = getattr(self, \"drawn\", np.random.default_rng(self.seed))\n"
           "            order = self.drawn.permutation(len(y))", "dl10", "py02"),
    _wrong("training", "callbacks_of_the_class", "That a list in the class belongs to each object.",
           "        self.callbacks: list[Any] = []\n", "        self.callbacks = self.shared\n\n    shared: list[Any] = []\n",
           "py02"),
    _wrong("training", "callbacks_backwards", "That the order of callbacks is of no account.",
           "for callback in self.callbacks:", "for callback in self.callbacks[::-1]:", "py02"),
    _wrong("training", "callbacks_one_after_another", "That one callback replaces another.",
           "self.callbacks.append(callback)", "self.callbacks = [callback]", "py02"),
    _wrong("training", "end_not_told", "That who ends early need not say so.", '        self._tell("fit_end")',
           '        if len(self.history) >= epochs:\n            self._tell("fit_end")', "py02"),
    _wrong("training", "patience_not_saved", "That weights and history are all there is to a trainer.",
           '            self.stopping.update(val_loss, state["best"])\n', "", "dl10", "py02"),
    _wrong("training", "last_not_saved", "That the best weights are where training goes on.",
           'self.last, self.model.weights = state["last"]', 'self.last, self.model.weights = state["best"]', "dl10", "py02"),
    _wrong("training", "history_not_saved", "That the history begins with the program.",
           '            self.history.append({"epoch": epoch, "loss": loss, "val_loss": val_loss})\n', "", "py02"),
    _wrong("training", "pickled", "That a pickle is a file like others.", "        save_arrays(path, state)",
           "        import pickle\n\n        with open(path, \"wb\") as file:\n            pickle.dump(state, file)", "py02"),
    _wrong("training", "lazy_history", "No work.", "        return self.history\n",
           '        return [{"epoch": number + 1, "loss": 0.0, "val_loss": 0.0} for number in range(epochs)]\n', lazy=True),
)  # fmt: skip

_TABLE = "return np.bincount(actual * classes + predicted, minlength=classes * classes).reshape(classes, classes)"
FIGURES = (
    _wrong("figures", "table_lying", "That columns say what is, and rows what was called.", _TABLE, _TABLE + ".T", "da04"),
    _wrong("figures", "only_classes_that_occur", "That all classes occur.", _TABLE,
           "names = np.unique([actual, predicted])\n"
           "    return np.array([[np.sum((actual == a) & (predicted == b)) for b in names] for a in names])", "da04"),
    _wrong("figures", "negative_class_from_behind", "That an index below zero is an error by itself.",
           "np.min([actual, predicted]) < 0 or ", "", "da04"),
    _wrong("figures", "table_of_shares", "That a table of counts is one of shares.", _TABLE,
           _TABLE + " / len(actual)", "da04"),
    _wrong("scores", "curve_without_its_start", "That a curve begins at its first score.",
           "return np.vstack([[0.0, 0.0], np.cumsum(counts, axis=0) / counts.sum(axis=0)])",
           "return np.cumsum(counts, axis=0) / counts.sum(axis=0)", "da04"),
    _wrong("scores", "axes_swapped", "That the first axis is the true positives.",
           "for label in (0, 1)], axis=1)", "for label in (1, 0)], axis=1)", "da04"),
    _wrong("figures", "epochs_counted_anew", "That a curve begins at epoch 0.", 'x = [row["epoch"] for row in history]',
           "x = list(range(len(history)))", "da04"),
    _wrong("figures", "smoothed", "That a smoother curve tells more.", '"y": [row[name] for row in history]}',
           '"y": [float(np.mean([each[name] for each in history[max(0, at - 1) : at + 1]])) '
           "for at in range(len(history))]}", "da04"),
    _wrong("figures", "upside_down", "That y grows upwards in a picture.", "260 - 220 * y", "40 + 220 * y", "da04"),
    _wrong("figures", "each_its_own_scale", "That every series may fill the picture.", "        x, y = (each - low) / size\n",
           "        own = each.min(axis=1, keepdims=True), each.max(axis=1, keepdims=True)\n"
           "        x, y = (each - own[0]) / np.where(own[1] > own[0], own[1] - own[0], 1.0)\n", "da04"),
    _wrong("figures", "whole_pixels", "That a picture is made of whole places.", '{left:.6f},{top:.6f}',
           '{left:.0f},{top:.0f}', "da04"),
    _wrong("figures", "gaps_drawn_at_zero", "That a missing number is 0.",
           "each[:, np.isfinite(each).all(axis=0)] for each in points", "np.nan_to_num(each, posinf=0.0) for each in points",
           "da04"),
    _wrong("figures", "texts_not_escaped", "That a text is XML as it is.", "{escape(figure[name])}", "{figure[name]}",
           "da04"),
    _wrong("figures", "names_not_escaped", "That names are letters.", '{escape(series["name"])}', '{series["name"]}', "da04"),
    _wrong("figures", "first_series_only", "That a figure has one line.",
           'zip(figure["series"], points, strict=True):', 'zip(figure["series"][:1], points[:1], strict=True):', "da04"),
    _wrong("figures", "lazy_picture", "No work.", "    lines = []\n",
           '    return \'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"></svg>\'\n    lines = []\n', lazy=True),
)  # fmt: skip

MUTANTS = (*TABLES, *COLUMNS, *SCORES, *TRAINING, *FIGURES)

EQUIVALENT: dict[str, str] = {}

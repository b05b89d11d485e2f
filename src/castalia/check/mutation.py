"""Automatic mutants: small changes to a source text, each of which a good contract should notice.

A mutation replaces one expression (or one statement) of the text and leaves the rest as it stands, so that its line
and column are those of the file a person sees. What is not run by a caller is left alone: imports, annotations,
docstrings, decorators, the words of exceptions, ``if TYPE_CHECKING`` and ``if __name__``.

The operators are those by which weak checks were found out in a measured bank of 159 exercises (comparison, square
root, constants, function swap, sign, division, transpose, arithmetic, axis), and what returns, branches and counts.
"""

from __future__ import annotations

import ast
import dataclasses
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_PAIRS = (
    ("max", "min"), ("sum", "mean"), ("argmax", "argmin"), ("maximum", "minimum"), ("floor", "ceil"), ("any", "all"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("std", "var"), ("amax", "amin"), ("nanmax", "nanmin"),
    ("sin", "cos"), ("exp", "exp2"), ("log", "log2"), ("argsort", "sort"), ("cumsum", "cumprod"), ("abs", "negative"),
)  # fmt: skip
SWAPS = {**dict(_PAIRS), **{b: a for a, b in _PAIRS}}
_LEFT_ALONE = re.compile(r"^# not mutated: \S", re.MULTILINE)
TRANSPOSES = ("transpose", "swapaxes", "moveaxis")


@dataclass(frozen=True)
class Mutation:
    """One change: the bytes ``start`` to ``end`` of the file's UTF-8 text become ``after``."""

    file: str
    line: int
    column: int
    operator: str
    """With its variant: ``constant:+1``."""
    before: str
    after: str
    start: int
    end: int

    @property
    def id(self) -> str:
        """``reference.py:12:8:constant:+1``, stable as long as the text before it on the line and above stays."""
        return f"{self.file}:{self.line}:{self.column}:{self.operator}"

    @property
    def kind(self) -> str:
        """The operator without its variant."""
        return self.operator.partition(":")[0]

    def apply(self, text: str) -> str:
        """The text with this change."""
        data = text.encode()
        return (data[: self.start] + self.after.encode() + data[self.end :]).decode()


def mutations(text: str, file: str) -> list[Mutation]:
    """Every automatic mutant of a source text, in the order of the text.

    Each parses, and no two of them, nor one and the original, are the same program. Raises SyntaxError for a text
    that does not parse. None of a text with a line ``# not mutated: ...`` that says why: tests of which a contract asks
    for a share, say, where one check less is no fault.
    """
    tree = ast.parse(text)
    if _LEFT_ALONE.search(text):
        return []
    starts = [0, *itertools.accumulate(len(line) for line in text.encode().splitlines(keepends=True))]
    seen = {ast.dump(tree)}
    found: dict[str, Mutation] = {}
    for node in _reached(tree):
        for operator, place, target, new in _changes(node):
            assert target.end_lineno is not None and target.end_col_offset is not None
            start = starts[target.lineno - 1] + target.col_offset
            end = starts[target.end_lineno - 1] + target.end_col_offset
            after = f"({ast.unparse(new)})" if isinstance(new, ast.expr) else ast.unparse(new)
            mutation = Mutation(file, *place, operator, ast.unparse(target), after, start, end)
            while mutation.id in found:
                mutation = dataclasses.replace(mutation, operator=f"{mutation.operator}'")
            program = ast.dump(ast.parse(mutation.apply(text)))
            if program not in seen:
                seen.add(program)
                found[mutation.id] = mutation
    return list(found.values())


def sample(pool: Iterable[Mutation], count: int, seed: int) -> list[Mutation]:
    """``count`` of the pool, or all: every operator in proportion and at least once, drawn by the seed."""
    everything = list(pool)
    if len(everything) <= count:
        return everything
    rng = np.random.default_rng(seed)
    strata: dict[str, list[Mutation]] = defaultdict(list)
    for mutation in everything:
        strata[mutation.kind].append(mutation)
    share = count / len(everything)
    chosen, rest = set[str](), list[Mutation]()
    for members in strata.values():
        drawn = [members[int(place)] for place in rng.permutation(len(members))]
        wanted = max(1, int(len(members) * share))
        chosen |= {mutation.id for mutation in drawn[:wanted]}
        rest += drawn[wanted:]
    more = max(0, count - len(chosen))
    chosen |= {rest[int(place)].id for place in rng.permutation(len(rest))[:more]}
    return [mutation for mutation in everything if mutation.id in chosen]


# --- what is reached ---------------------------------------------------------------------------


def _reached(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node that a caller can make run, parents first."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Raise | ast.Assert | ast.JoinedStr):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).startswith(("TYPE_CHECKING", "__name__")):
            continue
        yield node
        waiting.extend(reversed(list(_children(node))))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    skipped = {"annotation", "returns", "decorator_list", "bases", "keywords"}
    if isinstance(node, ast.Call):
        skipped = set()
    for name, value in ast.iter_fields(node):
        if name in skipped:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(child, ast.AST):
                yield child


# --- the operators -----------------------------------------------------------------------------

Place = tuple[int, int]
Part = ast.expr | ast.stmt
Change = tuple[str, Place, Part, Part]
"""Operator, where it stands, what is replaced, and by what."""
New = tuple[str, Place, Part]
"""A change of the node that was asked about."""


def _changes(node: ast.AST) -> Iterator[Change]:
    for operator in OPERATORS:
        for name, place, new in operator(node):
            assert isinstance(node, ast.expr | ast.stmt)
            yield name, place, node, new
    for test in _tests(node):
        yield "condition_negated", _at(test), test, ast.UnaryOp(ast.Not(), test)


def _comparison(node: ast.AST) -> Iterator[New]:
    if isinstance(node, ast.Compare):
        lefts = [node.left, *node.comparators]
        for index, op in enumerate(node.ops):
            for new in COMPARISONS[type(op)]:
                ops = [*node.ops[:index], new(), *node.ops[index + 1 :]]
                yield f"comparison:{new.__name__}", _after(lefts[index]), ast.Compare(node.left, ops, node.comparators)
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"comparison:{type(other).__name__}", _after(node.values[0]), ast.BoolOp(other, node.values)


def _constant(node: ast.AST) -> Iterator[New]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield "constant:not", _at(node), ast.Constant(not value)
    elif isinstance(value, int):
        yield "constant:+1", _at(node), ast.Constant(value + 1)
        yield "constant:-1", _at(node), ast.parse(str(value - 1), mode="eval").body
    elif isinstance(value, float):
        yield "constant:double", _at(node), ast.Constant(value * 2 if value else 1.0)
        if value:
            yield "constant:zero", _at(node), ast.Constant(0.0)


def _arithmetic(node: ast.AST) -> Iterator[New]:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        new = ARITHMETIC[type(node.op)]()
        yield f"arithmetic:{type(new).__name__}", _after(node.left), ast.BinOp(node.left, new, node.right)
    if isinstance(node, ast.AugAssign):
        if type(node.op) in ARITHMETIC:
            other = ARITHMETIC[type(node.op)]()
            changed = ast.AugAssign(node.target, other, node.value)
            yield f"arithmetic:{type(other).__name__}", _after(node.target), changed
        yield "arithmetic:assigned", _after(node.target), ast.Assign([node.target], node.value, lineno=node.lineno)


def _sign_dropped(node: ast.AST) -> Iterator[New]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.Not):
        yield "sign_dropped", _at(node), node.operand


def _sqrt_removed(node: ast.AST) -> Iterator[New]:
    if isinstance(node, ast.Call) and _name(node) == "sqrt" and node.args:
        yield "sqrt_removed", _at(node), node.args[0]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.right) in ("0.5", "1 / 2"):
        yield "sqrt_removed", _at(node), node.left


def _division_dropped(node: ast.AST) -> Iterator[New]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv):
        yield "division_dropped", _after(node.left), node.left
    if isinstance(node, ast.Call) and _name(node) == "divide" and len(node.args) > 1:
        yield "division_dropped", _at(node), node.args[0]


def _transpose_dropped(node: ast.AST) -> Iterator[New]:
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield "transpose_dropped", _after(node.value), node.value
    if isinstance(node, ast.Call) and _name(node) in TRANSPOSES:
        assert isinstance(node.func, ast.Attribute | ast.Name)
        library = isinstance(node.func, ast.Name) or ast.unparse(node.func.value) in ("np", "numpy", "torch")
        if library and node.args:
            yield "transpose_dropped", _after(node.func), node.args[0]
        elif isinstance(node.func, ast.Attribute):
            yield "transpose_dropped", _after(node.func), node.func.value


def _axis(node: ast.AST) -> Iterator[New]:
    """The axis left out, and another one in its place (that constant axes are changed by one is `constant`)."""
    if not isinstance(node, ast.Call):
        return
    for index, keyword in enumerate(node.keywords):
        if keyword.arg in ("axis", "dim"):
            before, behind = node.keywords[:index], node.keywords[index + 1 :]
            yield "axis:none", _at(keyword.value), ast.Call(node.func, node.args, [*before, *behind])
            for name in ("0", "-1"):
                other = ast.keyword(keyword.arg, ast.parse(name, mode="eval").body)
                yield f"axis:{name}", _at(keyword.value), ast.Call(node.func, node.args, [*before, other, *behind])


def _function_swap(node: ast.AST) -> Iterator[New]:
    if not isinstance(node, ast.Call) or (name := _name(node)) not in SWAPS:
        return
    new = SWAPS[name]
    func = ast.Attribute(node.func.value, new) if isinstance(node.func, ast.Attribute) else ast.Name(new)
    yield f"function_swap:{new}", _after(node.func), ast.Call(func, node.args, node.keywords)


def _return_negated(node: ast.AST) -> Iterator[New]:
    if isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) not in ("None", "self"):
        yield "return_negated", _at(node.value), ast.Return(ast.UnaryOp(ast.USub(), node.value))


def _condition_negated(node: ast.AST) -> Iterator[New]:
    """The condition of an array: ``where=``, and the two answers of ``np.where``."""
    if not isinstance(node, ast.Call):
        return
    for index, keyword in enumerate(node.keywords):
        if keyword.arg in ("where", "mask"):
            other = ast.keyword(keyword.arg, ast.UnaryOp(ast.Invert(), keyword.value))
            rest = [*node.keywords[:index], other, *node.keywords[index + 1 :]]
            yield "condition_negated", _at(keyword.value), ast.Call(node.func, node.args, rest)
    if _name(node) == "where" and len(node.args) == 3:
        swapped = [node.args[0], node.args[2], node.args[1]]
        yield "condition_negated", _at(node.args[0]), ast.Call(node.func, swapped, node.keywords)


def _tests(node: ast.AST) -> list[ast.expr]:
    """What a branch, a loop or a comprehension looks at. It is negated in place, so that the body keeps its lines."""
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        return [node.test]
    return node.ifs if isinstance(node, ast.comprehension) else []


def _off_by_one(node: ast.AST) -> Iterator[New]:
    if isinstance(node, ast.Call) and _name(node) in ("range", "arange") and node.args:
        last = 0 if len(node.args) == 1 else 1
        for words, op in (("+1", ast.Add()), ("-1", ast.Sub())):
            end = ast.BinOp(node.args[last], op, ast.Constant(1))
            args = [*node.args[:last], end, *node.args[last + 1 :]]
            yield f"off_by_one:{words}", _at(node.args[last]), ast.Call(node.func, args, node.keywords)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        part = node.slice
        for which, bound in (("lower", part.lower), ("upper", part.upper)):
            if bound is not None and not isinstance(bound, ast.Constant):
                moved = ast.BinOp(bound, ast.Add(), ast.Constant(1))
                lower, upper = (moved, part.upper) if which == "lower" else (part.lower, moved)
                new = ast.Subscript(node.value, ast.Slice(lower, upper, part.step))
                yield f"off_by_one:{which}", _at(bound), new


def _statement_removed(node: ast.AST) -> Iterator[New]:
    """A statement that only acts by what it changes: ``x += y``, ``self.a = y``, ``x[i] = y``, a call."""
    acts = isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
    if isinstance(node, ast.Assign) and all(isinstance(t, ast.Attribute | ast.Subscript) for t in node.targets):
        acts = True
    if acts:
        assert isinstance(node, ast.stmt)
        yield "statement_removed", _at(node), ast.Pass()


OPERATORS: tuple[Callable[[ast.AST], Iterator[New]], ...] = (
    _comparison, _constant, _arithmetic, _sign_dropped, _sqrt_removed, _division_dropped, _transpose_dropped, _axis,
    _function_swap, _return_negated, _condition_negated, _off_by_one, _statement_removed,
)  # fmt: skip


def _name(node: ast.Call) -> str:
    """``sum`` of ``sum(x)``, ``x.sum()`` and ``np.sum(x)``."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _at(node: ast.expr | ast.stmt) -> Place:
    return node.lineno, node.col_offset


def _after(node: ast.expr) -> Place:
    """Where the operator behind a node stands: the node's end, since the whole begins where its first part does."""
    return node.end_lineno or node.lineno, node.end_col_offset or 0

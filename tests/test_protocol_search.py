"""Searching runs: every filter beside a plain Python reading of it, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_rows import KEYS, NUMBERS, TEXTS, holds, keep, random_runs

from castalia.track import Store
from castalia.track.protocol import searching
from castalia.track.protocol.wire import Fields, ProtocolError

RUNS = random_runs(6, 60)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def store(tmp_path_factory, request):
    place = ""
    if request.param == "postgres":
        server = request.getfixturevalue("server")
        place = server.url(server.database("castalia_tables"))
    with Store.open(tmp_path_factory.mktemp("search"), place) as opened:
        keep(opened, RUNS)
        yield opened


def search(store: Store, **fields) -> dict:
    return json.loads(searching.runs(store, Fields({"experiment_ids": ["1"], **fields})))


def ids(store: Store, filter: str, **fields) -> list[str]:
    return [run["info"]["run_id"] for run in search(store, filter=filter, **fields)["runs"]]


def refused(store: Store, **fields) -> str:
    with pytest.raises(ProtocolError) as caught:
        search(store, **fields)
    assert (caught.value.code, caught.value.status) == ("INVALID_PARAMETER_VALUE", 400)
    return caught.value.message


# --- filters as trees, and as text -----------------------------------------------------------------

# As in MLflow, a backslash before a quote is part of the text, so no text can end with one.
words = st.sampled_from([text for text in TEXTS if not text.endswith("\\")])
numbers = st.sampled_from([*NUMBERS, 2, -1, 1000, 2000])
patterns = st.text("aAbcxX%_*[]?1.\\é", max_size=6).filter(lambda text: not text.endswith("\\"))


def clauses(keys, ops, values):
    def of(op):
        count = {"IN": (1, 3), "BETWEEN": (2, 2), "IS": (0, 0)}.get(op.removeprefix("NOT ").split()[0], (1, 1))
        given = patterns if "LIKE" in op else values
        return st.tuples(keys, st.just(op), st.lists(given, min_size=count[0], max_size=count[1]).map(tuple))

    return st.sampled_from(ops).flatmap(of).map(lambda made: (*made[0], made[1], made[2]))


SIGNS = ["=", "!=", "<", "<=", ">", ">="]
NULLS = ["IS NULL", "IS NOT NULL"]
MANY = ["IN", "NOT IN", "BETWEEN", "NOT BETWEEN"]
LIKES = ["LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"]


def named(*pairs):
    return st.sampled_from([(entity, key) for entity, some in pairs for key in some])


pairs = named(("parameter", KEYS["parameter"]), ("tag", KEYS["tag"]))
clause = st.one_of(
    clauses(named(("metric", [*KEYS["metric"], "none"])), SIGNS + MANY + NULLS, numbers),
    clauses(pairs, ["=", "!=", *LIKES, *MANY, *NULLS], words),
    clauses(pairs, SIGNS + MANY, numbers),
    clauses(named(("attribute", ["run_name", "user_id"])), ["=", "!=", *LIKES, *MANY], st.sampled_from(["me", "alpha", "run 7"])),
    clauses(named(("attribute", ["status"])), ["=", "!=", "IN", "NOT IN"], st.sampled_from(["FINISHED", "RUNNING", "done"])),
    clauses(named(("attribute", ["start_time", "end_time"])), SIGNS + MANY + NULLS, numbers),
    clauses(named(("dataset", ["name", "digest", "context"])), ["=", "!=", *LIKES, "IN", "NOT IN", *NULLS],
            st.sampled_from(["iris", "mnist", "d1", "train", "none"])),
)  # fmt: skip
trees = st.recursive(
    clause,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.just("not"), inner),
    ),
    max_leaves=8,
)
ENTITIES = {"metric": ["metric", "metrics"], "parameter": ["params", "param", "parameter", "parameters"],
            "tag": ["tag", "tags"], "attribute": ["attribute", "attributes", "attr", "run"],
            "dataset": ["dataset", "datasets"]}  # fmt: skip


def text_of(tree, chance) -> str:
    if tree[0] in ("and", "or"):
        joint = f" {chance(['AND', 'and'] if tree[0] == 'and' else ['OR', 'Or'])} "
        return "(" + joint.join(text_of(part, chance) for part in tree[1]) + ")"
    if tree[0] == "not":
        return f"NOT ({text_of(tree[1], chance)})"
    entity, key, op, values = tree
    quotes = ["`{}`", '"{}"', "'{}'"]
    plain = key.replace(".", "").replace("_", "").isalnum()
    left = f"{chance(ENTITIES[entity])}.{chance([*quotes, '{}'] if plain else quotes).format(key)}"
    if entity == "attribute" and chance([True, False]):
        left = key
    shown = [repr(value) if not isinstance(value, str) else quoted(value) for value in values]
    right = f"({', '.join(shown)})" if op.endswith("IN") else " AND ".join(shown)
    return f"{left} {chance([op, op.lower()])} {right}"


def quoted(value: str) -> str:
    return f'"{value}"' if "'" in value else f"'{value}'"


@settings(max_examples=400)
@given(trees, st.data())
def test_every_filter_finds_what_a_plain_reading_of_it_finds(store, tree, data):
    text = text_of(tree, lambda options: data.draw(st.sampled_from(options)))
    found = ids(store, text)
    assert len(found) == len(set(found))
    assert set(found) == {run.run_id for run in RUNS if holds(tree, run)}, text

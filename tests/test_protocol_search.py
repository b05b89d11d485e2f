"""Searching runs: every filter beside a plain Python reading of it, and what is refused."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_rows import KEYS, NUMBERS, TEXTS, holds, keep, random_runs

from castalia.core.errors import TooLarge, WrongInput
from castalia.track import Store
from castalia.track.protocol import grammar, searching, vocabulary
from castalia.track.protocol.grammar import FilterError
from castalia.track.protocol.patience import patience
from castalia.track.protocol.wire import Fields, ProtocolError

RUNS = random_runs(6, 90)


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
    clauses(named(("attribute", ["run_name", "user_id"])), ["=", "!=", *LIKES, *MANY],
            st.sampled_from(["me", "alpha", "run 7"])),
    clauses(named(("attribute", ["status"])), ["=", "!=", "IN", "NOT IN"],
            st.sampled_from(["FINISHED", "RUNNING", "done"])),
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


@settings(max_examples=150)
@given(trees, st.data())
def test_every_filter_finds_what_a_plain_reading_of_it_finds(store, tree, data):
    text = text_of(tree, lambda options: data.draw(st.sampled_from(options)))
    found = ids(store, text)
    assert len(found) == len(set(found))
    assert set(found) == {run.run_id for run in RUNS if holds(tree, run)}, text


# --- order, pages ----------------------------------------------------------------------------------


def shown(store: Store, order_by: list[str], key: str) -> list:
    rows = search(store, order_by=order_by)["runs"]
    return [{each["key"]: each["value"] for each in row["data"]["metrics"]}.get(key) for row in rows]


@pytest.mark.parametrize("way", ["ASC", "DESC"])
def test_numbers_come_first_then_nan_then_what_is_missing(store, way):
    values = shown(store, [f"metrics.loss {way}"], "loss")
    numbers = [float(value) for value in values if value not in ("NaN", None)]
    assert numbers == sorted(numbers, reverse=way == "DESC") and {math.inf, -math.inf} < set(numbers)
    rest = values[len(numbers) :]
    assert rest == sorted(rest, key=lambda value: value is None)
    assert {"NaN", None} == set(rest)


def test_ties_are_broken_by_the_newest_start_then_by_the_id(store):
    rows = [row["info"] for row in search(store, order_by=["attributes.user_id"])["runs"]]
    keys = [(row["user_id"], -row["start_time"], row["run_id"]) for row in rows]
    assert keys == sorted(keys) and len({key[:2] for key in keys}) < len(keys)
    assert ids(store, "") == [run.run_id for run in sorted(RUNS, key=lambda run: (-run.start_time, run.run_id))]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["metrics.loss", "metrics.`loss` DESC"], "`order_by` contains duplicate fields: "),
        (["start_time", "attributes.created"], "`order_by` contains duplicate fields: "),
        (["metrics.loss ACS"], "Invalid ordering key in order_by clause 'metrics.loss ACS'."),
        (["metrics.loss DESC, metrics.acc"], "Invalid order_by clause"),
        (["metrics.loss; DROP TABLE runs"], "Invalid order_by clause"),
        ([""], "Invalid order_by clause"),
        (["loss"], "Invalid attribute key 'loss' specified."),
        (["foo.bar"], "Invalid entity type 'foo'."),
        (["dataset.name"], "Invalid order_by entity: dataset"),
        ([f"params.p{i}" for i in range(31)], "at most 30 are allowed"),
    ],
)
def test_an_order_that_cannot_be_followed_is_refused(store, order, message):
    assert message in refused(store, order_by=order)


@pytest.mark.parametrize("size", [1, 7, 89, 90, 91])
def test_pages_together_are_the_whole(store, size):
    whole, found, token = ids(store, "", order_by=["params.rate"]), [], ""
    for _ in range(100):
        answer = search(store, max_results=size, order_by=["params.rate"], page_token=token)
        found += [run["info"]["run_id"] for run in answer["runs"]]
        token = answer.get("next_page_token", "")
        if not token:
            break
    assert found == whole and len(found) == len(RUNS)


@pytest.mark.parametrize("room", [1, 3000, 10_000])
def test_a_page_that_would_be_too_large_ends_sooner(store, room, monkeypatch):
    monkeypatch.setattr(searching, "MOST_BYTES", room)
    monkeypatch.setattr(searching, "_AT_ONCE", 7)
    whole, found, token, pages = [run["run_id"] for run in store.runs(limit=1000).items], [], "", 0
    while token or not pages:
        made = searching.runs(store, Fields({"experiment_ids": ["1"], "page_token": token}))
        answer = json.loads(made)
        assert len(answer["runs"]) == 1 or len(made) <= room + 200
        found += [run["info"]["run_id"] for run in answer["runs"]]
        token, pages = answer.get("next_page_token", ""), pages + 1
    assert sorted(found) == sorted(whole) and len(set(found)) == len(RUNS) and pages > 3


def test_a_run_that_starts_between_two_pages_moves_nothing(tmp_path):
    with Store.open(tmp_path) as store:
        made = [store.create_run("mnist", f"run {i}") for i in range(6)]
        number = store.run(made[0])["experiment"]
        assert number == "mnist"
        first = search(store, max_results=3)
        late = store.create_run("mnist", "late")
        second = search(store, max_results=3, page_token=first["next_page_token"])
        seen = [run["info"]["run_id"] for page in (first, second) for run in page["runs"]]
        assert sorted(seen) == sorted(made) and late not in seen
        assert "next_page_token" not in second
        assert late in ids(store, "")


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("!!!", "Invalid page token, could not base64-decode"),
        (base64.b64encode(b"nonsense").decode(), "Invalid page token, decoded value="),
        (base64.b64encode(b"[]").decode(), "Invalid page token, parsed value="),
        (base64.b64encode(b'{"offset": -1}').decode(), "Invalid page token, parsed value="),
        (base64.b64encode(b'{"offset": "1; DROP TABLE runs"}').decode(), "Invalid page token, parsed value="),
        (base64.b64encode(b'{"offset": 1e400}').decode(), "Invalid page token, "),
        ("é" * 3, "Invalid page token, could not base64-decode"),
    ],
)
def test_a_token_that_is_none_of_ours_is_refused(store, token, message):
    assert message in refused(store, page_token=token)


def test_mlflows_own_tokens_are_understood(store):
    token = base64.b64encode(b'{"offset": 88}').decode()
    assert ids(store, "", page_token=token) == ids(store, "")[88:]


@pytest.mark.parametrize(("size", "hint"), [(0, "positive"), (-5, "positive"), (50_001, "at most 50000")])
def test_a_page_has_bounds(store, size, hint):
    message = refused(store, max_results=size)
    assert f"Invalid value {size} for parameter 'max_results' supplied" in message and hint in message


def test_views_and_experiments_narrow_a_search(store):
    assert search(store, experiment_ids=[])["runs"] == search(store, experiment_ids=["77"])["runs"] == []
    assert search(store, run_view_type="DELETED_ONLY")["runs"] == []
    assert len(search(store, run_view_type="ALL")["runs"]) == len(search(store, run_view_type=3)["runs"]) == len(RUNS)
    assert "Invalid value" in refused(store, run_view_type="SOME")
    assert "Invalid experiment ID 'x'" in refused(store, experiment_ids=["x"])


# --- what is refused, in MLflow's words ---------------------------------------------------------------

WRONG = [
    ("metrics.a > 1 NAND metrics.b > 2", "Invalid clause(s) in filter string: "),
    ("metrics.a > 1;", "Invalid clause(s) in filter string: ';'"),
    ("metrics.a > 1; metrics.b > 2", "Search filter contained multiple expression"),
    (
        "m.acc >= 0.94",
        "Invalid entity type 'm'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
    ),
    ("acc >= 0.94", "Invalid attribute key 'acc' specified. Valid keys are "),
    ("attribute.start != 1", "Invalid attribute key 'start' specified."),
    ("dataset.foo = 'x'", "Invalid dataset key 'foo' specified."),
    ("`metrics.A > 0.1", "Invalid clause(s) in filter string"),
    ("params.'acc = LR", "Invalid clause(s) in filter string"),
    ("params.acc = 'LR", "Invalid clause(s) in filter string"),
    ("tags.acc = = 'LR'", "Invalid clause(s) in filter string"),
    ("attribute.status IS 'RUNNING'", "Invalid clause(s) in filter string"),
    ("params.acc LR !=", "Invalid clause(s) in filter string"),
    ("metric.acc !=", "Invalid clause(s) in filter string"),
    ("1.0 > metrics.acc", "Expected 'Identifier' found '1.0'"),
    ("attribute.status = 1", "Expected a quoted string value for attributes. Got value 1"),
    ("params.acc = LR", "Parameter value is either not quoted or unidentified quote types used for string value LR"),
    ("params.acc = `LR`", "Parameter value is either not quoted or unidentified quote types"),
    ("metrics.acc = '1'", "Expected numeric value type for metric. Found '1'"),
    ("metrics.acc LIKE 'x'", "Expected numeric value type for metric. Found 'x'"),
    ("start_time > '5'", "Expected numeric value type for numeric attribute: start_time. Found '5'"),
    ("params.a > '1'", "Invalid comparator '>' not one of "),
    ("start_time LIKE 5", "Invalid comparator 'LIKE' not one of "),
    ("metrics.a <=> 1", "Invalid comparator '<=>' not one of "),
    ("run_id IN ()", "expected a non-empty list of string values, but got empty list"),
    ("run_id IN (1)", "expected string value, punctuation, or whitespace, but got different type in list"),
    ("params.a IN ('1', 1)", "but got different type in list"),
    ("   ", "Could not be parsed."),
    ("(metrics.a > 1", "Expected: a closing parenthesis"),
    ("metrics.a > 1 OR", "Invalid clause(s) in filter string"),
    ("metrics.a BETWEEN 1", "Expected: AND and the upper end of BETWEEN"),
    ("metrics.`` > 1", "Invalid metric key '' specified."),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text for text, _ in WRONG])
def test_a_wrong_filter_is_refused_in_the_clients_words(store, text, message):
    assert message in refused(store, filter=text)


ATTACKS = [
    "__import__('os').system('x')", "metrics.__class__", "metrics.loss > 1 UNION SELECT * FROM runs",
    "params.rate = 'x'; DROP TABLE runs; --", "params.rate = 'x' -- ", "params.rate = 'x' /* */", "1=1", "' OR '1'='1",
    "lambda: 0", "{{7*7}}", "\x00", "params.rate = '\ud800'", "(" * 100_000, "NOT " * 100_000, "a=1 AND " * 100_000,
    "metrics.a > 1 AND " * 600 + "metrics.a > 1", "run_id IN (" + "'a'," * 20_000 + "'a')",
    f"params.rate LIKE '{'%a' * 1000}'", "metrics.a > " + "9" * 300_000,
]  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS, ids=[ascii(text[:24]) for text in ATTACKS])
def test_an_attack_is_a_clear_refusal(store, text):
    assert refused(store, filter=text)
    assert len(search(store)["runs"]) == len(RUNS)


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ('metrics."a\\"; DROP TABLE runs" > 1', False),
        ("params.`x' OR '1'='1` = 'x'", False),
        ("metrics.__class__ > 1", False),
        ("params.rate != '; DROP TABLE runs'", True),
        ('tags.stage LIKE "%\' OR 1=1 --"', False),
        ("metrics.a > " + "9" * 400, False),
        ("start_time < 9223372036854775808", True),
        ("start_time > -1e400", True),
        ("metrics.loss > 1e-400", True),
        ("start_time BETWEEN 99999999999999999999 AND 1", False),
    ],
)
def test_what_looks_like_an_attack_is_a_key_or_a_value_as_any_other(store, text, some):
    assert bool(ids(store, text)) is some
    assert len(search(store)["runs"]) == len(RUNS)


def test_orders_and_keys_with_quotes_are_bound(store):
    assert len(search(store, order_by=["params.`x'; DROP TABLE runs; --` DESC", 'metrics."a`b"'])["runs"]) == len(RUNS)


def test_what_is_within_the_limits_is_answered(store):
    assert ids(store, " AND ".join(["metrics.none IS NULL"] * 500)) == ids(store, "")
    assert ids(store, " OR ".join(["metrics.loss > 1e9", "params.rate = 'q'"] * 250)) == ids(
        store, "metrics.loss > 1e9"
    )
    assert len(ids(store, "(" * 50 + "metrics.none IS NULL" + ")" * 50)) == len(RUNS)
    assert len(ids(store, "NOT " * 50 + "metrics.none IS NULL")) == len(RUNS)
    many = ", ".join(f"'{number:032x}'" for number in range(5000))
    assert len(ids(store, f"run_id NOT IN ({many})")) == len(RUNS)
    assert len(search(store, experiment_ids=[str(number) for number in range(40_000)])["runs"]) == len(RUNS)


@pytest.mark.parametrize("given", ["x", "9" * 30, "9" * 5000, "-1", "1.5", "", "\u0661"])
def test_an_experiment_id_that_is_none_is_refused(store, given):
    with pytest.raises(ProtocolError, match="Invalid experiment ID") as caught:
        searching.experiments(store, Fields({"filter": f"experiment_id IN ('1', '{given}')"}))
    assert caught.value.status == 400
    assert [row["experiment_id"] for row in searching.experiments(store, Fields({"filter": "experiment_id = ' 1'"}))[
        "experiments"]] == ["1"]  # fmt: skip


def test_a_filter_is_read_in_linear_time():
    texts = ["params.a = '" + "''" * 90_000, "`" + "``" * 90_000, "a." * 90_000, "'" + "\\'" * 90_000, "x " * 90_000]
    for text in texts:
        with pytest.raises(FilterError):
            grammar.parse(text)


def test_a_search_that_takes_too_long_is_ended(tmp_path):
    with Store.open(tmp_path) as store:
        run_id = store.create_run("e")
        store.set_tags(run_id, {"long": "a" * 5000})
        with store.database.read() as connection, pytest.raises(TooLarge) as caught, patience(connection, 0.2):
            endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            connection.exec_driver_sql(endless).all()
        assert "takes too long" in caught.value.subject
        assert ids(store, "tags.long LIKE '" + "%a" * 400 + "%b'") == []  # and the connection is as before


# --- what MLflow's grammar has not ---------------------------------------------------------------------


def test_dates_are_utc_unless_they_say_otherwise():
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    day = 86_400_000
    midnight = 20_778 * day
    for text, moment in {
        "2026-11-21": midnight, "2026-11-21 12:30": midnight + day // 2 + 1_800_000,
        "2026-11-21T12:30:00+02:00": midnight + 37_800_000, "2026-11-21T00:00:00.250Z": midnight + 250,
        "now": midnight + day // 2, "7 days ago": midnight + day // 2 - 7 * day, "1 hour ago": midnight + 39_600_000,
        "2 WEEKS AGO": midnight + day // 2 - 14 * day,
    }.items():  # fmt: skip
        assert vocabulary.read(f"start_time > '{text}'", vocabulary.RUNS, now).values == (moment,), text
    for text in ("yesterday", "2026-13-01", "2026", "999999 weeks ago", "20261101"):
        with pytest.raises(FilterError):
            vocabulary.read(f"start_time > '{text}'", vocabulary.RUNS, now)


@pytest.mark.parametrize(
    "text", ["[x]", "*", "?", "a?c", "[a", "]", "^", ".", ".*", "(a|b)", "\\d", "a%c", "a_c", "É", "ß"]
)
def test_a_pattern_means_its_own_letters(store, text):
    """Only % and _ stand for others, in either database."""
    exact = {run.run_id for run in RUNS if run.parameter.get("model") == text}
    loose = {run.run_id for run in RUNS if holds(("parameter", "model", "LIKE", (text,)), run)}
    folded = {run.run_id for run in RUNS if holds(("parameter", "model", "ILIKE", (text,)), run)}
    assert set(ids(store, f"params.model = '{text}'")) == exact
    assert set(ids(store, f"params.model LIKE '{text}'")) == loose
    assert set(ids(store, f"params.model ILIKE '{text}'")) == folded
    for around in (f"%{text}%", f"{text}%", f"%{text}"):
        wanted = {run.run_id for run in RUNS if holds(("parameter", "model", "LIKE", (around,)), run)}
        assert set(ids(store, f"params.model LIKE '{around}'")) == wanted


def test_and_binds_more_tightly_than_or(store):
    loose = "metrics.loss > 0 OR params.rate IS NULL AND tags.stage IS NULL"
    assert ids(store, loose) == ids(store, "metrics.loss > 0 OR (params.rate IS NULL AND tags.stage IS NULL)")
    assert ids(store, loose) != ids(store, "(metrics.loss > 0 OR params.rate IS NULL) AND tags.stage IS NULL")


def test_runs_of_castalia_have_the_clients_tags(tmp_path):
    with Store.open(tmp_path) as store:
        parent = store.create_run("e", "search")
        child = store.create_run("e", "trial 1", parent=parent)
        assert ids(store, f"tags.mlflow.parentRunId = '{parent}'") == [child]
        assert ids(store, "tags.`mlflow.runName` LIKE 'trial%'") == [child]
        tags = {run["info"]["run_id"]: run["data"]["tags"] for run in search(store)["runs"]}
        assert {"key": "mlflow.parentRunId", "value": parent} in tags[child]
        assert tags[parent] == [{"key": "mlflow.runName", "value": "search"}]


# --- Castalia's own list -------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    with Store.open(tmp_path) as opened:
        for i in range(10):
            run = opened.create_run("mnist" if i % 2 else "churn", f"run {i}", {"rate": i / 100}, {"stage": "dev"})
            opened.log_metrics(run, [("loss", 0, 1, 1 - i / 10), ("acc", 0, 1, i / 10)])
            if i > 6:
                opened.finish(run)
        yield opened


def names(store: Store, text: str) -> list[str]:
    return [run["name"] for run in store.runs(filter=text, order="name").items]


def test_the_native_list_is_filtered(own):
    assert names(own, "metrics.loss < 0.3 AND params.rate > 0.07") == ["run 8", "run 9"]
    assert names(own, "status = 'done' AND experiment = 'churn'") == ["run 8"]
    assert names(own, "NOT (name IN ('run 1', 'run 2')) AND params.rate < 0.04") == ["run 0", "run 3"]
    assert names(own, "started > '1 hour ago' AND ended IS NULL AND metrics.acc BETWEEN 0.4 AND 0.5") == [
        "run 4",
        "run 5",
    ]
    assert own.runs(filter="params.rate >= 0.05", limit=2).total == 5
    assert own.runs(experiment="mnist", filter="params.rate >= 0.05", limit=2).total == 3


@pytest.mark.parametrize("order", ["metrics.loss", "-metrics.acc", "params.rate", "-params.none"])
def test_a_filter_by_one_key_and_an_order_by_another_of_the_same_kind(own, order):
    """Both read the same table, one in a subquery: neither may be taken for the other."""
    for text in ("metrics.acc > 0.5", "params.rate > 0.05", "NOT metrics.loss > 0.4 AND params.rate > 0.05"):
        found = [run["name"] for run in own.runs(filter=text, order=order).items]
        assert sorted(found) == names(own, text) and len(found) == 4, (text, order)
        if "none" not in order:
            assert found == sorted(found, reverse=order != "params.rate")


def test_only_the_columns_that_were_asked_for_are_read(own):
    row = own.runs(filter="name = 'run 3'", columns=["metrics.loss", "tags.stage", "metrics.none"]).items[0]
    assert (row["metrics"], row["params"], row["tags"]) == ({"loss": 0.7}, {}, {"stage": "dev"})
    for wrong in ("loss", "status", "metrics.", "dataset.name", "metrics.loss; --"):
        with pytest.raises(WrongInput) as caught:
            own.runs(columns=[wrong])
        assert caught.value.field == "columns" and "metrics.<key>" in caught.value.expected


@pytest.mark.parametrize(
    ("text", "below", "cure"),
    [
        ("metrics.loss < 0.3 AND metrics.los < 0.3", "metrics.los < 0.3", "Did you mean 'loss'?"),
        ("params.rte > 1", "params.rte", "Did you mean 'rate'?"),
        ("stauts = 'done'", "stauts", "Did you mean 'status'?"),
        ("metrik.loss < 1", "metrik.loss", "Did you mean 'metric'?"),
        ("metrics.loss < 0.3 NAND x = 4", "x = 4", ""),
        ("params.rate = high", "high", ""),
    ],
)
def test_an_error_points_at_the_place(own, text, below, cure):
    with pytest.raises(WrongInput) as caught:
        own.runs(filter=text)
    shown = str(caught.value).splitlines()
    line = next(i for i, each in enumerate(shown) if each.lstrip().startswith("got:"))
    assert shown[line][shown[line + 1].index("^") :].startswith(below), str(caught.value)
    assert cure in caught.value.cure and caught.value.field == "filter"


def test_a_key_like_no_other_is_no_error(own):
    assert own.runs(filter="metrics.zzz > 1").total == 0
    assert own.runs(filter="metrics.los IS NULL").total == 10


def test_http_and_shell_take_a_filter(own, monkeypatch, capsys):
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from castalia.cli import runs as shell
    from castalia.track.http import router

    app = FastAPI()
    app.include_router(router(own))
    with TestClient(app) as client:
        asked = {"filter": "metrics.loss < 0.3", "columns": ["metrics.loss"], "order": "name"}
        page = client.get("/runs", params=asked).json()
        assert [(row["name"], list(row["metrics"])) for row in page["items"]] == [
            ("run 8", ["loss"]),
            ("run 9", ["loss"]),
        ]
        with pytest.raises(WrongInput, match="Invalid clause"):
            client.get("/runs", params={"filter": "metrics.loss <"})
    monkeypatch.setenv("CASTALIA_HOME", str(own.home))
    assert shell.list_(filter="metrics.loss < 0.15", json=True) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["items"]] == ["run 9"]

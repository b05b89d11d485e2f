"""kit.text: equal to scikit-learn where settings agree; pieces stand where they say; nothing is lost unsaid."""

from __future__ import annotations

import html.parser
import json
import random
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.utils import murmurhash3_32
from tiers import quick_first

from castalia.core.errors import CastaliaError, NotFound, TooLarge, WrongInput
from castalia.kit import text
from castalia.kit.text import bags, cleaning, duplicates

FEW = settings(max_examples=60, deadline=None)
FEWER = settings(max_examples=20, deadline=None)
"""Where the peer takes milliseconds to say good morning."""
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
ALPHABET = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("aAbe .,!?'’-\n\t<>&;@/:0123é\u0301\u200b\u200d\u00a0\ufe0f\U0001f469\U0001f1e9\U0001f1ea中"),
)
TEXTS = st.text(ALPHABET, max_size=60)


def complete(error: CastaliaError) -> bool:
    return bool(error.subject and error.got and error.expected and error.cure)


# --- cleaning ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("nfc", "e\u0301", "é"), ("nfc", "x²ﬁ", "x²ﬁ"), ("nfkc", "x²ﬁＡ", "x2fiA"),
        ("control", "a\x00b\x1b[1mc\td\ne\x7f\x85", "ab[1mc\td\ne"),
        ("invisible", "a\u200bb\u00adc\ufeffd\u202ee", "abcde"),
        ("invisible", f"{FAMILY} a\u200db", f"{FAMILY} ab"), ("invisible", "می\u200cخواهم", "می\u200cخواهم"),
        ("spaces", " a \u00a0\u3000b\n\nc\t", "a b c"),
        ("lines", "a  b\r\n\r\n\r\n c\u2028d\n", "a b\n\nc\nd"),
        ("entities", "&lt;b&gt; &amp;amp; &eacute;&#233;&#x1F600; AT&T &nothing; ?a=1&copy=2",
         "<b> &amp; éé😀 AT&T &nothing; ?a=1&copy=2"),
        ("tags", "<p>one<br>two</p> a < b <i>x</i>", "one\ntwo\n a < b x"),
        ("tags", "a<script>if (a<b) {'</p>'}</script>b<!-- <p> -->c<style>p{}</style>", "abc"),
        ("tags", '<a title="x > y" href=\'z\'>t</a><!DOCTYPE html>', "t"), ("tags", "<script>never closed", ""),
        ("tags", "1 <2 and 3> 2, <3", "1 <2 and 3> 2, <3"),
        ("urls", "see https://a.org/x?y=1#z. (www.b.de/c), ok", "see <url>. (<url>), ok"),
        ("emails", "to a.b+c@d-e.org, not @me or a@b", "to <email>, not @me or a@b"),
        ("accents", "Crème brûlée, Žižek, ørsted, ß", "Creme brulee, Zizek, ørsted, ß"),
        ("lower", "ÀB ß", "àb ß"), ("fold", "Straße", "strasse"),
    ],
)  # fmt: skip
def test_each_step_does_what_it_says(step: str, before: str, after: str) -> None:
    assert text.clean(before, [step]) == after


def test_every_step_is_tried_above_and_explained() -> None:
    tried = {
        mark.args[1][n][0] for mark in test_each_step_does_what_it_says.pytestmark for n in range(len(mark.args[1]))
    }
    assert tried == set(text.STEPS) and all(step.__doc__ for step in text.STEPS.values())


@FEW
@given(TEXTS)
def test_steps_lose_only_what_they_say(given_: str) -> None:
    for name in ("nfc", "nfkc", "control", "spaces", "lines", "accents", "urls", "emails", "invisible"):
        once = text.clean(given_, [name])
        assert name == "invisible" or text.clean(once, [name]) == once, f"{name} is not done after once"
    assert [*text.clean(given_, ["spaces"]).split()] == given_.split()
    assert unicodedata.normalize("NFD", text.clean(given_, ["nfc"])) == unicodedata.normalize("NFD", given_)
    gone = Counter(given_) - Counter(text.clean(given_, ["control"]))
    assert all(unicodedata.category(each) == "Cc" for each in gone)
    gone = Counter(given_) - Counter(text.clean(given_, ["invisible"]))
    assert all(unicodedata.category(each) == "Cf" for each in gone)
    plain = "".join(each for each in given_ if each not in "<>&")
    assert text.clean(plain, ["tags"]) == plain


class Shown(html.parser.HTMLParser):
    """What Python's own parser shows of a page, for pages without scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


MARKUP = st.lists(
    st.sampled_from(["<p>", "</p>", "<b class='x y'>", "</b>", "<br/>", '<a href="u?a=1&b=2" x>', "</a>",
                     "<!-- a > b -->",
                     "word", " ", "&amp;", "&lt;i&gt;", "&#65;", "1 < 2", "é"]), max_size=20,
)  # fmt: skip


@FEW
@given(MARKUP)
def test_tags_are_those_of_pythons_parser(parts: list[str]) -> None:
    page = "".join(parts)
    reader = Shown()
    reader.feed(page)
    reader.close()
    assert "".join(text.clean(page, ["tags"]).split()) == "".join("".join(reader.parts).split())


def test_cleaning_in_order_and_with_functions_of_ones_own() -> None:
    page = "<p>Caf\u00e9\u200b &amp; bar</p>\n"
    assert text.clean(page) == "Café & bar"
    assert text.clean(page, [*text.PLAIN, "accents", str.upper]) == "CAFE & BAR"
    assert text.clean(" A ", "spaces") == "A" and text.clean("a", []) == "a"


HOSTILE = [
    "<a " * 8_000, "<!--" * 8_000, "<!-- -" * 8_000, "<a '" * 8_000, "<a \"'" * 8_000 + ">", "<script>" * 6_000,
    "&#x" * 6_000, "a." * 15_000, "a.a@" * 8_000, "www.a" * 8_000, "((." * 8_000, ". " * 15_000, "e.g. " * 8_000,
    "e" + "\u0301" * 20_000, f"{FAMILY}\u200d" * 3_000, "1," * 15_000, "\n " * 15_000,
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda value: repr(value[:6]))
def test_the_time_grows_with_the_length_alone(hostile: str) -> None:
    """html.parser takes two minutes for four times the first of these; a test has one."""
    for step in text.STEPS.values():
        step(hostile)
    for cut in (text.words, text.sentences, text.characters, text.whitespace):
        assert all(hostile[token.start : token.end] == token.piece for token in cut(hostile))


# --- splitting ---------------------------------------------------------------------------------


@FEW
@given(TEXTS)
@example("Don't. \U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 e\u0301\r\n")
def test_every_piece_stands_where_it_says(given_: str) -> None:
    for cut in (text.words, text.whitespace, text.characters, text.sentences):
        tokens = cut(given_)
        assert all(given_[token.start : token.end] == token.piece and token.piece for token in tokens)
        assert all(one.end <= other.start for one, other in pairwise(tokens))
        left = [*given_]
        for token in tokens:
            left[token.start : token.end] = [""] * (token.end - token.start)
        assert cut is text.characters or not "".join(left).strip(), "something visible is in no piece"
    assert "".join(token.piece for token in text.characters(given_)) == given_
    assert [token.piece for token in text.whitespace(given_)] == given_.split()
    runs = text.ngrams(text.words(given_), 2, given_)
    assert len(runs) == max(0, len(text.words(given_)) - 1)
    assert all(given_[token.start : token.end] == token.piece for token in runs)


def pieces(tokens: list[text.Token]) -> list[str]:
    return [token.piece for token in tokens]


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("Don't stop; well-known.", ["Don't", "stop", ";", "well-known", "."]),
        ("$3.14, 1,000 or 12:30!", ["$", "3.14", ",", "1,000", "or", "12:30", "!"]),
        ("dogs' -x a--b 'q'", ["dogs", "'", "-", "x", "a", "-", "-", "b", "'", "q", "'"]),
        ("see www.a.org/b?c=1, or a.b@c.de.", ["see", "www.a.org/b?c=1", ",", "or", "a.b@c.de", "."]),
        (f"{FAMILY}hi \U0001f44d\U0001f3fd!", [FAMILY, "hi", "\U0001f44d\U0001f3fd", "!"]),
        ("नमस्ते e\u0301te\u0301 中文。", ["नमस्ते", "e\u0301te\u0301", "中文", "。"]),
        ("snake_case x² v2.0", ["snake_case", "x²", "v2.0"]),
        ("", []), (" \n", []),
    ],
)  # fmt: skip
def test_words(given_: str, wanted: list[str]) -> None:
    assert pieces(text.words(given_)) == wanted
    signs = pieces(text.words(given_, punctuation=False))
    assert signs == [piece for piece in wanted if len(piece) > 1 or piece.isalnum()]


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("Dr. Smith came. He left!", ["Dr. Smith came.", "He left!"]),
        ("See Fig. 3, e.g. this. J. S. Bach? Yes.", ["See Fig. 3, e.g. this.", "J. S. Bach?", "Yes."]),
        ('He said "no." Then 3.14 is pi.', ['He said "no."', "Then 3.14 is pi."]),
        ("Wait... what? Well… no. End… Yes", ["Wait... what?", "Well… no.", "End…", "Yes"]),
        ("A title\n\nThe text\ngoes on.", ["A title", "The text\ngoes on."]),
        ("中文。再见！ ¿Qué? Sí.", ["中文。", "再见！", "¿Qué?", "Sí."]),
        ("in the U.S. Army", ["in the U.S. Army"]), ("etc.", ["etc."]), ("no end", ["no end"]), ("?!", ["?!"]),
    ],
)  # fmt: skip
def test_sentences(given_: str, wanted: list[str]) -> None:
    assert pieces(text.sentences(given_)) == wanted


def test_characters_are_what_people_count() -> None:
    given_ = f"e\u0301{FAMILY}\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7\U0001f44d\U0001f3fda\r\n1\ufe0f\u20e3"
    assert len(text.characters(given_)) == 8
    assert pieces(text.sentences("Mr. X. came", abbreviations=[])) == ["Mr.", "X. came"]


# --- vocabulary --------------------------------------------------------------------------------

DOCUMENTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "ß", "中"]), max_size=8), max_size=12)


@FEW
@given(DOCUMENTS, DOCUMENTS, st.integers(1, 3), st.one_of(st.none(), st.integers(5, 9)))
def test_a_vocabulary_in_parts_is_the_vocabulary_of_all(one: Any, other: Any, least: int, most: int | None) -> None:
    whole = text.Vocabulary.of([*one, *other], min_count=least, max_size=most)
    assert whole == text.Vocabulary.of(text.count(one) + text.count(other), min_count=least, max_size=most)
    assert whole == text.Vocabulary.of(iter([*other, *one]), min_count=least, max_size=most)
    counts = Counter(token for document in [*one, *other] for token in document)
    kept = [token for token, n in counts.items() if n >= least]
    wanted = sorted(kept, key=lambda token: (-counts[token], token))
    assert list(whole.tokens) == wanted[: None if most is None else most - 4]
    for document in [*one, *other]:
        numbers = whole.encode(document, bos=True, eos=True)
        assert (numbers[0], numbers[-1]) == (2, 3) and len(numbers) == len(document) + 2
        assert whole.decode(numbers) == [token if token in whole else "<unk>" for token in document]
        assert whole.encode(document, unknown="skip") == [n for n in whole.encode(document) if n != whole.unk]


def test_a_vocabulary_is_saved_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    made = text.Vocabulary.of([["a", "b", "b", "\u2028", '"', "\ud800"]])
    made.save(path)
    assert text.Vocabulary.load(path) == made and len(list(tmp_path.iterdir())) == 1
    good = json.loads(path.read_text())
    damaged = [
        "no json", "[]", "[" * 100_000, json.dumps({**good, "kind": "other"}), json.dumps({**good, "version": 9}),
        json.dumps({**good, "tokens": "abc"}), json.dumps({**good, "tokens": ["a", "a"]}),
        json.dumps({**good, "tokens": [1]}),
        json.dumps({**good, "tokens": ["<pad>"]}), json.dumps({**good, "special": list("abcde")}),
    ]  # fmt: skip
    for content in damaged:
        path.write_text(content)
        with pytest.raises(WrongInput) as caught:
            text.Vocabulary.load(path)
        assert caught.value.subject and caught.value.got
    with pytest.raises(NotFound):
        text.Vocabulary.load(tmp_path / "nothing")


def test_text_never_forges_a_special_token() -> None:
    made = text.Vocabulary.of([["<eos>", "a"]])
    assert made.tokens == ("a",) and made.encode(["<eos>", "a"]) == [1, 4]
    bytes_ = text.BytePairs.learn(["<eos>"] * 9, 262, special=["<eos>"])
    assert bytes_.number("<eos>") not in bytes_.encode("<eos>")
    assert bytes_.decode([*bytes_.encode("a"), bytes_.number("<eos>")]) == "a<eos>"


# --- byte pairs --------------------------------------------------------------------------------


def by_the_book(words: list[str], count: int) -> list[tuple[int, int]]:
    """Sennrich's loop, every pair counted anew each time."""
    parts = [[*word.encode()] for word in words]
    merges: list[tuple[int, int]] = []
    while len(merges) < count:
        pairs = Counter(pair for word in parts for pair in pairwise(word))
        if not pairs or max(pairs.values()) < 2:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        for word in parts:
            place = 0
            while place < len(word) - 1:
                if (word[place], word[place + 1]) == best:
                    word[place : place + 2] = [256 + len(merges)]
                place += 1
        merges.append(best)
    return merges


def encoded_by_the_book(word: str, merges: tuple[tuple[int, int], ...]) -> list[int]:
    parts = [*word.encode()]
    for number, merge in enumerate(merges):
        place = 0
        while place < len(parts) - 1:
            if (parts[place], parts[place + 1]) == merge:
                parts[place : place + 2] = [256 + number]
            place += 1
    return parts


@pytest.mark.parametrize("seed", range(8))
def test_merges_are_those_of_the_book(seed: int) -> None:
    rng = random.Random(seed)
    words = ["".join(rng.choices("abé", weights=[4, 2, 1], k=rng.randint(1, 9))) for _ in range(60)]
    # One word a text: a word that follows another would take the space before it along.
    learnt = text.BytePairs.learn(words, 256 + 25)
    assert list(learnt.merges) == by_the_book(words, 25)
    for word in [*words, "aaaaaaa", "abababé"]:
        assert learnt.encode(word) == encoded_by_the_book(word, learnt.merges)


LEARNT = text.BytePairs.learn(["the cat sat on the mat, the hat. 中文 🙂 the"] * 3, 330, special=("<end>",))


@FEW
@given(TEXTS)
@example(f"{FAMILY} \x00\x00  the\r\n\tcat")
def test_any_text_comes_back(given_: str) -> None:
    assert LEARNT.decode(LEARNT.encode(given_)) == given_
    assert text.BytePairs().encode(given_) == [*given_.encode()]


def test_byte_pairs_shorten_what_they_know_and_are_saved(tmp_path: Path) -> None:
    assert len(LEARNT.encode("the cat sat")) < 6 and len(LEARNT) <= 330
    LEARNT.save(tmp_path / "p.json")
    again = text.BytePairs.load(tmp_path / "p.json")
    assert again == LEARNT and again.encode("the hat") == LEARNT.encode("the hat")
    assert LEARNT.decode([0xFF]) == "\ufffd"
    good = json.loads((tmp_path / "p.json").read_text())
    for merges in ([[1]], [[1, 400]], [["a", "b"]], [[1, 2], [1, 2]], [[True, 2]], [[-1, 2]], "x"):
        (tmp_path / "p.json").write_text(json.dumps({**good, "merges": merges}))
        with pytest.raises(WrongInput):
            text.BytePairs.load(tmp_path / "p.json")
    with pytest.raises(WrongInput):
        text.Vocabulary.load(tmp_path / "p.json")


@pytest.mark.parametrize("half", ["\ud83d", "a\udc00b"])
def test_half_a_surrogate_pair_is_refused_plainly(half: str) -> None:
    for act in (LEARNT.encode, lambda value: text.BytePairs.learn([value], 300)):
        with pytest.raises(WrongInput, match="surrogate") as caught:
            act(half)
        assert complete(caught.value) and "U+D" in caught.value.got


# --- bags --------------------------------------------------------------------------------------

WORDS = st.lists(
    st.lists(st.sampled_from(["a", "bb", "Ccc", "dé", "x1", "don_t", "ÉTÉ"]), max_size=9).map(" ".join),
    min_size=1,
    max_size=8,
)
NAMED: Any = {"token_pattern": r"(?u)\b\w+\b"}


def agree(ours: text.Csr, theirs: Any) -> bool:
    theirs.sort_indices()
    assert ours.scipy().has_canonical_format and np.array_equal(ours.scipy().toarray(), ours.dense())
    same = np.array_equal(ours.indices, theirs.indices) and np.array_equal(ours.indptr, theirs.indptr)
    return same and ours.shape == theirs.shape and np.allclose(ours.data, theirs.data, rtol=1e-12, atol=0)


@FEWER
@given(
    WORDS, WORDS, st.integers(1, 3), st.sampled_from([(1, 1), (1, 2), (2, 3)]), st.sampled_from([0.5, 1.0]),
    st.booleans(), st.booleans(), st.sampled_from(["l2", "l1", None]),
)  # fmt: skip
def test_counts_and_tfidf_are_sklearns(
    learnt: list[str], given_: list[str], least: int, lengths: tuple[int, int], share: float, smooth: bool,
    sublinear: bool, norm: Any,
) -> None:  # fmt: skip
    options: Any = {"ngram_range": lengths, "min_df": least, "max_df": share, **NAMED}
    bag = text.Bag(text.Terms(shortest=lengths[0], longest=lengths[1]))
    try:
        peer = CountVectorizer(**options).fit(learnt)
    except ValueError:
        with pytest.raises(WrongInput):
            bag.learn(learnt, min_documents=least, max_share=share)
        return
    bag = bag.learn(learnt, min_documents=least, max_share=share)
    assert list(bag.columns) == list(peer.get_feature_names_out())
    assert agree(bag(given_), peer.transform(given_))
    theirs = TfidfVectorizer(**options, smooth_idf=smooth, sublinear_tf=sublinear, norm=norm).fit(learnt)
    assert agree(text.tfidf(bag, given_, smooth=smooth, sublinear=sublinear, norm=norm), theirs.transform(given_))


def test_the_most_frequent_terms_are_kept_and_ties_go_by_order() -> None:
    documents = ["a a a b b c c", "d b a e"]
    assert text.Bag().learn(documents, max_features=1).columns == ("a",)
    assert text.Bag().learn(documents, max_features=3).columns == ("a", "b", "c")
    assert text.Bag().learn(documents, max_features=4).columns == ("a", "b", "c", "d")


@FEWER
@given(WORDS, st.sampled_from([1, 7, 1024]))
def test_hashed_columns_are_sklearns(given_: list[str], columns: int) -> None:
    peer = HashingVectorizer(n_features=columns, **NAMED)
    theirs = peer.transform(given_)
    theirs.eliminate_zeros()
    assert agree(text.hashed(given_, columns=columns), theirs)


@FEW
@given(st.binary(max_size=40), st.integers(0, 2**32 - 1))
def test_the_hash_is_murmur3(content: bytes, seed: int) -> None:
    assert bags.murmur3(content, seed) == murmurhash3_32(content, seed)


def test_a_bag_is_saved_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "bag.json"
    bag = text.Bag(text.Terms(longest=2)).learn(["a b a", "b c"])
    bag.save(path)
    again = text.Bag.load(path)
    assert again == bag and np.array_equal(text.tfidf(again, ["a b"]).dense(), text.tfidf(bag, ["a b"]).dense())
    good = json.loads(path.read_text())
    for change in ({"columns": ["b", "a"]}, {"holding": [1]}, {"documents": 0}, {"terms": ["words"]},
                   {"holding": [9] * len(bag.columns)}, {"terms": ["eval", [], 1, 1]},
                   {"terms": ["words", ["x"], 1, 1]}):  # fmt: skip
        path.write_text(json.dumps({**good, **change}))
        with pytest.raises(WrongInput):
            text.Bag.load(path)
    with pytest.raises(WrongInput, match="name"):
        text.Bag(text.Terms(split=str.split)).learn(["a"]).save(path)
    counted = text.Bag(text.Terms(split=str.split, steps=())).learn(["A, b"])
    assert counted.columns == ("A,", "b")


# --- batches -----------------------------------------------------------------------------------

ROWS = st.lists(st.lists(st.integers(1, 9), max_size=7), min_size=1, max_size=9)


@FEW
@given(ROWS, st.one_of(st.none(), st.integers(1, 6)), st.sampled_from(["left", "right"]),
       st.sampled_from(["left", "right", "middle"]))  # fmt: skip
def test_padding(rows: list[list[int]], length: int | None, side: Any, cut: Any) -> None:
    found = text.pad(rows, length, side=side, cut=cut, value=-1)
    wide = max(map(len, rows)) if length is None else length
    assert found.ids.shape == found.mask.shape == (len(rows), wide)
    for row, ids, mask, size in zip(rows, found.ids, found.mask, found.lengths, strict=True):
        kept = row
        if len(row) > wide:
            first = (wide + 1) // 2
            kept = {"right": row[:wide], "left": row[-wide:], "middle": row[:first] + row[len(row) - wide + first :]}[
                cut
            ]
        space = [-1] * (wide - len(kept))
        assert ids.tolist() == (kept + space if side == "right" else space + kept)
        assert mask.tolist() == (ids != -1).tolist() and size == len(kept)


@FEW
@given(
    st.lists(st.integers(0, 40), max_size=200), st.one_of(st.none(), st.integers(1, 9)),
    st.one_of(st.none(), st.integers(40, 120)), st.booleans(), st.integers(0, 3),
)  # fmt: skip
def test_batches_hold_every_row_once_within_the_limits(
    lengths: list[int], size: int | None, most: int | None, shuffle: bool, epoch: int
) -> None:
    if size is None and most is None:
        size = 4
    options: Any = {"size": size, "max_tokens": most, "seed": 3, "epoch": epoch, "shuffle": shuffle}
    found = list(text.batches(lengths, **options))
    assert sorted(row for batch in found for row in batch.tolist()) == list(range(len(lengths)))
    for batch in found:
        assert 0 < len(batch) <= (size or len(lengths))
        assert most is None or max(lengths[row] for row in batch) * len(batch) <= most
    again = list(text.batches(lengths, **options))
    assert all(np.array_equal(one, other) for one, other in zip(found, again, strict=True))


def test_batches_waste_little_and_change_with_the_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 200, 5000)
    found = list(text.batches(lengths, 32, seed=1))
    padded = sum(int(lengths[batch].max()) * len(batch) for batch in found)
    assert padded < 1.05 * lengths.sum()
    other = list(text.batches(lengths, 32, seed=1, epoch=1))
    assert any(not np.array_equal(a, b) for a, b in zip(found, other, strict=False))
    means = [lengths[batch].mean() for batch in found]
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3, "batches come in order of their length"


# --- near duplicates ---------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.5, 0.8, 1.0])
def test_near_duplicates_are_all_pairs_above_the_threshold(threshold: float) -> None:
    found_of, wanted_of = 0, 0
    for seed in range(10):
        rng = random.Random(seed)
        texts = [" ".join(rng.choices("abcdefghijklmnop", k=40)) for _ in range(12)]
        for base in range(8):
            words = texts[base].split()
            for _ in range(rng.randint(0, 5)):
                words[rng.randrange(40)] = "z"
            texts.append(", ".join(words).upper())
        texts += ["", "!?"]
        sets = [duplicates._shingles(each, 3) for each in texts]
        wanted = {
            (a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b])
            for a, b in combinations(range(len(texts)), 2)
            if sets[a] and sets[b] and len(sets[a] & sets[b]) >= threshold * len(sets[a] | sets[b])
        }
        found = {(each.first, each.second): each.share for each in text.near_duplicates(texts, threshold, seed=seed)}
        assert found.items() <= wanted.items(), "a pair that is not alike"
        found_of, wanted_of = found_of + len(found), wanted_of + len(wanted)
    assert wanted_of > 10 and found_of >= 0.99 * wanted_of


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda: text.clean(b"abc"),  # type: ignore[arg-type]
        lambda: text.clean(None),  # type: ignore[arg-type]
        lambda: text.clean(float("nan")),  # type: ignore[arg-type]
        lambda: text.clean("a", ["spces"]),
        lambda: text.words(3),  # type: ignore[arg-type]
        lambda: text.ngrams([], 0, ""),
        lambda: text.streamed(["a"], "wrds"),
        lambda: text.count(["abc"]),
        lambda: text.Vocabulary.of([["a"]], min_count=0),
        lambda: text.Vocabulary.of([["a"]], max_size=4),
        lambda: text.Vocabulary(("a", "")),
        lambda: text.Vocabulary(("a",)).encode(["a"], unknown="no"),  # type: ignore[arg-type]
        lambda: text.Vocabulary(("alpha",)).encode(["alpa"], unknown="error"),
        lambda: text.Vocabulary(("a",)).decode([5]),
        lambda: text.Vocabulary(("a",)).decode([-1]),
        lambda: text.Vocabulary(("a",), ()).encode(["b"]),
        lambda: text.BytePairs.learn("abc", 300),
        lambda: text.BytePairs.learn(["abc"], 200),
        lambda: LEARNT.decode([10_000]),
        lambda: LEARNT.number("<eos>"),
        lambda: text.Bag().learn([]),
        lambda: text.Bag().learn("abc"),
        lambda: text.Bag().learn(["", "!"]),
        lambda: text.Bag().learn(["a", None]),  # type: ignore[list-item]
        lambda: text.Bag().learn(["a"], max_share=0),
        lambda: text.Bag()(["a"]),
        lambda: text.Terms(shortest=2, longest=1),
        lambda: text.Terms(split="letters"),
        lambda: text.tfidf(text.Bag().learn(["a"]), ["a"], norm="max"),  # type: ignore[arg-type]
        lambda: text.hashed(["a"], columns=0),
        lambda: text.pad([]),
        lambda: text.pad([[1]], 0),
        lambda: text.pad([[1]], side="top"),  # type: ignore[arg-type]
        lambda: text.pad([[[1]]]),  # type: ignore[list-item]
        lambda: text.batches([1, 2]),
        lambda: text.batches([1, 9], max_tokens=5),
        lambda: text.batches([1.5], 2),
        lambda: text.batches([-1], 2),
        lambda: text.batches([1], 2, seed=-1),
        lambda: text.near_duplicates(["a"], 0),
        lambda: text.near_duplicates("abc"),
    ],
)
def test_wrong_input_is_named(act: Callable[[], object]) -> None:
    with pytest.raises(WrongInput) as caught:
        act()
    assert caught.value.subject and caught.value.got and caught.value.expected


def test_too_much_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning.checked, "__defaults__", ("text", 100))
    monkeypatch.setattr("castalia.kit.text.vocabulary.MAX_TYPES", 5)
    monkeypatch.setattr("castalia.kit.text.duplicates.MAX_PAIRS", 10)
    wide = text.Csr(np.zeros(0), np.zeros(0, np.int64), np.zeros(2, np.int64), (1, 10**10))
    acts: list[Callable[[], object]] = [
        lambda: text.clean("a" * 101), lambda: text.words("a" * 101), lambda: LEARNT.encode("a" * 101), wide.dense,
        lambda: text.count([map(str, range(9))]), lambda: text.near_duplicates(["same text here"] * 9),
        lambda: text.pad([[1]], 10**9),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(TooLarge) as caught:
            act()
        assert complete(caught.value)


def test_the_import_is_light() -> None:
    code = "import sys, castalia.kit.text; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded and not {"sklearn", "scipy", "torch", "pandas"} & set(loaded)


@pytest.mark.parametrize("copies", quick_first([900, 2300], 1))
def test_exact_copies_are_found_and_not_refused(copies: int) -> None:
    found = text.near_duplicates(
        ["one two three four five"] * copies + ["One, two three four five six!", "else", "", ""], 0.5
    )
    assert len(found) == copies * (copies - 1) // 2 + copies and found == sorted(found)
    assert sum(each.share == 1 for each in found) == copies * (copies - 1) // 2
    assert found[0] == (0, 1, 1.0) and found[copies - 1] == (0, copies, 0.75)


def test_a_folder_is_no_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="cannot be read"):
        text.Vocabulary.load(tmp_path)

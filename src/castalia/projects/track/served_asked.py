"""M5: what is asked of the server."""

from __future__ import annotations

import math
from functools import partial

from castalia.projects.track import asking
from castalia.projects.track import served_held as p

HTTP = {"to07": 1.0}
claim = partial(asking.claim, needs=frozenset({"children", "loopback", "files"}), at="main", cases=1, budget=10.0)
CLAIMS = (
    claim(
        "goes_in_and_comes_out", "A run and its points that were posted are answered, exactly, in JSON.", HTTP,
        holds=p.goes_in_and_comes_out, make=p.points, sizes=(4,), hints=(
            "Which of the points that you keep can JSON not say?",
            "Post NaN as the text NaN, and a metric that is called a/b; then get both.",
            "One place that turns a float into JSON, one that turns it back; unquote() after the path was split."),
        edges=(lambda: ("x", {}, [[1, "a/b c", math.nan], [2, "a/b c", math.inf], [3, "a/b c", -math.inf]]),),
    ),
    claim(
        "pages_come", "Pages of GET /runs have every run once; a limit or a before that does not fit is 422.", HTTP,
        holds=p.pages_come, make=lambda rng, size: (2 * size + 1, size), sizes=(3,), hints=(
            "What comes as a text, and should be a whole number?",
            "Ask for limit=0, limit=x and limit= with nothing behind it.",
            "Look at each field of the query before the tracker is asked; search does the pages already."),
    ),
    claim(
        "wrong_is_refused", "A body that does not fit is 422 and names the field; nothing of it is kept.", HTTP,
        holds=p.wrong_is_refused, make=lambda rng, size: (f"run {size}",), sizes=(1,), hints=(
            "Somebody writes nmae in place of name. What do they get?",
            "Send no JSON, a list, a number for a name, a point of two. Which of them are 500, and which 201?",
            "Check kind and fields before the tracker is asked, and turn its ValueError into 422 in one place."),
    ),
    claim(
        "not_there_is_404", "A run or a path that is not there is 404, in JSON.", HTTP,
        holds=p.not_there_is_404, make=lambda rng, size: (int(rng.integers(5, 10**6)),), sizes=(1,), hints=(
            "Who raises when there is no run 7, and who turns that into an answer?",
            "Ask for run 0, for run 10**21, and for a path with one part too many.",
            "One place that turns KeyError into 404; a path has to fit as a whole."),
    ),
    claim(
        "page_lists_runs", "GET / is an HTML page with number, name and status of the runs; a name is only text.", HTTP,
        holds=p.page_lists_runs, make=lambda rng, size: (f"run {size} ü",), sizes=(1,), hints=(
            "Who chooses the names that your page shows?",
            "Begin a run that is called <marquee>. What is on the page?",
            "html.escape() for every text that comes from a run, and the content type with its charset."),
    ),
    claim(
        "it_is_described", "GET /openapi.json describes the paths and methods that there are.", HTTP,
        holds=p.it_is_described, make=lambda rng, size: (size,), sizes=(1,), hints=(
            "How does somebody who writes a client learn what your server takes?",
            "Does the description come from the same table as the routing?",
            "openapi, info and paths; a path has its methods in small letters, and each of them its responses."),
    ),
    claim(
        "answered_is_kept", "What was answered with 201 is there after kill -9 of the server.",
        {"to07": 0.5, "sq01": 0.5}, holds=p.answered_is_kept, make=lambda rng, size: (size, 0), sizes=(2,), hints=(
            "What does 201 promise?", "In what order do you answer and write?",
            "Commit first; answer after that."),
    ),
    claim(
        "many_at_once", "Of many requests at once every one is answered and kept.",
        {"to07": 0.5, "py06": 0.5}, holds=p.many_at_once, make=lambda rng, size: (60, size), sizes=(1,), hints=(
            "Which thread opened the connection that you use in this one?",
            "Send eight requests at once. What does the server print?",
            "A tracker for each request, or for each thread; SQLite lets the writers wait for each other."),
    ),
)  # fmt: skip

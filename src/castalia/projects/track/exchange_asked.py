"""M3: what is asked of comparing, exporting and importing."""

from __future__ import annotations

from castalia.projects.track import exchange_held as p
from castalia.projects.track.asking import claim

VERSIONS = {"mo07": 1.0}
CLAIMS = (
    claim(
        "differs", "compare tells exactly the params that are not the same, by value and type, and who has none.",
        VERSIONS, "compare", p.differs,
        ("Of two runs one has no param called seed. Are they the same?",
         "Compare 1 with True, 1 with 1.0, None with nothing at all, NaN with NaN.",
         "Go through the names of both; leave out the side that has none; compare types as well."),
        p.two_params, cases=4, edges=(
            lambda: ({"x": None}, {}), lambda: ({}, {"x": None, "y": 1}), lambda: ({"x": 1}, {"x": True}),
            lambda: ({"x": 1, "y": "True", "z": None}, {"x": "1", "y": True, "z": "None"}),
            lambda: ({"x": 1, "y": 0}, {"x": 1.0, "y": False}), lambda: ({"x": float("nan")}, {"x": float("nan")}),
            lambda: ({"x": float("nan")}, {"x": 0.5}),
        ),
    ),
    claim(
        "run_comes_back", "What export_run has written, import_run reads: the same run, and the same bytes once more.",
        VERSIONS, "import_run", p.run_comes_back,
        ("Which of your values does JSON not have?",
         "Export a run with NaN among its values and its params, one with the text 'NaN', one with ü; look at the "
         "file. "
         "What comes back as text, or not at all?",
         "json.dumps has allow_nan; write those floats in a form of your own, and the names in one order."), p.told,
        cases=4, edges=(
            lambda: ("x", {"nan": float("nan"), "text": "NaN", "inf": "Infinity"}, {}, [(1, "m", float("nan"))],
            "done"),
            lambda: ("x", {"low": float("-inf"), "text": "-Infinity"}, {}, [(1, "m", float("-inf"))], "failed"),
            lambda: ("x", {}, {}, [], "running"),
        ),
    ),
    claim(
        "import_refuses", "import_run of what export_run did not write raises ValueError, and begins no run.",
        VERSIONS, "import_run", p.import_refuses,
        ("A file was cut off while it was copied. How much of the run should be there?",
         "Does your import write while it is still reading?",
         "Read and look at all of it, then write it in one transaction; say in the file what it is."),
        lambda rng, size: (float(rng.random()), f"x{size}"), cases=2, sizes=(1, 2),
    ),
    claim(
        "csv_comes_back", "What export_csv has written, import_csv reads: the same points, and the same bytes.",
        VERSIONS, "import_csv", p.csv_comes_back,
        ("How many digits does a float need, to come back as the same one?",
         "Export a metric with a comma, a quote and a line break in its name; and 0.1, 1e308, NaN.",
         "repr() of a float, the csv module on both ways, newline='' in open(), rows in a stated order."), p.told,
        cases=4, edges=(
            lambda: ("x", {}, {}, [(1, "a\nb", 0.1), (2, 'c"d\r\ne', float("nan")), (-3, "e,f", float("-inf"))],
            "done"),
            lambda: ("x", {}, {}, [(1, "日本", 0.1 + 0.2), (1, "ü", 1e-300)], "done"),
            lambda: ("x", {}, {}, [], "done"),
        ),
    ),
    claim(
        "csv_refuses", "A line that does not fit raises ValueError, which names it; and no run is begun.",
        VERSIONS, "import_csv", p.csv_refuses,
        ("Which line would you like to be told, of a file of a million?",
         "A field of two lines moves all rows after it: who counts lines, and who counts rows?",
         "csv.reader has line_num; collect the points first, and begin the run when all of them fit."),
        lambda rng, size: (int(rng.integers(size + 1)), size), cases=2, sizes=(1, 5),
    ),
)  # fmt: skip

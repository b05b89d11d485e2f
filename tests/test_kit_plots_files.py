"""kit.plots as files: the same bytes for the same data, no display, nobody's settings touched, and inside the page."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_kit_plots import every

from castalia.core.errors import Unavailable, WrongInput
from castalia.kit import plots

matplotlib = pytest.importorskip("matplotlib")


def pixels(plot: plots.Plot, folder: Path, theme: str) -> Any:
    from PIL import Image

    return np.asarray(Image.open(plot.save(folder / f"{theme}.png", theme, dpi=60)).convert("RGB")).astype(int)


@pytest.mark.parametrize("name", every())
def test_every_plot_becomes_a_picture_in_both_themes(name: str, tmp_path: Path) -> None:
    plot = every()[name]()
    light, dark = pixels(plot, tmp_path, "light"), pixels(plot, tmp_path, "dark")
    assert light[0, 0].tolist() == [255, 255, 255] and dark[0, 0].tolist() == [0x17, 0x1B, 0x1C]
    for drawn in (light, dark):
        ink = np.abs(drawn - drawn[0, 0]).sum(axis=2) > 40
        assert 0.005 < ink.mean() < 0.9
        assert not ink[:, -1].any() and not ink[-1].any() and not ink[:, 0].any(), "nothing runs over the edge"


def test_svg_is_the_same_bytes_and_says_what_is_seen(tmp_path: Path) -> None:
    plot = every()["roc"]()
    first = plot.save(tmp_path / "a.svg").read_bytes()
    code = (
        "import sys; sys.path.insert(0, 'tests'); from test_kit_plots import every;"
        f"every()['roc']().save({str(tmp_path / 'b.svg')!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
    assert (tmp_path / "b.svg").read_bytes() == first, "another process, another hash seed, another second"
    tree = ET.fromstring(first)
    assert tree.tag.endswith("svg")
    assert plot.alt.split(".")[0] in "".join(tree.itertext())
    for kind in ("png", "pdf"):
        one, other = (plot.save(tmp_path / f"{n}.{kind}").read_bytes() for n in "ab")
        assert one == other
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_nobodys_settings_are_used_or_changed(tmp_path: Path) -> None:
    code = f"""
import sys
import matplotlib
from castalia.kit import plots
plot = plots.learning_curves({{"loss": [1.0, 0.5]}})
one = plot.save({str(tmp_path / "a.svg")!r}).read_bytes()
matplotlib.rcParams["xtick.major.size"] = 31
matplotlib.rcParams["axes.facecolor"] = "pink"
raw = lambda: {{name: dict.get(matplotlib.rcParams, name) for name in matplotlib.rcParams}}  # asking resolves a backend
before = raw()
assert plot.save({str(tmp_path / "b.svg")!r}).read_bytes() == one
assert raw() == before
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_matplotlib_and_plotly_are_imported_on_use_alone() -> None:
    code = """
import sys
from castalia.kit import plots
plot = plots.roc([0, 1, 0, 1], [0.1, 0.4, 0.3, 0.9], draws=100)
plot.plotly(), plot.csv()
assert not {"matplotlib", "plotly", "pydantic", "PIL"} & set(sys.modules), sorted(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_matplotlib_the_pip_line_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(Unavailable) as caught:
        plots.learning_curves({"loss": [1.0]}).save(tmp_path / "a.png")
    assert caught.value.cure == "pip install 'castalia[plots]'"


def test_a_notebook_shows_it() -> None:
    from PIL import Image

    plot = every()["importance"]()
    assert not hasattr(plot, "_repr_png_"), "a notebook would draw and keep it twice"
    shown = plot._repr_html_()
    Image.open(io.BytesIO(base64.b64decode(shown.split("base64,")[1].split('"')[0]))).verify()
    tree = ET.fromstring(shown + "</img>")
    assert tree.attrib["alt"] == plot.alt and tree.attrib["src"].startswith("data:image/png;base64,")


def test_files_that_cannot_be(tmp_path: Path) -> None:
    plot = every()["one point"]()
    for wrong in (
        lambda: plot.save(tmp_path / "a.jpg"),
        lambda: plot.save(tmp_path / "a"),
        lambda: plot.save(tmp_path / "a.png", "blue"),
        lambda: plot.save(tmp_path / "a.png", width=0.1),
        lambda: plot.save(tmp_path / "a.png", dpi=10_000),
    ):
        with pytest.raises(WrongInput) as caught:
            wrong()
        assert caught.value.got and caught.value.expected
    with pytest.raises(Unavailable, match="not written"):
        plot.save(tmp_path / "none" / "a.png")
    assert list(tmp_path.iterdir()) == []

"""Data sets by name: the registry, where files are looked for, the original formats, what is refused."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from castalia import data
from castalia.core.errors import NotFound, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.data import finding, loaders
from castalia.data.library import Library, digest_of
from castalia.data.sources import Source, SourceFile, read_registry, registry

FOLDERS = Settings.read().data
NEEDED = {
    "telco": "telco_churn/Telco-Customer-Churn.csv",
    "adult": "adult/adult.data",
    "mnist": "mnist/train-images-idx3-ubyte",
    "fashion-mnist": "fashion-mnist/train-images-idx3-ubyte",
}


def real(name):
    """The real set, or a skip where CASTALIA_DATA does not hold it."""
    for folder in FOLDERS:
        if any((folder / (NEEDED[name] + end)).is_file() for end in ("", ".gz")):
            return Library(Settings(home=Path("/nonexistent"), data=FOLDERS, offline=True)).open(name)
    pytest.skip(f"CASTALIA_DATA does not hold {NEEDED[name]}")


def offline(tmp_path, *folders, sources=None):
    return Library(Settings(home=tmp_path / "home", data=folders, offline=True), sources)


# --- the registry ---------------------------------------------------------------------------------


def test_the_registry_is_complete_and_says_whose_the_data_is():
    assert set(registry()) == {
        "telco", "adult", "mnist", "fashion-mnist", "digits", "iris", "wine", "breast-cancer", "diabetes",
    }  # fmt: skip
    for source in registry().values():
        assert source.title and source.licence and source.credit and source.about and source.page.startswith("http")
        assert source.target and source.kind in ("table", "images") and not source.research_only
        for file in source.files:
            assert set(file.sha256) <= set("0123456789abcdef")
            assert source.package or file.urls, "every set can be had somewhere"


def test_a_slip_in_a_registry_is_found(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text('[x]\ntitle="x"\nkind="table"\nrows=1\nloader="delimited"\nlicence="?"\nlicense="?"\nfiles=[]')
    with pytest.raises(AssertionError, match="license"):
        read_registry(path)


def test_importing_and_listing_stay_light(tmp_path):
    """The list of data sets opens no array library beyond NumPy and connects to nothing."""
    program = (
        "import sys; import castalia.data as d; early = 'numpy' in sys.modules; d.known();"
        "heavy = {'pandas', 'polars', 'pyarrow', 'sklearn', 'scipy', 'fastapi', 'PIL'} & set(sys.modules);"
        "print(early, sorted(heavy))"
    )
    env = {**os.environ, "CASTALIA_HOME": str(tmp_path)}
    out = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False []"
    assert list(tmp_path.iterdir()) == []


# --- shipped --------------------------------------------------------------------------------------


def test_digits_need_no_data_and_no_network(tmp_path):
    digits = offline(tmp_path).open("digits")
    arrays = digits.arrays()
    assert (digits.where, digits.version, digits.peak, len(digits)) == ("shipped", 1, 16, 1797)
    assert arrays["train_images"].shape == (1797, 8, 8) and arrays["train_images"].dtype == np.uint8
    assert arrays["train_images"].max() == 16
    assert np.bincount(arrays["train_labels"]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert "test_images" not in arrays
    assert not (tmp_path / "home").exists()


def test_digits_are_scikit_learns_and_credited(tmp_path):
    datasets = pytest.importorskip("sklearn.datasets")
    arrays = offline(tmp_path).open("digits").arrays()
    theirs = datasets.load_digits()
    np.testing.assert_array_equal(arrays["train_images"], theirs.images)
    np.testing.assert_array_equal(arrays["train_labels"], theirs.target)
    folder = finding.package_folder(registry()["digits"].package)
    credit = (folder / "CREDIT").read_text()
    assert "Alpaydin" in credit and "CC BY 4.0" in credit and registry()["digits"].files[0].sha256 in credit


@pytest.mark.parametrize("name", ["iris", "wine", "breast-cancer", "diabetes"])
def test_scikit_learns_small_sets_are_read_without_it(tmp_path, name):
    datasets = pytest.importorskip("sklearn.datasets")
    opened = offline(tmp_path).open(name)
    table = opened.table()
    if name == "diabetes":
        theirs = datasets.load_diabetes(scaled=False)
        target = theirs.target
    else:
        theirs = getattr(datasets, "load_" + name.replace("-", "_"))()
        target = np.array(theirs.target_names)[theirs.target]
    features = [column for column in table if column != opened.target]
    assert [f.replace("_", " ") for f in features] == [str(f).replace("_", " ") for f in theirs.feature_names]
    np.testing.assert_array_equal(np.column_stack([table[f] for f in features]), theirs.data)
    assert table[opened.target].tolist() == target.tolist()
    assert len(opened) == registry()[name].rows == len(theirs.data)


def test_a_missing_extra_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(finding, "package_folder", lambda place: None)
    with pytest.raises(Unavailable, match=r"pip install 'castalia\[classical\]'"):
        offline(tmp_path).open("iris")


# --- the original formats -------------------------------------------------------------------------


def test_telco():
    telco = real("telco")
    table, columns = telco.table(), {c.name: c for c in telco.columns}
    assert len(telco) == 7043 and len(columns) == 21 and telco.target == "Churn"
    blank = np.isnan(table["TotalCharges"])
    assert blank.sum() == 11 and (table["tenure"][blank] == 0).all()
    assert columns["TotalCharges"].kind == "number" and not columns["TotalCharges"].required
    assert columns["customerID"].kind == "text"
    assert columns["Contract"].choices == ("Month-to-month", "One year", "Two year")
    assert (table["Churn"] == "Yes").sum() == 1869
    assert table["MonthlyCharges"].dtype == np.float64 and table["Churn"].dtype == object


def test_adult():
    adult = real("adult")
    table, columns = adult.table(), {c.name: c for c in adult.columns}
    train, test = adult.official_split
    assert (len(train), len(test), len(adult)) == (32561, 16281, 48842)
    assert train[-1] + 1 == test[0]
    assert set(table["income"]) == {"<=50K", ">50K"}
    assert [(table["income"][part] == ">50K").sum() for part in (train, test)] == [7841, 3846]
    missing = {name: sum(v is None for v in table[name]) for name in ("workclass", "occupation", "native-country")}
    assert missing == {"workclass": 2799, "occupation": 2809, "native-country": 857}
    assert columns["age"].kind == "integer" and columns["age"].minimum == 17
    assert "State-gov" in columns["workclass"].choices and "?" not in columns["workclass"].choices


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_idx_sets(name):
    opened = real(name)
    arrays = opened.arrays()
    assert {k: v.shape for k, v in arrays.items()} == {
        "train_images": (60000, 28, 28), "train_labels": (60000,),
        "test_images": (10000, 28, 28), "test_labels": (10000,),
    }  # fmt: skip
    assert len(opened) == 70000 and len(opened.classes) == 10 and opened.peak == 255
    if name == "mnist":
        assert arrays["train_labels"][:5].tolist() == [5, 0, 4, 1, 9]
        assert np.bincount(arrays["test_labels"]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
        assert round(float(arrays["train_images"].mean()), 4) == 33.3184
    else:
        assert np.bincount(arrays["test_labels"]).tolist() == [1000] * 10
        assert opened.classes[arrays["train_labels"][0]] == "Ankle boot"


def idx_bytes(*shape, kind=8, extra=0):
    size = int(np.prod(shape)) + extra
    return (
        bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + bytes(i % 256 for i in range(size))
    )


def test_idx_headers_are_checked_before_memory_is_asked_for():
    made = loaders.idx("x", idx_bytes(2, 3, 4))
    assert made.shape == (2, 3, 4) and made.ravel().tolist() == list(range(24))
    made[0] = 0  # the array is the caller's own
    huge = bytes([0, 0, 8, 3]) + b"\xff" * 12
    for bad in (b"", idx_bytes(2, 3)[:-1], idx_bytes(2, 3, extra=1), idx_bytes(2, kind=13), idx_bytes(2)[:6], huge):
        with pytest.raises(WrongInput, match=r"idx|cut or changed"):
            loaders.idx("x", bad)


def test_images_and_tables_are_not_confused(tmp_path):
    lib = offline(tmp_path)
    with pytest.raises(WrongInput, match="arrays"):
        lib.open("digits").table()
    if finding.package_folder("sklearn/datasets/data"):
        with pytest.raises(WrongInput, match="table"):
            lib.open("iris").arrays()


# --- where files are looked for -------------------------------------------------------------------

TOY = b"x,y\n1,a\n2,b\n"


def source(name="toy", content=TOY, file="toy.csv", **more):
    files = (SourceFile(file, len(content), hashlib.sha256(content).hexdigest()),)
    return Source(name, name, "table", 2, "delimited", "CC0", files, **more)


@pytest.mark.parametrize("place", ["toys/toy.csv", "toys/toy.csv.gz", "toy.csv", "toy.csv.gz"])
def test_a_folder_may_be_laid_out_by_set_or_flat(tmp_path, place):
    path = tmp_path / "data" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(TOY) if place.endswith(".gz") else TOY)
    lib = offline(tmp_path, tmp_path / "none", tmp_path / "data", sources={"toy": source(folder="toys")})
    assert lib.known()[0].where == "folder"
    opened = lib.open("toy")
    assert opened.where == "folder" and opened.table()["x"].tolist() == [1, 2]
    assert opened.digest == hashlib.sha256(TOY).hexdigest()


@pytest.mark.parametrize(
    ("spoil", "got"),
    [
        (lambda raw: raw[:-3], "is damaged"),
        (lambda raw: gzip.compress(TOY[:-2]), hashlib.sha256(TOY[:-2]).hexdigest()),
        (lambda raw: gzip.compress(TOY.replace(b"2", b"3")), hashlib.sha256(TOY.replace(b"2", b"3")).hexdigest()),
        (lambda raw: gzip.compress(TOY + b"3,c\n"), "more than 12 bytes"),
        (lambda raw: gzip.compress(b"\0" * (30 << 20)), "more than 12 bytes"),
        (lambda raw: b"", hashlib.sha256(b"").hexdigest()),
    ],
    ids=["cut", "shortened", "altered", "lengthened", "bomb", "empty"],
)
def test_a_cut_or_altered_file_is_refused_by_name(tmp_path, spoil, got):
    path = tmp_path / "data/toy/toy.csv.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(spoil(gzip.compress(TOY)))
    with pytest.raises(WrongInput, match=r"toy: toy\.csv") as caught:
        offline(tmp_path, tmp_path / "data", sources={"toy": source()}).open("toy")
    assert got in str(caught.value)
    assert "damaged" in got or hashlib.sha256(TOY).hexdigest() in caught.value.expected
    assert str(tmp_path) not in str(caught.value)


def test_sets_whose_files_have_one_name_are_told_apart_in_a_flat_folder(tmp_path):
    other = TOY.replace(b"a", b"z")
    sources = {"toy": source(), "other": source("other", other)}
    (tmp_path / "toy.csv").write_bytes(other)
    lib = offline(tmp_path, tmp_path, sources=sources)
    assert {e.name: e.where for e in lib.known()} == {"toy": "remote", "other": "folder"}
    assert lib.open("other").table()["y"].tolist() == ["z", "b"]
    with pytest.raises(Unavailable, match="not here"):
        lib.open("toy")


def test_the_digest_of_a_set_of_several_files_is_that_of_their_list():
    mnist = registry()["mnist"]
    listing = "".join(f"{f.sha256}  {f.name}\n" for f in mnist.files)
    assert digest_of(mnist) == hashlib.sha256(listing.encode()).hexdigest()
    assert digest_of(registry()["telco"]) == registry()["telco"].files[0].sha256


def test_what_is_nowhere_is_said_with_the_cure(tmp_path):
    with pytest.raises(Unavailable, match="CASTALIA_OFFLINE") as caught:
        offline(tmp_path).open("telco")
    assert "castalia data fetch telco" in caught.value.cure
    assert not (tmp_path / "home/data/cache/telco/Telco-Customer-Churn.csv").exists()


# --- names and paths ------------------------------------------------------------------------------


def test_a_near_miss_is_suggested(tmp_path):
    with pytest.raises(NotFound, match="Did you mean 'telco'"):
        offline(tmp_path).open("telko")
    with pytest.raises(NotFound, match="one version"):
        offline(tmp_path).open("digits@2")
    assert offline(tmp_path).open("digits@1").version == 1


@pytest.mark.parametrize(
    "ref", ["", "../x", "/etc/passwd", "a/b", "Telco", "x@", "x@0", "x@-1", "x@1e9", "x" * 65, "a\0b"]
)
def test_a_str_is_only_ever_a_name(tmp_path, ref):
    with pytest.raises(WrongInput, match="not the name"):
        offline(tmp_path).open(ref)


def test_a_path_object_opens_a_file(tmp_path):
    path = tmp_path / "My File.csv"
    path.write_bytes(TOY)
    opened = offline(tmp_path).open(path)
    assert (opened.name, opened.version, opened.where, opened.target) == ("my-file", None, "path", None)
    assert opened.table()["y"].tolist() == ["a", "b"] and opened.digest == hashlib.sha256(TOY).hexdigest()
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(TOY))
    assert offline(tmp_path).open(packed).digest == opened.digest
    with pytest.raises(NotFound, match="There is no file"):
        offline(tmp_path).open(tmp_path / "none.csv")


def test_the_functions_read_the_environment_each_time(tmp_path, monkeypatch):
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CASTALIA_DATA", "")
    path = tmp_path / "mine.csv"
    path.write_bytes(TOY)
    assert data.add(path).version == 1
    assert data.open("mine").table()["x"].tolist() == [1, 2]
    assert data.known()[-1].name == "mine" and data.fetch("mine").where == "added"
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "other"))
    assert "mine" not in [entry.name for entry in data.known()]


def test_telco_is_the_same_from_a_flat_folder_and_unpacked(tmp_path):
    real("telco")
    packed = next(p for f in FOLDERS for p in (f / "telco_churn").glob("Telco-Customer-Churn.csv*"))
    if packed.suffix == ".gz":
        (tmp_path / "Telco-Customer-Churn.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    else:
        shutil.copy(packed, tmp_path)
    assert len(offline(tmp_path, tmp_path).open("telco")) == 7043


# --- pinning --------------------------------------------------------------------------------------


def test_pin_names_the_version_without_reading_it(tmp_path, monkeypatch):
    lib = offline(tmp_path)
    table = tmp_path / "mine.csv"
    for content in ("a,b\n1,2\n", "a,b\n3,4\n"):
        table.write_text(content)
        made = lib.add(table, "mine")
    monkeypatch.setattr(finding, "read", lambda *_: pytest.fail("it was read"))
    assert lib.pin("mine")[:3] == ("mine", 2, made.digest) and lib.pin("mine").added
    assert lib.pin("mine@1").version == 1
    digits = lib.pin("digits")
    assert (digits.version, digits.digest, digits.added) == (1, digest_of(registry()["digits"]), False)


def test_pin_does_not_download_and_says_what_offline_means(tmp_path):
    online = Library(Settings(home=tmp_path / "home"))
    assert online.pin("mnist").digest == digest_of(registry()["mnist"])
    with pytest.raises(Unavailable, match="CASTALIA_OFFLINE"):
        offline(tmp_path).pin("mnist")
    with pytest.raises(NotFound, match="telco"):
        offline(tmp_path).pin("telko")

"""The output of a job read piece by piece while it grows and while its middle is left out."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from castalia.jobs.log import CappedLog
from castalia.jobs.output import output


@pytest.mark.parametrize("often", [0.2, 0.002])
def test_what_is_printed_while_one_reads_is_read_once_and_in_order(tmp_path: Path, often: float) -> None:
    """An independent oracle: all that was printed, of which each answer must be the part its places name."""
    rng = random.Random(7)
    path, printed, heard, place = tmp_path / "output.log", b"", b"", 0
    log = CappedLog(path, 1 << 14)
    for _ in range(1500):
        piece = bytes(rng.choices(b"abc \n", weights=[9, 9, 9, 3, 1], k=rng.randrange(1, 90)))
        log.write(piece)
        printed += piece
        if rng.random() < often:
            most = rng.choice((64, 1000, 1 << 20))
            said = output(path, place, most)
            assert output(path, place, most, cap=1 << 14) == said, "read in parts it is the same"
            assert output(path, None, most, cap=1 << 14) == output(path, None, most)
            text = said["text"].encode()
            assert said["start"] >= place and said["size"] == len(printed)
            assert printed[said["start"] : said["start"] + len(text)] == text
            if said["start"] > place:
                assert said["left_out"][0] <= place and said["left_out"][1] == said["start"]
            heard += text
            if said["next"] < said["size"] and not text:
                assert b"\n" not in printed[said["next"] :]
                assert said["drawing"] == printed[said["next"] :].decode()[:500]
            place = said["next"]
    log.close()
    while (said := output(path, place, over=True))["text"]:
        heard, place = heard + said["text"].encode(), said["next"]
    assert place == len(printed) and said["drawing"] == ""
    assert heard.endswith(printed[-3000:]) and (heard == printed) is (often == 0.2)


def test_the_end_is_shown_first_and_the_beginning_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"".join(b"line %04d\n" % i for i in range(1000)) + b"half")
    said = output(path, most=100)
    assert said["text"].splitlines() == [f"line {i:04d}" for i in range(991, 1000)] and said["drawing"] == "half"
    assert said["next"] == 10_000 and said["size"] == 10_004 and said["left_out"] is None
    early = output(path, 0, most=25)
    assert early["text"] == "line 0000\nline 0001\n" and early["next"] == 20 and early["drawing"] == ""
    assert output(path, 10_000, over=True)["text"] == "half"
    assert output(path, 10**12)["text"] == ""
    assert output(tmp_path / "none") == {"text": "", "start": 0, "next": 0, "size": 0, "left_out": None, "drawing": ""}


def test_lines_are_as_a_terminal_shows_them_at_last(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    bar = b"\r  1%|#\r 50%|##\r100%|###\r\n"
    path.write_bytes(b"\x1b[31mred\x1b[0m \xff\n" + bar + "\u202eüber\n".encode() + b"\r 10%|#\r 20%|##")
    said = output(path, 0)
    assert said["text"] == "red \ufffd\n100%|###\n\u202eüber\n" and said["drawing"] == " 20%|##"


def test_a_line_without_an_end_comes_in_pieces(tmp_path: Path) -> None:
    path, place, heard = tmp_path / "output.log", 0, ""
    path.write_bytes(b"x" * 1000)
    for _ in range(10):
        said = output(path, place, most=100)
        heard, place = heard + said["text"], said["next"]
    assert heard == "x" * 1000 and output(path, place, most=100)["text"] == ""


@pytest.mark.parametrize("digits", [1, 15, 5000])
def test_a_job_may_print_what_the_log_itself_says(tmp_path: Path, digits: int) -> None:
    path = tmp_path / "output.log"
    log = CappedLog(path, 1 << 12)
    log.write(b"first\n\n[castalia: " + b"9" * digits + b" bytes of output left out here]\n")
    for i in range(500):
        log.write(b"line %d of many\n" % i)
    log.close()
    place, heard = 0, ""
    for _ in range(9):
        said = output(path, place, over=True)
        heard, place = heard + said["text"], said["next"]
    assert heard.startswith("first\n") and heard.endswith("line 499 of many\n")


def test_of_a_long_log_the_beginning_and_what_is_new_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, cap = tmp_path / "output.log", 1 << 16
    path.write_bytes(b"".join(b"line %05d\n" % i for i in range(5900)) + b"half")
    heard: list[int] = []

    class Listening(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            heard.append(len(found := super().read(size)))
            return found

    monkeypatch.setattr("castalia.jobs.output.open", lambda path, _: Listening(io.FileIO(path)), raising=False)
    said = output(path, 5890 * 11, cap=cap)
    assert said["text"].splitlines() == [f"line {i:05d}" for i in range(5890, 5900)] and said["drawing"] == "half"
    assert 0 < sum(heard) <= cap // 8 + 128 + 2 * 114
    heard.clear()
    assert output(path, 5890 * 11) == said and sum(heard) > path.stat().st_size

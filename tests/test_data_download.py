"""Downloads from a real server on loopback that cuts, lies, forgets and cheats."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import socket
import threading

import pytest

from castalia.core.errors import Refused, TooLarge, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.data import download, reach
from castalia.data.library import Library
from castalia.data.sources import Source, SourceFile

BODY = b"name,value\n" + b"".join(b"row%d,%d\n" % (i, i * i) for i in range(40_000))


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.files``; ``server.manner`` says how badly."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        manner = self.server.manner
        if where := self.server.redirects.get(self.path):
            self.send_response(302)
            self.send_header("Location", where)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self.server.files.get(self.path)
        if body is None or (manner == "busy" and len(self.server.asked) < 3):
            self.send_error(404 if body is None else 503)
            return
        start = 0
        wanted = self.headers.get("Range")
        if wanted and manner != "no-range" and self.headers.get("If-Range") in (None, self.server.etag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            shown = 0 if manner == "wrong-part" else start
            self.send_header("Content-Range", f"bytes {shown}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        rest = body[start:]
        if manner != "no-etag":
            self.send_header("ETag", self.server.etag)
        length = {"short": len(rest) - 1000, "long": len(rest) + 1000, "huge": 1 << 40}.get(manner, len(rest))
        if manner == "silent":
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if manner in ("cut", "no-range", "no-etag", "wrong-part") and len(self.server.asked) <= self.server.cuts:
            self.wfile.write(rest[: len(BODY) // 3])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.wfile.write(rest)
        if manner in ("long", "huge"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up on us is what some tests are about."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.001)
    with Server(("127.0.0.1", 0), Handler) as made:
        made.files, made.redirects, made.asked = {"/toy.csv": BODY}, {}, []
        made.manner, made.etag, made.cuts = "", '"one"', 1
        made.url = f"http://127.0.0.1:{made.server_port}"
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def toy(*urls, content=BODY, **more):
    file = SourceFile("toy.csv", len(content), hashlib.sha256(content).hexdigest(), urls)
    return Source("toy", "Toy", "table", 40_000, "delimited", "CC0", (file,), **more)


def library(tmp_path, source, **more):
    return Library(Settings(home=tmp_path / "home", **more), {source.name: source})


def left_over(tmp_path):
    return sorted(p.name for p in (tmp_path / "home").rglob("*") if p.is_file() and p.suffix != ".lock")


def test_a_set_is_downloaded_once_and_said_aloud(tmp_path, server, capsys):
    lib = library(tmp_path, toy(server.url + "/toy.csv"))
    assert lib.known()[0].where == "remote"
    heard = []
    table = lib.open("toy", progress=heard.append).table()
    assert table["value"][200] == 40_000
    assert (heard[0].host, heard[0].licence, heard[0].done) == ("127.0.0.1", "CC0", 0)
    assert heard[-1].done == heard[-1].total == len(BODY)
    assert lib.known()[0].where == "cache"
    lib.open("toy")
    assert len(server.asked) == 1
    assert left_over(tmp_path) == ["toy.csv"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("manner", ["", "silent"])
def test_without_a_listener_standard_error_names_host_and_licence(tmp_path, server, capsys, manner):
    server.manner = manner
    library(tmp_path, toy(server.url + "/toy.csv")).open("toy")
    said = capsys.readouterr()
    assert said.out == "" and "127.0.0.1" in said.err and "CC0" in said.err and said.err.count("\n") == 1


def test_a_gzip_mirror_is_the_same_set_whatever_its_header(tmp_path, server):
    server.files["/toy.csv.gz"] = gzip.compress(BODY, mtime=12345)
    data = library(tmp_path, toy(server.url + "/toy.csv.gz")).open("toy")
    assert len(data) == 40_000 and data.digest == hashlib.sha256(BODY).hexdigest()


def test_a_cut_connection_goes_on_where_it_stopped(tmp_path, server):
    server.manner, server.cuts = "cut", 2
    library(tmp_path, toy(server.url + "/toy.csv")).open("toy")
    third = len(BODY) // 3
    assert server.asked == [
        ("/toy.csv", None, None),
        ("/toy.csv", f"bytes={third}-", '"one"'),
        ("/toy.csv", f"bytes={2 * third}-", '"one"'),
    ]


def test_the_next_process_goes_on_with_what_the_last_one_left(tmp_path, server, monkeypatch):
    server.manner, server.cuts = "cut", 1
    monkeypatch.setattr(download, "MOST_TRIES", 1)
    lib = library(tmp_path, toy(server.url + "/toy.csv"))
    with pytest.raises(Unavailable, match="castalia data fetch toy"):
        lib.open("toy")
    assert lib.known()[0].where == "remote"
    monkeypatch.setattr(download, "MOST_TRIES", 9)
    heard = []
    lib.open("toy", progress=heard.append)
    assert heard[0].done == len(BODY) // 3
    assert server.asked[-1][1] == f"bytes={len(BODY) // 3}-"


def test_a_file_that_changed_in_between_is_begun_again(tmp_path, server, monkeypatch):
    server.manner = "cut"
    monkeypatch.setattr(download, "MOST_TRIES", 1)
    lib = library(tmp_path, toy(server.url + "/toy.csv"))
    with pytest.raises(Unavailable):
        lib.open("toy")
    server.etag = '"two"'
    lib.open("toy")
    assert server.asked[-1] == ("/toy.csv", f"bytes={len(BODY) // 3}-", '"one"')


@pytest.mark.parametrize("manner", ["no-range", "no-etag", "wrong-part"])
def test_a_server_that_cannot_go_on_is_asked_from_the_start(tmp_path, server, manner):
    server.manner = manner
    data = library(tmp_path, toy(server.url + "/toy.csv")).open("toy")
    assert len(data) == 40_000
    assert len(server.asked) >= 2
    if manner == "no-etag":
        assert all(asked[1] is None for asked in server.asked)


def test_a_whole_part_whose_process_died_needs_no_second_download(tmp_path, server):
    source = toy(server.url + "/toy.csv")
    part = tmp_path / "home/data/cache/toy/toy.csv.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY)
    part.with_name("toy.csv.part.json").write_text(f'{{"url": "{server.url}/toy.csv", "validator": "\\"one\\""}}')
    assert len(library(tmp_path, source).open("toy")) == 40_000
    assert [asked[1] for asked in server.asked] == [f"bytes={len(BODY)}-"]


def test_a_length_below_the_truth_is_refused_by_digest(tmp_path, server):
    server.manner = "short"
    with pytest.raises(WrongInput, match=r"toy\.csv from 127.0.0.1 is not the registered file") as caught:
        library(tmp_path, toy(server.url + "/toy.csv")).open("toy")
    assert hashlib.sha256(BODY).hexdigest() in caught.value.expected
    assert hashlib.sha256(BODY[:-1000]).hexdigest() in caught.value.got
    assert left_over(tmp_path) == []


def test_a_length_above_the_truth_ends_when_the_server_says_there_is_no_more(tmp_path, server):
    server.manner = "long"
    assert len(library(tmp_path, toy(server.url + "/toy.csv")).open("toy")) == 40_000
    assert len(server.asked) == 2


def test_a_server_that_never_gets_on_is_given_up(tmp_path, server):
    server.manner, server.cuts = "no-etag", 10**6
    with pytest.raises(Unavailable, match="cut off after"):
        library(tmp_path, toy(server.url + "/toy.csv")).open("toy")
    assert len(server.asked) == download.TRIES + 1
    assert not (tmp_path / "home/data/cache/toy/toy.csv").exists()


@pytest.mark.parametrize("manner", ["huge", "silent"])
def test_more_than_the_registered_size_is_not_taken(tmp_path, server, manner):
    server.manner = manner
    server.files["/toy.csv"] = b"x" * (len(BODY) + download.SLACK + 1)
    with pytest.raises(TooLarge, match="larger than it should be"):
        library(tmp_path, toy(server.url + "/toy.csv")).open("toy")
    assert left_over(tmp_path) == []


def test_an_altered_file_is_thrown_away_and_the_next_address_is_tried(tmp_path, server):
    server.files["/bad.csv"] = BODY.replace(b"row7,", b"row8,")
    bad, good = server.url + "/bad.csv", server.url + "/toy.csv"
    with pytest.raises(WrongInput, match="not the registered file"):
        library(tmp_path, toy(bad)).open("toy")
    assert left_over(tmp_path) == []
    assert len(library(tmp_path, toy(bad, good)).open("toy")) == 40_000


def test_a_gzip_bomb_at_the_address_is_refused(tmp_path, server):
    server.files["/toy.csv.gz"] = gzip.compress(b"\0" * (50 << 20))
    with pytest.raises(WrongInput, match="not the registered file"):
        library(tmp_path, toy(server.url + "/toy.csv.gz")).open("toy")
    assert left_over(tmp_path) == []


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(tmp_path, server):
    server.manner = "busy"
    assert len(library(tmp_path, toy(server.url + "/toy.csv")).open("toy")) == 40_000
    server.asked.clear()
    with pytest.raises(Unavailable, match="HTTP 404"):
        library(tmp_path / "other", toy(server.url + "/none.csv")).open("toy")
    assert len(server.asked) == 1


def test_offline_refuses_before_any_connection(tmp_path, server):
    lib = library(tmp_path, toy(server.url + "/toy.csv"), offline=True)
    with pytest.raises(Unavailable, match="CASTALIA_OFFLINE"):
        lib.open("toy")
    assert server.asked == []


def test_nobody_listening_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.001)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="refused"):
        library(tmp_path, toy(f"http://127.0.0.1:{port}/toy.csv")).open("toy")


def test_a_redirect_on_the_same_footing_is_followed(tmp_path, server):
    server.redirects["/old.csv"] = server.url + "/toy.csv"
    server.manner, server.cuts = "cut", 2
    assert len(library(tmp_path, toy(server.url + "/old.csv")).open("toy")) == 40_000
    assert ("/toy.csv", f"bytes={len(BODY) // 3}-", '"one"') in server.asked


@pytest.mark.parametrize(
    "where",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://169.254.169.254/latest", "http://10.0.0.1/x", "gopher:x"],
)
def test_a_redirect_elsewhere_is_refused(tmp_path, server, where):
    server.redirects["/toy.csv"] = where
    with pytest.raises((Refused, Unavailable)):
        library(tmp_path, toy(server.url + "/toy.csv")).open("toy")
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "a.localhost", "LOCALHOST.", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1",
        "::ffff:10.0.0.1", "fe80::1%eth0", "fd00::1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0",
        "100.64.0.1", "224.0.0.1",
    ],
)  # fmt: skip
def test_private_addresses_in_any_spelling_are_no_public_hosts(host):
    with pytest.raises(Refused, match="not public"):
        reach.check_address(host, loopback=False)


def test_public_hosts_pass_and_a_loopback_start_stays_on_loopback():
    for host in ("8.8.8.8", "2001:4860:4860::8888", "archive.ics.uci.edu"):
        reach.check_address(host, loopback=False)
        with pytest.raises(Refused):
            reach.check_address(host, loopback=True)
    reach.check_address("127.0.0.1", loopback=True)


def test_a_public_name_that_leads_into_the_own_network_is_cut_off(tmp_path, server, monkeypatch):
    """DNS rebinding: the name looks public, the connection ends on loopback. Nothing may be sent there."""
    real = socket.create_connection
    here = ("127.0.0.1", server.server_port)
    monkeypatch.setattr(socket, "create_connection", lambda address, *rest: real(here, *rest))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Refused, match="not public"):
        library(tmp_path, toy("http://data.example.org/toy.csv")).open("toy")
    assert server.asked == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/toy.csv", "http://", "data:,x"])
def test_only_http_addresses_are_fetched(tmp_path, url):
    with pytest.raises(Refused, match="http or https"):
        library(tmp_path, toy(url)).open("toy")


def test_two_at_once_download_once(tmp_path, server):
    source = toy(server.url + "/toy.csv")
    got = []

    def work():
        got.append(len(library(tmp_path, source).open("toy", progress=lambda p: None)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [40_000] * 4 and len(server.asked) == 1


def test_fetch_mends_a_spoiled_cache(tmp_path, server):
    lib = library(tmp_path, toy(server.url + "/toy.csv"))
    assert lib.fetch("toy").where == "cache"
    cached = tmp_path / "home/data/cache/toy/toy.csv"
    cached.write_bytes(BODY[:-5])
    with pytest.raises(WrongInput, match="castalia data fetch toy"):
        lib.open("toy")
    lib.fetch("toy")
    assert cached.read_bytes() == BODY


def test_research_only_sets_wait_for_a_yes_that_is_remembered(tmp_path, server):
    source = toy(server.url + "/toy.csv", research_only=True, page="https://example.org/terms")
    lib = library(tmp_path, source)
    with pytest.raises(Refused, match="--accept") as caught:
        lib.open("toy")
    assert "example.org/terms" in caught.value.cure and server.asked == []
    with pytest.raises(Refused):
        lib.fetch("toy")
    assert lib.fetch("toy", accept=True).research_only
    assert lib.open("toy").research_only
    assert library(tmp_path, source).open("toy").licence == "CC0"
    with pytest.raises(Refused):
        library(tmp_path / "elsewhere", source).open("toy")

"""Webhooks: where they may lead, and a toy server that sees what is sent."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from castalia.core.errors import Refused, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.track import Store, schema
from castalia.track.naming import now
from castalia.track.notices import post, rules, secrets
from castalia.track.notices.address import Address, is_public, reachable, resolved
from castalia.track.notices.courier import ABANDONED, Courier
from castalia.track.notices.post import send
from castalia.track.notices.rules import Rule
from castalia.track.notices.watching import Watcher

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Toy:
    """Takes connections one after the other, keeps what was sent and answers ``answers`` in turn, then the last."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.got = list(answers or (OK,)), []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    self.got.append(_request(connection))
                    answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                    connection.sendall(answer)
                    if not answer:
                        connection.recv(1)  # silent until the other side gives up
                except OSError:
                    pass


def _request(connection: socket.socket) -> tuple[list[str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(4096)):
            raise OSError("the other side gave up")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    length = next(int(line.split(":")[1]) for line in lines if line.startswith("Content-Length"))
    while len(body) < length:
        body += connection.recv(4096)
    return lines, body


@contextmanager
def toy(*answers: bytes) -> Iterator[Toy]:
    server = Toy(*answers)
    try:
        yield server
    finally:
        server.listening.shutdown(socket.SHUT_RDWR)
        server.listening.close()
        server.thread.join(15)


PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::1",
    "fec0::1", "2001:db8::1", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("ip", PRIVATE)
def test_an_address_that_is_not_public_is_refused(ip):
    assert not is_public(ip)
    for also in ([ip], ["93.184.216.34", ip], [ip, "93.184.216.34"]):  # every one counts
        with pytest.raises(Refused):
            reachable(Address.read("https://innocent.example/"), resolve=lambda host, port, also=also: also)


@pytest.mark.parametrize("ip", ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111"])
def test_a_public_address_is_let_through_as_it_was_resolved(ip):
    assert is_public(ip)
    assert reachable(Address.read("https://hooks.example/"), resolve=lambda host, port: [ip]) == [ip]


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "017700000001", "127.1", "0", "[::1]", "localhost",
                                  "[::ffff:127.0.0.1]", "LOCALHOST.", "127.0.0.1"])  # fmt: skip
def test_no_spelling_of_this_machine_leads_to_it(host):
    """Through the machine's own resolver: decimal, hexadecimal, octal and shortened addresses too."""
    with pytest.raises((Refused, Unavailable)):
        reachable(Address.read(f"http://{host}/"))


@pytest.mark.parametrize("text", [
    "", "hooks.example", "//hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "gopher://x.example/",
    "http://", "http:///path", "https://user:word@hooks.example/", "https://hooks.example@127.0.0.1/",
    "https://hooks.example\\@127.0.0.1/", "http://hooks.example/a b", "http://hooks.example/\r\nX: y",
    "http://hooks.example/\x00", "http://höoks.example/", "http://hooks.example:99999/", "http://hooks.example:x/",
    "http://[::1%25eth0]/", "http://[::1/", "http://ho_ok!s.example/", "javascript:alert(1)", "http://hooks.example\t/",
])  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(WrongInput):
        Address.read(text)


def test_ports_of_no_web_server_are_refused_unless_named():
    def resolve(host, port):
        return ["93.184.216.34"]

    for port in (22, 25, 110, 1023):
        with pytest.raises(Refused):
            reachable(Address.read(f"http://hooks.example:{port}/"), resolve=resolve)
    for port in (80, 443, 1024, 8080, 65535):
        assert reachable(Address.read(f"http://hooks.example:{port}/"), resolve=resolve)
    assert reachable(Address.read("http://hooks.example:25/"), ["hooks.example"], resolve=resolve)


def test_a_host_that_was_named_may_be_anywhere_but_not_while_offline():
    here = Address.read("http://127.0.0.1:9000/x")
    for allowed in (["127.0.0.1"], ["127.0.0.1:9000"]):
        assert reachable(here, allowed) == ["127.0.0.1"]
        with pytest.raises(Refused, match="offline"):
            reachable(here, allowed, offline=True)
    for allowed in ([], ["127.0.0.1:9001"], ["0.0.1"], ["127.0.0.1.example"]):
        with pytest.raises(Refused):
            reachable(here, allowed)


def test_offline_asks_no_resolver():
    def never(host, port):
        raise AssertionError("a name was resolved")

    with pytest.raises(Refused):
        reachable(Address.read("https://hooks.example/"), offline=True, resolve=never)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


def hooked(store: Store, url: str, secret: str = "") -> None:
    watcher = Watcher(store)
    made = watcher.keep(Rule(name="hook", when=["failed"], webhook=url))
    if secret:
        secrets.keep(store.home, made.id, secret)
    store.finish(store.create_run("e", "r"), "failed")
    assert watcher.look() == 1


def state(store: Store) -> tuple[str, int, str]:
    table = schema.notices.c
    with store.database.read() as connection:
        return tuple(connection.execute(sa.select(table.hook, table.hook_tries, table.hook_said)).one())


def test_a_notice_is_sent_signed_and_once(store):
    with toy() as server:
        hooked(store, f"http://named.example:{server.port}/a/b?c=d", "k" * 16)
        courier = Courier(store, Settings(store.home, webhooks=("named.example",)), lambda host, port: ["127.0.0.1"])
        assert courier.round() == 1 and courier.round() == 0
    assert state(store) == ("sent", 1, "204")
    ((lines, body),) = server.got
    assert lines[0] == "POST /a/b?c=d HTTP/1.1" and f"Host: named.example:{server.port}" in lines
    headers = dict(line.split(": ", 1) for line in lines[1:])
    said = json.loads(body)
    assert said["kind"] == "failed" and said["text"].startswith("r failed") and said["run_id"]
    assert headers["X-Castalia-Delivery"] == str(said["id"])
    proof = hmac.new(b"k" * 16, f"{headers['X-Castalia-Time']}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Castalia-Signature"] == f"sha256={proof}"


def test_a_name_whose_answer_changes_leads_nowhere_else(store, monkeypatch):
    """DNS rebinding: the first answer is public, every later one is this machine. What was checked is connected to."""
    answers = iter([["93.184.216.34"]] + [["127.0.0.1"]] * 9)
    asked, connected = [], []

    def resolve(host, port):
        asked.append(host)
        return next(answers)

    def connect(place, timeout):
        connected.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(post.socket, "create_connection", connect)
    with toy() as server:
        hooked(store, f"http://rebinding.example:{server.port}/")
        courier = Courier(store, Settings(store.home), resolve)
        moment = now()
        for minutes in range(4):
            courier.round(lambda minutes=minutes: moment + minutes * 60_000)
    assert connected == [("93.184.216.34", server.port)] and not server.got and len(asked) == 3
    assert state(store) == ("failed", 3, "a webhook may only lead to a public address")


@pytest.mark.parametrize(("answer", "said"), [
    (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "redirect 302, not followed"),
    (b"HTTP/1.1 500 no\r\n\r\nsecret of the inner network", "500"),
    (b"SSH-2.0-toy\r\n", "no answer of a web server"),
    (b"x" * 100_000, "no answer of a web server"),
    (b"HTTP/1.1 200\r\n", "200"),
])  # fmt: skip
def test_of_an_answer_only_the_status_is_told(answer, said):
    with toy(answer) as server:
        address = Address.read(f"http://h.example:{server.port}/")
        assert send(address, ["127.0.0.1"], b"{}", 1, seconds=30) == (said == "200", said)
    assert len(server.got) == 1


def test_a_server_that_says_nothing_or_is_not_there_is_given_up():
    with toy(b"") as server:
        address = Address.read(f"http://h.example:{server.port}/")
        assert send(address, ["127.0.0.1"], b"{}", 1, seconds=0.3) == (False, "no answer within 0.3 s")
    closed = Address.read(f"http://h.example:{server.port}/")
    assert send(closed, ["127.0.0.1"], b"{}", 1) == (False, "the connection was refused")


def test_a_server_that_drips_is_given_up_in_time():
    """A byte now and then keeps a timeout a read alive for ever; ours is for all together."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        address = Address.read(f"http://h.example:{listening.getsockname()[1]}/")
        assert send(address, ["127.0.0.1"], b"{}", 1, seconds=0.5) == (False, "no answer within 0.5 s")
        over.set()
        thread.join(10)


def test_a_server_without_a_trusted_certificate_is_not_told():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        got = []

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                greeting = connection.recv(5)
                while len(greeting) < 5 + int.from_bytes(greeting[3:5]):  # whole: closing on the rest is a reset
                    greeting += connection.recv(65536)
                got.append(greeting)
                connection.sendall(OK)  # in plain text, where TLS was asked for

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        address = Address.read(f"https://h.example:{listening.getsockname()[1]}/key")
        assert send(address, ["127.0.0.1"], b"{}", 1, seconds=30) == (False, "no trusted certificate")
        thread.join(10)
    assert b"key" not in got[0] and b"h.example" in got[0]  # the name is in the greeting, the path is not


def test_what_failed_is_tried_three_times_with_pauses(store):
    with toy(b"HTTP/1.1 503 no\r\n\r\n") as server:
        hooked(store, f"http://127.0.0.1:{server.port}/")
        courier = Courier(store, Settings(store.home, webhooks=("127.0.0.1",)))
        moment = now() + 1000
        seen = []
        for after in (0, 4_000, 6_000, 30_000, 40_000, 400_000):
            courier.round(lambda after=after: moment + after)
            seen.append(len(server.got))
    assert seen == [1, 1, 2, 2, 3, 3] and state(store) == ("failed", 3, "503")


def test_what_was_being_sent_when_the_workbench_died_is_sent_again(store):
    with toy() as server:
        hooked(store, f"http://127.0.0.1:{server.port}/")
        courier = Courier(store, Settings(store.home, webhooks=("127.0.0.1",)))
        moment = now() + 1000
        assert courier._take(moment)  # and then it was killed
        assert courier.round(lambda: moment + ABANDONED - 1) == 0
        assert courier.round(lambda: moment + ABANDONED + 1) == 1
    assert len(server.got) == 1 and state(store)[0] == "sent"


def test_a_certificate_of_another_name_is_not_trusted(tmp_path):
    """One that is trusted, but for another host: only the host that it names is told."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", made, "-days", "2", "-subj", "/CN=good.example",
                    "-addext", "subjectAltName=DNS:good.example"], check=True, capture_output=True)  # fmt: skip
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(made, key)
    trusting = ssl.create_default_context(cafile=str(made))
    told = []

    def answer() -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            connection.settimeout(30)
            try:
                with serving.wrap_socket(connection, server_side=True) as inside:
                    told.append(_request(inside)[0][0])
                    inside.sendall(OK)
            except OSError:
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        for host, expected in (("bad.example", (False, "no trusted certificate")), ("good.example", (True, "204"))):
            address = Address.read(f"https://{host}:{listening.getsockname()[1]}/key")
            assert send(address, ["127.0.0.1"], b"{}", 1, seconds=30, context=trusting) == expected
        thread.join(30)
    assert told == ["POST /key HTTP/1.1"]


def test_an_address_that_never_answers_leaves_the_next_one_time(monkeypatch):
    plain, tried = socket.create_connection, []

    def connect(place, timeout):
        tried.append((place[0], timeout))
        if place[0] != "127.0.0.1":
            raise TimeoutError  # after ``timeout`` seconds
        return plain(place, timeout)

    monkeypatch.setattr(post.socket, "create_connection", connect)
    with toy() as server:
        address = Address.read(f"http://h.example:{server.port}/")
        ips = ["2001:db8::1", "192.0.2.1", "192.0.2.2", "127.0.0.1"]
        assert send(address, ips, b"{}", 1, seconds=30) == (True, "204")
    assert [ip for ip, _ in tried] == ips and all(timeout <= 10 for _, timeout in tried[:2]) and tried[3][1] > 10


def test_a_resolver_that_does_not_answer_is_given_up(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *about, **more: over.wait(50) and [])
    assert resolved("slow.example", 443, seconds=0.05) == []
    over.set()


def test_a_host_that_fails_rests_while_others_are_told(store):
    watcher = Watcher(store)
    with toy(b"HTTP/1.1 503 no\r\n\r\n") as dead, toy() as good:
        for port in (dead.port, good.port):
            watcher.keep(Rule(name=str(port), when=["failed"], webhook=f"http://127.0.0.1:{port}/", page=False))
        for i in range(5):
            store.finish(store.create_run("e", f"r{i}"), "failed")
        assert watcher.look() == 10
        courier = Courier(store, Settings(store.home, webhooks=("127.0.0.1",)))
        moment = now() + 1000
        assert courier.round(lambda: moment) == 5 and len(dead.got) == 1
        assert courier.round(lambda: moment + 4000) == 0 and len(dead.got) == 1
        courier.round(lambda: moment + 5001)
        assert len(dead.got) == 2 and len(good.got) == 5


def test_what_waits_is_found_by_its_index(store):
    hooked(store, "http://127.0.0.1/")
    asked = []
    sa.event.listen(store.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    Courier(store, Settings(store.home, offline=True))._take(now() + 1000)
    with store.database.read() as connection:
        plans = [
            [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in list(asked)
            if "FROM notices" in statement
        ]
    assert plans and all(plan[0] == "SEARCH notices USING INDEX notices_to_send (hook_due<?)" for plan in plans), plans


def test_what_is_signed_waits_for_the_workbench_that_has_the_secret(store, tmp_path):
    """Two homes on one database: one was given the secret. Nothing goes out unsigned."""
    with toy() as server:
        watcher = Watcher(store)
        url = f"http://127.0.0.1:{server.port}/"
        made = watcher.keep(Rule(name="hook", when=["failed"], webhook=url), signed=True)
        secrets.keep(tmp_path / "other", made.id, "k" * 16)
        store.finish(store.create_run("e", "r"), "failed")
        watcher.look()
        here = Courier(store, Settings(store.home, webhooks=("127.0.0.1",)))
        moment = now() + 1000
        assert here.round(lambda: moment) == 0 and state(store) == ("waiting", 0, "")
        assert here.send(rules.one(store, made.id), {})[1] == "its secret is not in the home of this workbench"
        here.round(lambda: moment + ABANDONED)  # nobody has it: that is said
        assert state(store) == ("waiting", 1, "its secret is not in the home of this workbench") and not server.got
        (tmp_path / "other" / secrets.FILE).replace(store.home / secrets.FILE)
        assert here.round(lambda: moment + 3 * ABANDONED) == 1
    assert any(line.startswith("X-Castalia-Signature") for line in server.got[0][0])

"""castalia.web.tokens and ``castalia tokens``: made by us, kept as hashes, taken back at once."""

from __future__ import annotations

import base64
import json
import re
import stat
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from castalia.cli import main
from castalia.core.errors import CastaliaError, Conflict, NotFound, Refused, TooLarge, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.web import tokens
from castalia.web.app import create_app
from castalia.web.login import Login
from castalia.web.server import serve
from castalia.web.tokens import FILE, Keyring, Person, Role, session_of


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_token_is_long_random_and_never_written_down(tmp_path: Path) -> None:
    made = [tokens.add(tmp_path, f"t{i}", "reader") for i in range(20)]
    assert len(set(made)) == 20
    assert all(re.fullmatch(r"cst_[A-Za-z0-9_-]{43}", token) for token in made)
    kept = (tmp_path / FILE).read_text()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    keyring = Keyring(tmp_path)
    for i, token in enumerate(made):
        assert token not in kept and token[4:] not in kept and session_of(token) not in kept
        assert keyring.person(f"Bearer {token}", "") == Person(f"t{i}", Role.READER)


def test_what_the_file_holds_opens_nothing(tmp_path: Path) -> None:
    """Somebody who reads the hashes has neither a token nor a session."""
    tokens.add(tmp_path, "one", "admin")
    line = tokens.listed(tmp_path)[0]
    keyring = Keyring(tmp_path)
    for stolen in (line.token, line.session, session_of(line.token)):
        assert not keyring.person(f"Bearer {stolen}", "")
        assert not keyring.person(basic("one", stolen), "")
        assert not keyring.person("", f"castalia-00000000={stolen}")
        assert not keyring.of_token(stolen)


def test_bearer_basic_and_the_cookie_are_the_same_person(tmp_path: Path) -> None:
    token = tokens.add(tmp_path, "ci", "writer")
    person, keyring = Person("ci", Role.WRITER), Keyring(tmp_path)
    cookie = Login().set_cookie(token, secure=True)
    assert "Secure" in cookie and token not in cookie
    assert keyring.person(f"Bearer {token}", "") == person
    assert keyring.person(f"bearer  {token} ", "") == person
    assert keyring.person(basic("anybody", token), "") == person
    assert keyring.person(basic("", token), "") == person
    assert keyring.person("", f"other=1; {cookie.partition(';')[0]}") == person


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic",
        "Basic !!!",
        "Basic YWJj",
        "Basic Og==",
        "Digest x",
        "Bearer None",
        "é",
        "Basic é",
    ],
)
def test_nothing_is_nobody(tmp_path: Path, header: str) -> None:
    tokens.add(tmp_path, "ci", "writer")
    assert Keyring(tmp_path).person(header, "") is None
    assert Keyring(tmp_path, "", needed=True).person(header, "castalia-x=; castalia-y") is None


def test_a_token_taken_back_opens_nothing_from_the_next_request_on(tmp_path: Path) -> None:
    token, keyring = tokens.add(tmp_path, "ci", "writer"), Keyring(tmp_path)
    other = tokens.add(tmp_path, "other", "reader")
    cookie = Login().set_cookie(token, secure=False).partition(";")[0]
    assert keyring.person(f"Bearer {token}", "") and keyring.person("", cookie)
    assert tokens.remove(tmp_path, "ci") == 1
    assert not keyring.person(f"Bearer {token}", "") and not keyring.person("", cookie)
    assert keyring.person(f"Bearer {other}", "")


def test_a_token_is_good_for_its_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token, keyring = tokens.add(tmp_path, "ci", "writer", days=2), Keyring(tmp_path)
    made = tokens.listed(tmp_path)[0].made
    for later, good in ((0, True), (2 * 86400 - 1, True), (2 * 86400, False), (10**9, False)):
        monkeypatch.setattr(tokens.time, "time", lambda later=later: made + later)
        assert bool(keyring.person(f"Bearer {token}", "")) is good
        assert keyring.asks, "a token that is over still closes the door"


def test_a_token_in_the_environment_keeps_its_role(tmp_path: Path) -> None:
    """Who uses a writer's token in CASTALIA_TOKEN and starts a workbench does not make it an admin's."""
    token = tokens.add(tmp_path, "ci", "writer", days=1)
    assert Keyring(tmp_path, token).person(f"Bearer {token}", "") == Person("ci", Role.WRITER)
    lines = json.loads((tmp_path / FILE).read_text())
    lines["tokens"][0]["expires"] = 1
    (tmp_path / FILE).write_text(json.dumps(lines))
    assert Keyring(tmp_path, token).person(f"Bearer {token}", "") is None


@pytest.mark.parametrize(
    ("name", "role", "days", "error"),
    [("", "reader", None, WrongInput), ("Upper", "reader", None, WrongInput), ("a b", "reader", None, WrongInput),
     ("../x", "reader", None, WrongInput), ("x" * 41, "reader", None, WrongInput),
     ("loopback", "reader", None, WrongInput),
     ("ok", "root", None, WrongInput), ("ok", "nobody", None, WrongInput), ("ok", "", None, WrongInput),
     ("ok", "reader", 0, WrongInput), ("ok", "reader", -1, WrongInput), ("ok", "reader", 4000, WrongInput),
     ("there", "reader", None, Conflict)],
)  # fmt: skip
def test_wrong_tokens_are_refused(
    tmp_path: Path, name: str, role: str, days: int | None, error: type[CastaliaError]
) -> None:
    tokens.add(tmp_path, "there", "admin")
    with pytest.raises(error) as caught:
        tokens.add(tmp_path, name, role, days)
    assert caught.value.expected and caught.value.subject
    assert [each.name for each in tokens.listed(tmp_path)] == ["there"]


def test_there_is_a_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 1)
    tokens.add(tmp_path, "one", "admin")
    with pytest.raises(TooLarge):
        tokens.add(tmp_path, "two", "admin")
    with pytest.raises(NotFound):
        tokens.remove(tmp_path, "two")


def test_tokens_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    threads = [threading.Thread(target=tokens.add, args=(tmp_path, f"t{i}", "reader")) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.name for each in tokens.listed(tmp_path)} == {f"t{i}" for i in range(8)}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"tokens": [{}]}', '{"tokens": 3}', '{"tokens": ["x"]}', "\0",
                '{"tokens": [{"name": "a", "role": "root", "made": 1, "expires": 0, "token": "x", "session": "y"}]}',
                '{"tokens": [{"name": "a", "role": "admin", "made": 1, "expires": "", "token": "x", "session": "y"}]}']
)  # fmt: skip
def test_a_file_that_cannot_be_read_lets_nobody_in(tmp_path: Path, content: str) -> None:
    """Else a half-written file, or a wrong word in it, would open the workbench to everybody."""
    token, keyring = tokens.add(tmp_path, "ci", "writer"), Keyring(tmp_path, "the-secret-of-the-shell")
    (tmp_path / FILE).write_text(content)
    assert keyring.asks and not keyring.person(f"Bearer {token}", "")
    assert keyring.person("Bearer the-secret-of-the-shell", "") == Person("CASTALIA_TOKEN", Role.ADMIN)
    assert Keyring(tmp_path).asks
    with pytest.raises(Unavailable) as caught:
        tokens.add(tmp_path, "new", "reader")
    assert FILE in caught.value.cure
    with pytest.raises(Unavailable):
        serve(Settings(home=tmp_path), port=0)


def test_a_file_that_may_not_be_read_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    assert Keyring(tmp_path).asks


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "no-such-name.example", "192.0.2.1", "127.1", "localhost.example"]
)
def test_beyond_loopback_nothing_starts_without_a_good_token(tmp_path: Path, host: str) -> None:
    with pytest.raises(Refused, match="token"):
        serve(Settings(home=tmp_path), host, port=0)
    tokens.add(tmp_path, "over", "admin", days=1)
    lines = json.loads((tmp_path / FILE).read_text())
    lines["tokens"][0]["expires"] = 1
    (tmp_path / FILE).write_text(json.dumps(lines))
    with pytest.raises(Refused, match="tokens add"):
        serve(Settings(home=tmp_path), host, port=0)


def test_a_name_that_leads_beyond_loopback_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "localhost" is what the machine's table of hosts says it is: what counts is the address that was bound."""
    import socket

    found = socket.getaddrinfo("0.0.0.0", 0, type=socket.SOCK_STREAM)
    monkeypatch.setattr("castalia.web.server.socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Refused, match="token"):
        serve(Settings(home=tmp_path), "localhost", port=0)


@pytest.mark.parametrize(
    "token", ["password", "aaaaaaaaaaaa", "123412341234", "passwordpassword", "a b" * 9, "ééééééééééééé"]
)
def test_a_token_of_the_environment_that_is_easily_guessed_is_refused(tmp_path: Path, token: str) -> None:
    with pytest.raises(WrongInput, match="token"):
        serve(Settings(home=tmp_path), port=0, token=token)


def test_the_login_page_takes_each_token(tmp_path: Path) -> None:
    token = tokens.add(tmp_path, "me", "writer")
    with TestClient(create_app(Settings(home=tmp_path)), "http://localhost:8000", follow_redirects=False) as asked:
        assert asked.get("/runs").status_code == 401
        assert asked.post("/login", data={"token": "guess"}).status_code == 401
        assert asked.post("/login", data={"token": token}).status_code == 303
        assert asked.get("/runs").status_code == 200
        tokens.remove(tmp_path, "me")
        tokens.add(tmp_path, "me", "writer")
        assert asked.get("/runs").status_code == 401


def test_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path))
    assert main(["tokens", "add", "ci", "--role", "writer", "--days", "90"]) == 0
    shown = capsys.readouterr()
    token = shown.out.strip()
    assert Keyring(tmp_path).person(f"Bearer {token}", "") == Person("ci", Role.WRITER)
    assert token not in shown.err and "not shown again" in shown.err
    assert main(["tokens", "add", "boss", "--role", "admin", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["token"].startswith("cst_")
    assert main(["tokens", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(each["name"], each["role"]) for each in listed] == [("ci", "writer"), ("boss", "admin")]
    assert set(listed[0]) == {"name", "role", "made", "expires"}, "no hash is shown"
    assert main(["tokens"]) == 0
    assert "for ever" in capsys.readouterr().out
    assert main(["tokens", "add", "ci"]) == 1
    assert "tokens remove ci" in capsys.readouterr().err
    assert main(["tokens", "remove", "ci"]) == 0
    assert main(["tokens", "remove", "ci"]) == 2
    assert "no token" in capsys.readouterr().err

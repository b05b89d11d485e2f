"""Wrong versions of the server, by the misconception that writes them."""

from __future__ import annotations

from castalia.core.contract import Mutant

_NOW = "now = total() + by"
_GET = 'return self.answer(200, {"total": total()})'
_POST = 'return self.answer(200, {"total": add(by)})'
_KIND = 'self.send_header("Content-Type", "application/json")'
_PORT = 'Server(("127.0.0.1", int(args[args.index("--port") + 1])), Handler)'
_REPLACE = 'os.replace(KEPT + ".part", KEPT)'


def _wrong(id: str, words: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, words, old, new, topics, lazy, file="counter.py")


MUTANTS = (
    _wrong("sets", "That adding is setting.", _NOW, "now = by", "to07"),
    _wrong("get_adds", "That a question may count.", _GET, 'return self.answer(200, {"total": add(1)})', "to07"),
    _wrong("text_total", "That a number in quotes is a number.",
           _GET, 'return self.answer(200, {"total": str(total())})'),
    _wrong("no_kind", "That nobody reads the headers.", _KIND, 'self.send_header("Content-Type", "text/plain")'),
    _wrong("created", "That any 2xx is the right one.", _POST, _POST.replace("200", "201")),
    _wrong("any_error", "That every error is a 400.", "self.answer(422,", "self.answer(400,", "to03"),
    _wrong("floats", "That 1.5 is nearly whole.",
           "if type(by) is not int:", "if not isinstance(by, (int, float)):", "to03"),
    _wrong("converted", "That text will do.",
           "if type(by) is not int:", "by = int(by)\n            if type(by) is not int:"),
    _wrong("dropped", "That a connection may be dropped.", "except (ValueError, KeyError, TypeError) as error:",
           "except ZeroDivisionError as error:", "to03"),
    _wrong("found", "That every path is the one path.", 'if self.path != "/total":', "if False:"),
    _wrong("in_memory", "That a server is never killed.", "    server = Server",
           "    if os.path.exists(KEPT):\n        os.remove(KEPT)\n    server = Server", "sq01"),
    _wrong("answers_first", "That it may be written later.", _POST,
           'now = total() + by\n        self.answer(200, {"total": now})\n'
           "        import time; time.sleep(0.2)\n        add(by)",
           "sq01"),
    _wrong("not_replaced", "That a draft is a file.", _REPLACE, "pass"),
    _wrong("no_lock", "That threads take turns.", "    with LOCK:\n", "    if True:\n", "py06"),
    _wrong("another_port", "That 8000 is always free.",
           _PORT, _PORT.replace('int(args[args.index("--port") + 1])', "8123")),
    _wrong("ends_at_once", "That a server is started and done.", "server.serve_forever()", "server.handle_request()"),
    _wrong("never_answers", "That a connection is an answer.", _GET, "threading.Event().wait()"),
    _wrong("lazy_zero", "No work.", _GET, 'return self.answer(200, {"total": 0})', lazy=True),
    _wrong("lazy_echo", "No work.", _POST, 'return self.answer(200, {"total": by})', lazy=True),
    _wrong("lazy_empty", "No work.", _POST, "return self.answer(200, {})", lazy=True),
    _wrong("lazy_server", "No work.", "    server.serve_forever()\n", "", lazy=True),
)  # fmt: skip

"""Wrong versions of the server."""

from __future__ import annotations

from castalia.projects.track.store_mutants import wrong

_TRACKER = (
    "with closing(Tracker(self.file)) as tracker:\n                    return act(tracker, given, *found.groups())"
)
SERVER = (
    wrong("server", "wrong_is_200", "That an error in the body is an answer like others.",
           "status, answer = 422, refused.told",
          "status, answer = 200, refused.told", "to07"),
    wrong("server", "wrong_is_400", "That every wrong request is a 400.", "status, answer = 422, refused.told",
          "status, answer = 400, refused.told", "to07"),
    wrong("server", "field_not_named", "That who sent a wrong body knows where it is wrong.",
           '{"field": field, "error": words}',
          '{"error": "invalid"}', "to07"),
    wrong("server", "typing_errors_taken", "That what is not known can be ignored.",
          "        if name not in names:\n", "        if name in ():\n", "to07"),
    wrong("server", "body_not_looked_at", "That a body has the fields that it should.",
          "        if not isinstance(body.get(field), kinds):\n", "        if field not in body and kinds is str:\n",
          "to07"),
    wrong("server", "name_may_be_none", "That a name that is null is a name.", '"name": str,', '"name": str | None,',
           "to07"),
    wrong("server", "tracker_errors_are_500", "That what the tracker refuses is the server's fault.",
          "    except ValueError as error:\n        raise Refused(field, str(error)) from None\n",
          "    except ZeroDivisionError as error:\n        raise Refused(field, str(error)) from None\n", "to07"),
    wrong("server", "half_of_the_points", "That the good points of a bad body can be kept.",
          '    fits("points", tracker.log_many, int(run), [(step, metric, number(value)) for step, metric, value in '
          'points])\n',
          "    for step, metric, value in points:\n"
          '        fits("points", tracker.log_many, int(run), [(step, metric, number(value))])\n', "to07"),
    wrong("server", "created_is_200", "That 200 says it all.", '"POST": 201', '"POST": 200', "to07"),
    wrong("server", "missing_is_200", "That nothing there is an empty answer.", "status, answer = 404,",
           "status, answer = 200,",
          "to07"),
    wrong("server", "path_begins_so", "That a path that begins right is right.", "re.fullmatch(pattern, target.path)",
          're.match(pattern + ("$" if path == "/" else ""), target.path)', "to07"),
    wrong("server", "nan_in_the_answer", "That every float is JSON.", "[[step, plain(value)] for step",
           "[[step, value] for step",
          "to07"),
    wrong("server", "nan_kept_as_text", "That the text NaN is not meant for a number.",
          "[(step, metric, number(value)) for", "[(step, metric, value) for", "to07"),
    wrong("server", "path_not_decoded", "That a name in a path is as it was typed.", "int(run), unquote(metric))",
           "int(run), metric)",
          "to07"),
    wrong("server", "decoded_before_split", "That one decodes a path first.", "re.fullmatch(pattern, target.path)",
          "re.fullmatch(pattern, unquote(target.path))", "to07"),
    wrong("server", "page_with_elements", "That a name is harmless.", "html.escape(str(info[name]))", "info[name]",
           "to07"),
    wrong("server", "page_escaped_twice", "That two are safer than one.", "html.escape(str(info[name]))",
          "html.escape(html.escape(str(info[name])))", "to07"),
    wrong("server", "page_is_json", "That a browser finds out what it is.", '"text/html" if', '"application/json" if',
           "to07"),
    wrong("server", "limit_ignored", "That nobody has more than a hundred runs.",
          "**{name: whole(name, text) for name, text in query.items()}",
          '**{name: whole(name, text) for name, text in query.items() if name == "before"}', "to07"),
    wrong("server", "before_ignored", "That the first page is enough.",
          "**{name: whole(name, text) for name, text in query.items()}",
          '**{name: whole(name, text) for name, text in query.items() if name == "limit"}', "to07"),
    wrong("server", "any_limit", "That what cannot be read is left out.",
          '        raise Refused(name, f"{name} is {text!r}, no whole number from 1")\n', "        return 100\n",
          "to07"),
    wrong("server", "one_connection", "That a connection can be shared by threads.", _TRACKER,
          "Handler.shared = getattr(Handler, \"shared\", None) or Tracker(self.file)\n"
          "                return act(Handler.shared, given, *found.groups())", "py06", "to07"),
    wrong("server", "tracker_in_memory", "That a server that runs keeps everything.", "Tracker(self.file)",
          'Tracker(f"file:{id(ROUTES)}?mode=memory&cache=shared")', "to07", "sq01"),
    wrong("server", "key_dropped", "That a request is sent once.", 'body["name"], body.get("params"), body.get("key"))',
          'body["name"], body.get("params"))', "to07"),
    wrong("server", "nothing_described", "That a description can come later.",
           "for method, path, act in ROUTES:\n        told",
          "for method, path, act in ROUTES[:1]:\n        told", "to07"),
    wrong("server", "lazy_points", "No work.",
           '    fits("points", tracker.log_many, int(run), [(step, metric, number(value)) for '
          "step, metric, value in points])\n", "    tracker.info(int(run))\n", lazy=True),
)  # fmt: skip

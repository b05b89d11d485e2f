"""``castalia shelf``: folders with systems of your own."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from castalia.cli import terminal

app = App(name="shelf", help="Folders with systems of your own. Trusting one lets its code run.")


def _list() -> list[dict[str, object]]:
    from castalia import catalog

    cards = catalog.cards()
    return [
        {
            "name": name,
            "folder": str(folder),
            "exists": folder.is_dir(),
            "systems": [card.name for card in cards if card.shelf == name and card.is_system],
        }
        for name, folder in catalog.shelves().items()
    ]


@app.default
@app.command(name="list")
def list_(*, json: bool = False) -> int:
    """List the trusted shelves, ours first.

    Parameters
    ----------
    json
        Print a list of objects instead.
    """
    found = _list()
    if json:
        terminal.out_json(found)
        return 0
    rows = [
        (each["name"] or "(ours)", each["systems"], f"{each['folder']}{'' if each['exists'] else ' (gone)'}")
        for each in found
    ]
    terminal.out_table(("shelf", "systems", "folder"), rows)
    return 0


@app.command
def trust(folder: Path, /, *, name: str = "", json: bool = False) -> int:
    """Read systems from a folder from now on. Asking one of them runs its code with your rights.

    Parameters
    ----------
    folder
        A folder that holds one folder for each system.
    name
        What to call the shelf; its folder's own name where none is given.
    json
        Print the shelf as an object.
    """
    from castalia import catalog

    given = catalog.trust(folder, name=name)
    found = next(each for each in _list() if each["name"] == given)
    if json:
        terminal.out_json(found)
        return 0
    names = found["systems"]
    assert isinstance(names, list)
    addresses = ", ".join(f"{given}/{system}" for system in names) or "none yet; castalia new NAME writes one"
    terminal.out(f"Trusted {found['folder']} as {given!r}. Systems: {addresses}.")
    if names:
        from castalia.check import finishing

        for begin, command, words in finishing.lines(finishing.on_shelf(f"{given}/{names[0]}", names[0])):
            terminal.out(f"{terminal.styled(begin, 'bold')}{terminal.styled(command, 'accent')}   {words}")
    return 0


@app.command
def forget(name: str, /, *, json: bool = False) -> int:
    """Stop reading a shelf. Its files stay.

    Parameters
    ----------
    name
        The shelf's name, as castalia shelf list shows it.
    json
        Print the name as an object.
    """
    from castalia import catalog

    catalog.distrust(name)
    if json:
        terminal.out_json({"forgotten": name})
    else:
        terminal.out(f"Forgot {name!r}; its files stay where they are.")
    return 0

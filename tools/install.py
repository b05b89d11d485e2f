#!/usr/bin/env python3
"""Make .venv, install Castalia with the extras asked for, build the face; do only what is not done yet.

    python tools/install.py classical plots          what `make setup` runs
    python tools/install.py --into .venv/peers/all -r benchmarks/peers.txt
    python tools/install.py --beside .venv/peers/mlflow2 -r tests/mlflow2.txt      a folder for PYTHONPATH

Standard library only, since it runs before anything is installed. A stamp in the venv names the content of
pyproject.toml and constraints.txt and the extras that are in: asking for fewer extras installs nothing, asking
for more, or a changed file, installs the union. pip's real errors are shown; its chatter is not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import build_face

ROOT = Path(__file__).resolve().parent.parent
NOISE = re.compile(r"WARNING: Location '.*' is ignored|Running pip as the 'root' user|^\s*$")
SIZES = {"classical": 220, "plots": 200, "data": 350, "test": 1250}  # MB installed, about
CORE_SIZE = 190


class SetupError(Exception):
    """What is missing or failed, with the line to type."""


def main() -> int:
    """0 done, 1 failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extras", nargs="*", help="extras of pyproject.toml")
    parser.add_argument("--into", default=".venv", metavar="FOLDER", help="the venv (default .venv)")
    parser.add_argument("--beside", metavar="FOLDER", help="a folder for PYTHONPATH, filled by the pip of .venv")
    parser.add_argument("-r", "--requirements", metavar="FILE", help="install this list instead of Castalia")
    parser.add_argument("--package", action="append", default=[], help="install this instead of Castalia")
    parser.add_argument("--pip", default="", metavar="FLAGS", help="further flags for pip install")
    args = parser.parse_args()
    venv = Path(args.into).absolute()
    try:
        if args.requirements or args.package:
            what = [*args.package, *(["-r", args.requirements] if args.requirements else [])]
            if args.beside:
                install_beside(venv, Path(args.beside).absolute(), what, shlex.split(args.pip))
            else:
                install_peers(venv, what, shlex.split(args.pip))
        else:
            install_castalia(venv, set(args.extras), shlex.split(args.pip))
    except (SetupError, build_face.FaceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 1
    return 0


def install_castalia(venv: Path, extras: set[str], pip_flags: list[str]) -> None:
    """The three steps of `make setup`; silent when there is nothing to do."""
    began = time.monotonic()
    present = installed_extras(venv)
    install_due = present is None or not extras <= present
    if install_due:
        make_venv(venv, "1/3 ")
        wanted = sorted(extras | (present or set()) | older_extras(venv))
        size = CORE_SIZE + sum(SIZES.get(extra, 300) for extra in implied(wanted))
        print(
            f"2/3 installing castalia[{','.join(wanted)}] (about {size} MB on disk, one to two minutes) …", flush=True
        )
        forget_stamps(venv)
        target = f".[{','.join(wanted)}]" if wanted else "."
        pip(venv, ["-c", "constraints.txt", "--no-compile", *pip_flags, "-e", target])
        compile_bytecode(venv)
        stamp(venv).write_text("\n".join(wanted) + "\n")
    if not build_face.is_fresh():
        print("3/3 building the face …", flush=True)
        build_the_face(venv, pip_flags)
    elif install_due:
        print("3/3 the face is built already", flush=True)
    if install_due:
        print(f"    ready in {time.monotonic() - began:.0f} s", flush=True)


def install_peers(venv: Path, what: list[str], pip_flags: list[str]) -> None:
    """A venv of its own for packages whose pins clash with ours."""
    done = stamp_of(venv, what)
    if done.is_file():
        return
    make_venv(venv, "1/2 ")
    print(f"2/2 installing {' '.join(what)} into {venv.relative_to(ROOT)} (gigabytes; some minutes) …", flush=True)
    forget_stamps(venv)
    pip(venv, [*pip_flags, *what])
    done.touch()


def install_beside(venv: Path, folder: Path, what: list[str], pip_flags: list[str]) -> None:
    """Releases that clash with ours, in a folder that a child puts in front of ours: seconds, and no second venv.

    Nothing but what is listed is installed, so the list names all that must differ.
    """
    done = stamp_of(folder, what)
    if done.is_file():
        return
    print(f"installing {' '.join(what)} into {folder.relative_to(ROOT)} …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    pip(venv, ["--no-deps", "--target", str(folder), *pip_flags, *what])
    done.touch()


def stamp_of(folder: Path, what: list[str]) -> Path:
    """The file that says: this is in, from this very content of its lists."""
    text = "\0".join(what) + "".join(Path(item).read_text() for item in what if Path(item).is_file())
    return folder / f".ok-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def make_venv(venv: Path, step: str) -> None:
    """A venv with a pip that answers; an interrupted one is made anew."""
    python = venv / "bin" / "python"
    if (
        python.exists()
        and is_at_home(venv)
        and subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    ):
        return
    try:
        import ensurepip  # noqa: F401
        import venv as _venv  # noqa: F401
    except ImportError:
        raise SetupError(
            f"{sys.executable} has no venv module. Type:  {as_root('apt-get install python3-venv')}"
        ) from None
    print(f"{step}making {venv.name if venv.parent == ROOT else venv.relative_to(ROOT)}", flush=True)
    base = os.path.realpath(sys.executable)  # not a venv's own link, which --clear would remove
    done = subprocess.run([base, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True)
    if done.returncode:
        raise SetupError(
            f"`{base} -m venv {venv}` failed:\n{(done.stdout + done.stderr).strip()}\n"
            f"On Debian and Ubuntu this helps:  {as_root('apt-get install python3-venv')}"
        )


def is_at_home(venv: Path) -> bool:
    """Whether its scripts still name this very folder: a moved or copied checkout has a venv that names the old one."""
    script = venv / "bin" / "pip"
    return script.is_file() and os.fsencode(venv) in script.read_bytes()[:600]


def pip(venv: Path, arguments: list[str]) -> None:
    """`pip install` with a line of progress now and then; its whole output is shown if it fails."""
    env = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUNBUFFERED="1", CASTALIA_SKIP_FACE="1")
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    began = shown = time.monotonic()
    lines: list[str] = []
    found = 0
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout
        try:
            for line in process.stdout:
                if NOISE.search(line):
                    continue
                lines.append(line)
                found += line.startswith("Collecting ")
                now = time.monotonic()
                if line.startswith("Installing collected packages"):
                    print(f"      {now - began:3.0f} s: {found} packages fetched, unpacking them", flush=True)
                elif now - shown > 10 and not line.startswith("Successfully"):
                    shown = now
                    print(f"      {now - began:3.0f} s: {found} packages found", flush=True)
        except KeyboardInterrupt:
            process.terminate()
            raise
    if process.returncode:
        raise SetupError(
            f"pip failed ({process.returncode}):\n{''.join(lines[-60:]).strip()}\n"
            "The same command tries again; PIP_EXTRA='…' passes flags to pip (an index, a proxy)."
        )


def compile_bytecode(venv: Path) -> None:
    """What pip would do one file at a time, on all cores and without the libraries' own tests: a third of the time."""
    print("      compiling to bytecode", flush=True)
    places = [str(place) for place in venv.glob("lib/python*/site-packages")]
    skip = r"/(tests?|pip|setuptools)/"
    command = [str(venv / "bin" / "python"), "-m", "compileall", "-q", "-j", "0", "-x", skip, *places]
    subprocess.run(command, capture_output=True)  # a file that does not compile is the import's to report


def build_the_face(venv: Path, pip_flags: list[str]) -> None:
    """Build with the venv's Python, so that pip's node can serve where there is none on PATH."""
    python = str(venv / "bin" / "python")
    script = str(ROOT / "tools" / "build_face.py")
    if subprocess.run([python, script, "--need"]).returncode == 3:
        print("      there is no node here: taking pip's (about 200 MB)", flush=True)
        pip(venv, ["-c", "constraints.txt", *pip_flags, build_face.NODE_WHEEL])
    if subprocess.run([python, script]).returncode:
        raise SetupError("the face was not built (see above); the same command tries again")


def stamp(venv: Path) -> Path:
    """The file that says: these extras are in, from these very versions of the two files."""
    total = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        total.update((ROOT / name).read_bytes() + b"\0")
    total.update(str(ROOT).encode())  # an editable install points at its checkout
    return venv / f".ok-{total.hexdigest()[:16]}"


def installed_extras(venv: Path) -> set[str] | None:
    """The extras that are in, `all` and `test` with what they imply; None if there is no current install."""
    path = stamp(venv)
    if not (path.is_file() and (venv / "bin" / "python").exists()):  # a link whose Python went away does not exist
        return None
    return implied(path.read_text().split())


def older_extras(venv: Path) -> set[str]:
    """What an install from older files held: it is kept when the files change."""
    known = known_extras()
    return {extra for path in venv.glob(".ok-*") for extra in path.read_text().split() if extra in known}


def forget_stamps(venv: Path) -> None:
    for path in venv.glob(".ok-*"):
        path.unlink()


def known_extras() -> dict[str, set[str]]:
    """Each extra and the ones it includes through `castalia[…]`."""
    import tomllib

    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    own = re.compile(r"castalia\[([^\]]+)\]")
    return {
        name: {e.strip() for need in needs for m in own.findall(need) for e in m.split(",")}
        for name, needs in table.items()
    }


def implied(extras: list[str]) -> set[str]:
    known = known_extras()
    return set(extras).union(*(known.get(extra, set()) for extra in extras))


def as_root(line: str) -> str:
    return line if os.geteuid() == 0 or not shutil.which("sudo") else f"sudo {line}"


if __name__ == "__main__":
    sys.exit(main())

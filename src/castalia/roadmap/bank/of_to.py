"""Questions about tools and engineering."""

from __future__ import annotations

import random

from castalia.roadmap.bank import of_to_more as of_to_more
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("to01")
def order_of_cells(rng: random.Random) -> Question:
    """A notebook's state depends on the order of running."""
    a, b, k = rng.randint(2, 6), rng.randint(7, 12), rng.randint(2, 4)
    return number(
        "A notebook's three cells stand in this order. You run A, B, C, then B once more and C once more. "
        "What does C print at the end?",
        a * k * k + b,
        f"x keeps its value between runs: running B twice multiplies by {k} twice. Restart and run all shows another "
        f"number.",
        code=f"# cell A\nx = {a}\n# cell B\nx = x * {k}\n# cell C\nprint(x + {b})",
        within=0,
    )


@asks("to01")
def edited_module(rng: random.Random) -> Question:
    """An imported module is read once."""
    name = rng.choice(("features", "plots", "cleaning"))
    return choice(
        rng,
        f"In a notebook you imported {name}.py, then you mended a bug in that file and saved it. "
        "You run the cells again, the import cell too, and the bug is still there. Why?",
        (
            "A second import gives the module from memory",
            "Python reads a module once a process. importlib.reload, %autoreload or a restart reads it anew.",
        ),
        [
            ("The notebook has a copy of the file in it", "A notebook holds its own cells only, no modules."),
            ("Compiled files of the old version are used", "They carry the source's time and size, and are made anew."),
            ("Imports look only at installed packages", f"Then {name}.py would not have been found at all."),
        ],
    )


@asks("to02")
def commits_of_a_branch(rng: random.Random) -> Question:
    """What main..feature names."""
    common, main, feature = rng.randint(2, 4), rng.randint(1, 3), rng.randint(2, 5)
    code = (
        " - ".join(["o"] * (common + main)) + "   main\n" + "    " * (common - 1) + " \\\n"
        + "    " * (common - 1) + "  " + " - ".join(["o"] * feature) + "   feature"
    )  # fmt: skip
    return number(
        "Each o is a commit. How many commits does `git log main..feature` list?",
        feature,
        "Those that feature reaches and main does not: what was made on the branch.",
        code=code,
        within=0,
    )


@asks("to02")
def undo_what_others_have(rng: random.Random) -> Question:
    """A published commit is reverted, not removed."""
    n = rng.randint(2, 5)
    return choice(
        rng,
        f"A bad commit was pushed to main {n} days ago, and colleagues have built on it. It must be undone. How?",
        ("git revert of that commit", "A new commit takes the change back; nobody's history changes."),
        [
            ("git reset --hard to before it", "Your branch forgets it, and with it all later work of the others."),
            ("git commit --amend, then push", "It replaces the newest commit, and others still have the old one."),
            ("git checkout of its parent commit", "You look at an old state; main stays as it is."),
        ],
    )


@asks("to02")
def what_is_committed(rng: random.Random) -> Question:
    """The index is a copy of the moment of `git add`."""
    a, b, c = rng.sample(range(1, 10), 3)
    return number(
        "Which number does the file hold in the new commit?",
        b,
        "git add takes the file as it is at that moment; what is written later is not in the commit.",
        code=(
            f"echo {a} > n.txt\ngit add n.txt\necho {b} > n.txt\ngit add n.txt\necho {c} > n.txt\ngit commit -m 'A "
            f"number'"
        ),
        within=0,
    )


@asks("to03")
def tests_of_a_bisection(rng: random.Random) -> Question:
    """A bisection halves."""
    n = rng.choice((30, 60, 120, 250, 500, 1000))
    return number(
        f"A bug came in with exactly one of the last {n} commits; before them all was well, and the newest is bad. "
        "How many commits does `git bisect` have you test at most?",
        (n - 1).bit_length(),
        f"Each test halves what is left: the smallest k with 2^k ≥ {n}.",
        within=0,
    )


@asks("to03")
def next_version(rng: random.Random) -> Question:
    """Semantic versions say whether callers break."""
    a, b, c = rng.randint(1, 4), rng.randint(1, 8), rng.randint(1, 8)
    case, right, why = rng.choice((
        ("An argument of a public function gets another name", f"{a + 1}.0.0", "Programs that name it break."),
        ("A new optional argument, whose default does what was done before", f"{a}.{b + 1}.0",
         "There is more than before, and all that worked works on."),
        ("A wrong result is mended, as the documentation always had it", f"{a}.{b}.{c + 1}",
         "A bug is mended, and nothing else changes."),
    ))  # fmt: skip
    every = {
        f"{a + 1}.0.0": "That says: callers may break.",
        f"{a}.{b + 1}.0": "That says: something new, and nothing breaks.",
        f"{a}.{b}.{c + 1}": "That says: only bugs were mended.",
        f"{a}.{b + 1}.{c + 1}": "A higher middle number sets the last one back to 0.",
    }
    wrong = [(version, says) for version, says in every.items() if version != right]
    return choice(
        rng,
        f"A library at {a}.{b}.{c} keeps to semantic versions. {case}. What is the next version?",
        (right, why), wrong,
    )  # fmt: skip


@asks("to04")
def slow_image(rng: random.Random) -> Question:
    """What a layer depends on."""
    minutes = rng.randint(3, 9)
    return choice(
        rng,
        f"Each change of one line of code makes `docker build` install all packages again, {minutes} minutes. "
        "Which change cures it?",
        (
            "Copy requirements.txt and install before COPY . .",
            "A layer is built anew when what it copies changed; then only the last layers are.",
        ),
        [
            ("Join both RUN lines into one with && between", "One layer less, and it is still after the copied code."),
            ("Leave out --no-cache-dir, so that pip keeps files", "pip's cache is in the layer that is thrown away."),
            ("Take a smaller base image, such as python:slim", "Less to fetch once; packages are installed each time."),
        ],
        code=(
            "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n"
            'RUN mkdir -p logs\nCMD ["python", "main.py"]'
        ),
    )


@asks("to04")
def whose_localhost(rng: random.Random) -> Question:
    """localhost inside a container is the container."""
    port = rng.choice((5432, 6379, 27017))
    return choice(
        rng,
        f"Containers `web` and `db` run on one user-defined Docker network. In web, a connection to localhost:{port} "
        f"is "
        f"refused, though the database listens on {port} in db. What must web use?",
        (f"db:{port}", "On such a network a container is found by its name; localhost is web itself."),
        [
            (f"127.0.0.1:{port}", "That is the same as localhost: the container web itself."),
            (f"0.0.0.0:{port}", "A server listens on that to mean all addresses; it is nobody's address."),
            (f"web:{port}", "That is the name of the container that asks, not of the database."),
        ],
    )


@asks("to04")
def where_the_data_went(rng: random.Random) -> Question:
    """What is written into a container goes with it."""
    thing = rng.choice(("database", "model registry", "experiment tracker"))
    return choice(
        rng,
        f"A {thing} runs in a container and writes to /data. After `docker rm` and `docker run` of a newer image all "
        "of it is gone. What keeps it?",
        ("A volume mounted at /data", "A volume lives outside of the container's own layer and outlasts it."),
        [
            ("A line VOLUME in the image", "It gives each new container a new, nameless, empty volume."),
            ("The flag --restart always", "It starts the same container again, and that one was removed."),
            ("A COPY of /data in the image", "It has what was there when the image was built, and nothing later."),
        ],
    )


@asks("to05")
def red_by_chance(rng: random.Random) -> Question:
    """Flaky tests add up."""
    n, p = rng.choice((50, 100, 200, 400)), rng.choice((0.1, 0.2, 0.5))
    return number(
        f"{n} tests each fail by chance in {p} % of runs, independently, though the code is right. "
        "In how many per cent of runs is the pipeline red? Use Python if you like.",
        100 * (1 - (1 - p / 100) ** n),
        f"It is green only if all {n} pass: 100 · (1 - {1 - p / 100:g}^{n}).",
        within=0.03,
    )


@asks("to05")
def green_alone(rng: random.Random) -> Question:
    """Tests that need each other."""
    return choice(
        rng,
        "Locally all tests pass in the usual order. In CI, which runs them in random order, test_report fails now and "
        "then with 'no such file out.csv'. Run alone it fails always. What is wrong?",
        ("test_report uses a file of another test", "It passes only after the test that writes out.csv."),
        [
            ("The machine of the CI is too slow", "Then it would pass alone on your machine."),
            ("Another version of Python is used", "It fails on your own machine as well, when it runs alone."),
            ("test_report leaves its own file behind", "A file too many does not make one that is missing."),
        ],
    )


@asks("to05")
def minutes_of_a_pipeline(rng: random.Random) -> Question:
    """The longest way counts."""
    build, lint, unit, web, ship = rng.randint(2, 5), rng.randint(1, 3), rng.randint(4, 9), rng.randint(5, 12), 2
    return number(
        "Jobs begin as soon as all that they need is done, with machines enough. After how many minutes is deploy "
        "done?",
        build + max(unit, web) + ship,
        "The longest way through counts: build, the slower of unit and browser, deploy. lint runs beside them.",
        code=(
            f"build:    {build} min\nlint:     {lint} min\nunit:     {unit} min, needs build\n"
            f"browser:  {web} min, needs build\ndeploy:   {ship} min, needs lint, unit, browser"
        ),
        within=0,
    )


@asks("to06")
def cost_of_training(rng: random.Random) -> Question:
    """Hours of machines and months of storage."""
    hours, price, many = rng.randint(10, 60), rng.choice((1.5, 2.0, 3.5)), rng.choice((2, 4, 8))
    size, month = rng.choice((500, 1000, 2000)), 0.02
    return number(
        f"{many} machines with a GPU run for {hours} h at {price} $ an hour each. {size} GB of data are kept for three "
        f"months at {month} $ per GB and month. What does it cost, in $?",
        many * hours * price + size * month * 3,
        "Machines times hours times price, and size times months times price.",
    )


@asks("to06")
def rights_of_a_machine(rng: random.Random) -> Question:
    """Where a program's rights come from."""
    store = rng.choice(("training data", "model files", "customers' pictures"))
    return choice(
        rng,
        f"A program on a cloud machine reads {store} from one private bucket. How does it get the right to?",
        (
            "The machine has a role that may read this bucket",
            "Short-lived keys come from the platform, nothing is stored, and no other right comes with it.",
        ),
        [
            ("Its image has a key in an environment variable", "Whoever gets the image has a key that never ends."),
            (
                "The repository has a key in a private settings file",
                "A key in the history stays there, in every clone.",
            ),
            ("The bucket is public, and its name is hard to guess", "Names leak through logs and links, to everybody."),
        ],
    )


@asks("to06")
def cheaper_but_taken_away(rng: random.Random) -> Question:
    """Lost work of machines that may be stopped."""
    every, hours, spot, full = rng.choice((2, 4)), rng.choice((40, 60, 100)), rng.choice((1, 1.2)), 3.0
    stops = rng.randint(4, 8)
    lost = stops * every / 2
    return number(
        f"A training of {hours} h runs on a spot machine at {spot} $ an hour, which is stopped {stops} times. A "
        f"checkpoint "
        f"is written every {every} h, so that half of that is lost at a stop on average. "
        f"How many $ are saved against {full:g} $ an hour without stops?",
        hours * full - (hours + lost) * spot,
        f"{lost:g} h are done twice: {hours + lost:g} h at {spot} $ against {hours} h at {full:g} $.",
    )

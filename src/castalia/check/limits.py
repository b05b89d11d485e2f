"""What the code under check may use, and which of these limits this machine can hold it to.

Every limit has one way to be enforced on each platform; where there is none, ``limits_enforced`` says so, `castalia
doctor` prints it and every report carries it. Nothing here imports ``fcntl`` or ``resource``.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

from castalia.core.contract import Contract


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bytes and seconds for one runner, and for everything that it starts."""

    start: float = 15.0
    """Wall seconds for importing the file; each call has the rest of its claim's budget."""
    cpu: float = 900.0
    """CPU seconds of one process, over the runner's whole life: a backstop behind the wall limits."""
    memory: int = 2 << 30
    """Resident bytes of all its processes together, looked at 50 times a second."""
    address_space: int = 16 << 30
    """Of one process; it makes a 100 GB array a MemoryError and not a dead machine."""
    processes: int = 64
    """At once, the first one included."""
    files: int = 256
    """Open files of one process."""
    file_size: int = 256 << 20
    """Of any one file."""
    disk: int = 1 << 30
    """Of all files in its folder together, added up five times a second."""
    entries: int = 50_000
    """Files and folders in its folder."""
    output: int = 1 << 20
    """Printed bytes that are kept; what is printed beyond is read and dropped."""
    result: int = 256 << 20
    """Bytes of one answer."""
    loopback: bool = False
    """Its own network namespace has a loopback that is up."""
    namespaces: bool = True
    """Use the kernel's namespaces where it lends them; without them the tree is polled and killed."""

    @classmethod
    def of(cls, contract: Contract) -> Limits:
        """What a contract allows: its memory, and CPU seconds for its budgets, each asked for twice."""
        budgets = sum(claim.budget for milestone in contract.milestones for claim in milestone.claims)
        memory = contract.memory << 20
        cpu = 2 * (cls.start + budgets) + 2
        return cls(memory=memory, cpu=cpu, address_space=max(cls.address_space, 8 * memory))

    @property
    def room(self) -> str:
        """How much may lie in its folder, in words."""
        return f"{self.disk >> 20} MiB or {self.entries} files into its folder"

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


class Enforced(NamedTuple):
    """One limit: does it hold here, and how, or why not, and what to do about that."""

    name: str
    enforced: bool
    why: str
    cure: str = ""

    def as_dict(self) -> dict[str, Any]:
        return self._asdict()


NAMESPACES = (
    "Let this user make user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0), or give the container SYS_ADMIN."
)
COUNTED = "Check as an ordinary user, or on Linux 6.14 or newer with namespaces."
ELSEWHERE = "Check code that you do not trust on Linux."


def limits_enforced() -> list[Enforced]:
    """What holds on this machine, found by trying it (one empty sandbox, some 0.2 s)."""
    from castalia.check.sandbox import probe

    return enforced_by(probe())


def enforced_by(refused: dict[str, str] | None) -> list[Enforced]:
    """The list for a sandbox that reported ``refused``: the name of each means -> "" or why it was refused."""
    posix = sys.platform != "win32" and _has("resource")
    linux = sys.platform == "linux"
    no_rlimit = "" if posix else "this system has no resource limits"
    no_cage = "" if sys.platform != "win32" else "nothing stands between checker and code on Windows"
    no_tree = "" if linux else "only Linux tells a program about its whole process tree"
    told = refused or {}

    def by_kernel(means: str) -> str:
        return told.get(means, "not tried") if linux else "only Linux has namespaces"

    no_pids, own_user = by_kernel("pid namespace"), by_kernel("own user") == ""
    no_count = no_rlimit or (by_kernel("process limit") if linux else no_tree)
    polled = "looked at 50 times a second, so that a storm is ended and yet felt"
    counted = "RLIMIT_NPROC, for a user of its own" if own_user else "RLIMIT_NPROC"
    if no_count and by_kernel("number of processes") == "":
        no_count, counted = "", "the PID namespace has room for 400"
    outside = by_kernel("read-only files")
    if outside and own_user:
        outside += "; it runs as a user of its own, who can write only where everybody may"
    unix = "Unix sockets are reachable" if outside else "Unix sockets that were open before are covered"
    cure = NAMESPACES if linux else ELSEWHERE
    rows = [
        ("wall", "", "the checker ends what is late", ""),
        ("output", "", "the checker keeps the first megabyte", ""),
        ("result", "", "the checker refuses a larger answer", ""),
        ("memory", no_tree, "all processes together, polled 50 times a second", ELSEWHERE),
        ("address space", no_rlimit, "RLIMIT_AS", ELSEWHERE),
        ("cpu", no_rlimit, "RLIMIT_CPU", ELSEWHERE),
        ("file size", no_rlimit, "RLIMIT_FSIZE", ELSEWHERE),
        ("disk", no_cage, "all files of its folder, added up five times a second", ELSEWHERE),
        ("open files", no_rlimit, "RLIMIT_NOFILE", ELSEWHERE),
        ("processes", no_count and f"{no_count}; {polled}", counted, COUNTED if linux else ELSEWHERE),
        ("no process stays", no_pids and no_tree, "a polled and killed tree" if no_pids else "a PID namespace", cure),
        ("no network", by_kernel("network namespace"), f"a network namespace with only its own loopback; {unix}", cure),
        ("files outside", outside, "everything but its own folder is read-only", cure),
    ]
    return [Enforced(name, not why, why or how, cure if why else "") for name, why, how, cure in rows]


def _has(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True

"""What the Linux kernel lends a sandbox: namespaces, read-only mounts, no capabilities. Through ctypes, Linux only.

Each step is tried by itself and says why it was refused: a container or a distribution may forbid any of them. Only
``castalia.check.cage`` uses this, in a process of one thread that is about to become the sandbox.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import socket
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
MOUNT_ATTR_RDONLY, AT_RECURSIVE, AT_FDCWD = 1, 0x8000, -100
MOUNT_SETATTR = 442  # the same number on every architecture, as all calls since 5.1
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 24, 28, 38, 47
NO_SETUID_FIXUP = 4
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
COUNTED, UNCOUNTED, UNTRIED = 0, 1, 2
SHARED_MEMORY = 256 << 20
MOST_SOCKETS = 2000
MOST_PIDS = 400  # the kernel takes no less than 301

_libc = ctypes.CDLL(None, use_errno=True)


def unshare() -> dict[str, str]:
    """Move this process (and its next child) into namespaces of their own: means -> "" or why not.

    An ordinary user needs a user namespace for the others; root does without, and so can go on reading files.
    """
    told = {"pid namespace": "", "network namespace": ""}
    user, group = os.geteuid(), os.getegid()
    if user == 0 and not _unshare(NEWPID | NEWNET | NEWIPC):
        return told
    if refused := _unshare(NEWUSER):
        return dict.fromkeys(told, f"the kernel refuses user namespaces here ({refused})")
    with contextlib.suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
    try:
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError as error:
        return dict.fromkeys(told, f"the user namespace could not be set up ({error.strerror})")
    for name, flag in (("pid namespace", NEWPID | NEWIPC), ("network namespace", NEWNET)):
        told[name] = _unshare(flag)
    return told


def open_sockets() -> list[str]:
    """The places of the Unix sockets that are bound to files now. No network namespace hides these."""
    with contextlib.suppress(OSError):
        rows = Path("/proc/net/unix").read_text(errors="surrogateescape").splitlines()[1:]
        places = (row.split(maxsplit=7)[7] for row in rows if row.count(" /"))
        return list(dict.fromkeys(place for place in places if place.startswith("/")))[:MOST_SOCKETS]
    return []


def enclose(folder: Path, loopback: bool, sockets: Iterable[str] = ()) -> dict[str, str]:
    """Inside the namespaces: everything but ``folder`` read-only, own /proc and /dev/shm, nothing at the ``sockets``;
    own loopback where asked for.

    Returns means -> "" or why not, for "read-only files" and "number of processes".
    """
    if loopback:
        with contextlib.suppress(OSError, ImportError):
            _loopback_up()
    if refused := _unshare(NEWNS):
        return {"read-only files": f"the kernel refuses a mount namespace here ({refused})"}
    told = {"read-only files": "", "number of processes": "the kernel lends no /proc of its own"}
    try:
        _mount("none", "/", "", MS_REC | MS_PRIVATE)
        _mount(str(folder), str(folder), "", MS_BIND)
        with contextlib.suppress(OSError):  # refused inside some containers; then theirs stays, read-only
            _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
            told["number of processes"] = _limit_pids()
        for place in sockets:
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.lstat(place).st_mode):
                    _mount("/dev/null", place, "", MS_BIND)
        _mount_attr("/", MOUNT_ATTR_RDONLY, 0, AT_RECURSIVE)
        _mount_attr(str(folder), 0, MOUNT_ATTR_RDONLY, 0)
        with contextlib.suppress(OSError):
            _mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, f"size={SHARED_MEMORY}")  # noqa: S108
    except OSError as error:
        told["read-only files"] = f"the kernel refuses mounts here ({error.strerror})"
    return told


def a_user() -> int:
    """An id for one sandbox alone when this is root, else 0: the kernel counts no processes of root.

    Such an id is nobody's, on this machine and on others (systemd's list of ranges leaves it free).
    """
    return 1_900_000_000 + secrets.randbelow(1 << 24) if os.geteuid() == 0 else 0


def become(user: int) -> None:
    """Go on as ``user``, who may read what root may read, and write nothing but what is theirs or everybody's.

    Raises OSError where that is refused, or files would be hidden; nothing has changed then, or this process must end.
    """
    held = int(next(r for r in Path("/proc/self/status").read_text().splitlines() if r.startswith("CapPrm:"))[7:], 16)
    kept = next((each for each in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if held >> each & 1), None)
    if kept is None:
        raise OSError(1, "this root may not read the files of others")
    for capability in range(64):
        if capability != kept:
            _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    # Another id keeps what is held, and access(2), which git asks, counts it.
    if _libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    header = struct.pack("=Ii", 0x20080522, 0)
    if _libc.capset(header, struct.pack("=6I", *(1 << kept,) * 3, 0, 0, 0)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if _libc.prctl(PR_CAP_AMBIENT, 2, ctypes.c_ulong(kept), 0, 0):  # so that it outlives the start of their Python
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def holds_processes(user: int, program: str = "") -> str:
    """Whether the kernel keeps to RLIMIT_NPROC once this process is ``user`` (0: as it is), who can also start
    ``program``; tried by a child: "", or why it does not."""
    try:
        import resource
    except ImportError:
        return "this Python has no resource limits"
    pid = os.fork()
    if pid == 0:
        code = UNTRIED
        with contextlib.suppress(BaseException):
            if user:
                become(user)
            if program and not os.access(program, os.X_OK):
                os._exit(UNTRIED)
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
            code = COUNTED
            if os.fork() >= 0:
                code = UNCOUNTED
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == COUNTED:
        return ""
    return (
        "the kernel counts no processes of root"
        if code == UNCOUNTED
        else "root cannot become another user here, or only one who may not start that Python"
    )


def drop_privileges() -> None:
    """No capability but reading files (which only root had), and no way to gain one."""
    for capability in range(64):
        if capability != CAP_DAC_READ_SEARCH:
            _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with_parent() -> None:
    """KILL for this process when its parent ends (the parent must have one thread)."""
    _libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


def _unshare(flags: int) -> str:
    """Nothing, or the words of the error."""
    if _libc.unshare(flags) == 0:
        return ""
    return os.strerror(ctypes.get_errno())


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    arguments = [os.fsencode(text) if text else None for text in (source, target, kind)]
    if _libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() if data else None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _mount_attr(target: str, set_: int, clear: int, flags: int) -> None:
    attributes = struct.pack("=QQQQ", set_, clear, 0, 0)
    number, at, size = ctypes.c_long(MOUNT_SETATTR), ctypes.c_int(AT_FDCWD), ctypes.c_size_t(len(attributes))
    if _libc.syscall(number, at, target.encode(), ctypes.c_uint(flags), attributes, size):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _limit_pids() -> str:
    """At most so many processes in this namespace; "" or why not. Before 6.14 the number was the whole machine's, and
    is left alone."""
    major, minor = (int(part) for part in os.uname().release.split(".")[:2])
    if (major, minor) < (6, 14) or os.getpid() != 1:
        return "kernels before 6.14 have no such limit"
    Path("/proc/sys/kernel/pid_max").write_text(str(MOST_PIDS))
    return ""


def _loopback_up() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, 0x8914, struct.pack("16sH22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP

"""What runs below this process, by /proc, and what killed ranks leave behind.

This process adopts every descendant whose own parent ends (PR_SET_CHILD_SUBREAPER), so a daemon that
has detached itself is a descendant still. Network and host name namespaces do not hide processes.
"""

import ctypes
import dataclasses
import os
import pathlib
import shutil
import signal
import tempfile

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl failed")


def adopt_orphans() -> None:
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Called in a child: it gets SIGTERM when its parent ends, even by SIGKILL."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclasses.dataclass(frozen=True)
class Rank:
    """A process that mpirun or a daemon has started as a rank, with what may be left of it."""

    pid: int
    session_directory: pathlib.Path
    # The job's number in names of shared memory segments.
    job: int


def _parents() -> dict[int, int]:
    """The parent of each process that is no zombie."""
    parents = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdecimal():
            continue
        try:
            stat = pathlib.Path(entry.path, "stat").read_text()
        except OSError:
            continue  # It has ended since.
        # The name in parentheses may itself contain spaces and parentheses.
        state, parent = stat.rpartition(")")[2].split()[:2]
        if state not in "ZX":
            parents[int(entry.name)] = int(parent)
    return parents


def _environment(pid: int) -> dict[str, str]:
    try:
        content = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}  # It has ended since.
    pairs = (item.partition("=") for item in os.fsdecode(content).split("\0"))
    return {name: value for name, _, value in pairs}


def descendants() -> dict[int, int]:
    """Those of this process, with their parents."""
    parents = _parents()
    found: dict[int, int] = {}
    generation = {os.getpid()}
    while generation:
        generation = {pid for pid, parent in parents.items() if parent in generation}
        found |= {pid: parents[pid] for pid in generation}
    return found


def ranks() -> list[Rank]:
    found = []
    below = descendants()
    environments = {pid: _environment(pid) for pid in below}
    for pid, parent in below.items():
        environment = environments[pid]
        # A process that a rank has started inherits its variables.
        inherited = "OMPI_COMM_WORLD_RANK" in environments.get(parent, {})
        if "OMPI_COMM_WORLD_RANK" in environment and not inherited:
            directory = pathlib.Path(environment.get("PMIX_SERVER_TMPDIR", "/nonexistent"))
            found.append(Rank(pid, directory, int(environment.get("PMIX_NAMESPACE", "0"))))
    return found


def reap() -> dict[int, int]:
    """Exit codes of children that have ended, by process; a signal's number negative."""
    ended = {}
    while has_children():
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            break
        ended[pid] = os.waitstatus_to_exitcode(status)
    return ended


def has_children() -> bool:
    """As orphans are adopted, this process has descendants just as long as it has children."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def send(number: int, pid: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # It has ended since.


def remove_remains(mpirun: int, ranks: set[Rank]) -> None:
    """Removes session directories and shared memory segments of a job that does not run any more."""
    user = os.getuid()
    directories = {rank.session_directory for rank in ranks}
    directories |= set(pathlib.Path(tempfile.gettempdir()).glob(f"ompi.*.{user}/pid.{mpirun}"))
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)
        try:
            directory.parent.rmdir()
        except OSError:
            pass  # Another job's directory is beside it, or Open MPI has removed both.
    for job in {rank.job for rank in ranks}:
        for segment in pathlib.Path("/dev/shm").glob(f"vader_segment.*.{user}.{job:x}.*"):
            segment.unlink(missing_ok=True)

"""Debuggers for ranks that wait for one: in terminals where there are some, else one batch each."""

import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from .command import Unavailable

WAITING = re.compile(rb"lcnn-dist: rank (\d+) .*, waits for a debugger at (.+): gdb -p (\d+)")
# Lets the rank go on when the debugger has gone, too; ranks ask for stacks by a real-time signal.
PREPARATION = (
    "set pagination off",
    "set confirm off",
    "handle SIG61 SIGUSR1 SIGUSR2 nostop noprint pass",
    "set var *(int *)&ccrash_is_released = 1",
)
PATIENCE_AT_END = 10.0


def _unblock_signals() -> None:
    """Called in a child: the launcher takes signals one by one, but gdb waits for SIGCHLD."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


@dataclasses.dataclass(frozen=True)
class Request:
    ranks: list[int]
    # As the program's --debug-at takes it.
    place: str
    commands: list[str]

    @property
    def arguments(self) -> list[str]:
        ranks = ",".join(f"{rank}" for rank in self.ranks)
        return ["--wait-for-debugger", ranks, "--debug-at", self.place]


def require_gdb() -> None:
    if not shutil.which("gdb"):
        raise Unavailable("no gdb on the PATH; on Debian: apt-get install gdb")


class Debuggers:
    """Attaches gdb to each rank of a request as it begins to wait."""

    def __init__(self, request: Request | None, log_directory: pathlib.Path) -> None:
        self.request = request
        self.log_directory = log_directory
        self.waiting = set(request.ranks) if request else set()
        # Batches that run, by process, with the files of their output.
        self.batches: dict[int, pathlib.Path] = {}
        self.terminal: int | None = None

    @property
    def has_terminal(self) -> bool:
        """Whether a debugger has this terminal, to which Ctrl-C then belongs."""
        return self.terminal is not None

    @property
    def is_used(self) -> bool:
        return self.request is not None and len(self.waiting) < len(self.request.ranks)

    def look(self) -> None:
        for rank in sorted(self.waiting):
            for log in self.log_directory.glob(f"rank.*{rank}/std*"):
                match = WAITING.search(log.read_bytes())
                if match and int(match[1]) == rank and rank in self.waiting:
                    self.waiting.remove(rank)
                    self.attach(rank, match[2].decode(), int(match[3]))

    def attach(self, rank: int, place: str, process: int) -> None:
        assert self.request
        gdb = ["gdb", "-q", "-p", f"{process}"]
        for line in (*PREPARATION, *self.request.commands):
            gdb += ["-ex", line]
        title = f"rank {rank} at {place}"
        if "TMUX" in os.environ:
            subprocess.run(
                ["tmux", "new-window", "-d", "-n", title, *gdb],
                preexec_fn=_unblock_signals,
            )
            print(f"local: {title}: gdb is in a window of tmux", file=sys.stderr)
        elif sys.stdin.isatty() and len(self.request.ranks) == 1:
            self.terminal = subprocess.Popen(gdb, preexec_fn=_unblock_signals).pid
        elif sys.stdin.isatty() and shutil.which("tmux"):
            session = f"lcnn-dist-{os.getpid()}-rank-{rank}"
            subprocess.run(
                ["tmux", "new-session", "-d", "-s", session, *gdb],
                preexec_fn=_unblock_signals,
            )
            print(f"local: {title}: tmux attach -t {session}", file=sys.stderr)
        else:
            self.start_batch(rank, place, process)

    def start_batch(self, rank: int, place: str, process: int) -> None:
        assert self.request
        output = self.log_directory / f"gdb.{rank}"
        gdb = ["gdb", "-q", "--batch", "-p", f"{process}"]
        for line in (*PREPARATION, "thread apply all backtrace", *self.request.commands):
            gdb += ["-ex", line]
        with output.open("wb") as file:
            started = subprocess.Popen(
                gdb,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=_unblock_signals,
            )
        print(f"local: rank {rank} is at {place}; gdb writes {output}", file=sys.stderr)
        self.batches[started.pid] = output

    def note_ends(self, processes: set[int]) -> None:
        """Prints what batches that have ended have found."""
        if self.terminal in processes:
            self.terminal = None
        for process in processes & set(self.batches):
            text = self.batches.pop(process).read_text(errors="replace")
            print(text, file=sys.stderr, flush=True)

    def await_batches(self, reap: Callable[[], None]) -> None:
        """After the ranks, which they outlive by a moment."""
        limit = time.monotonic() + PATIENCE_AT_END
        while (self.batches or self.has_terminal) and time.monotonic() < limit:
            reap()
            time.sleep(0.05)

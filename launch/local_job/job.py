"""A job from its first process to the last: hosts, signals, time limits, and the end of everything."""

import os
import pathlib
import signal
import subprocess
import sys
import time

from . import processes
from .command import Commands
from .debuggers import Debuggers, Request

EXIT_FAILURE = 1
EXIT_UNAVAILABLE = 69
EXIT_TIMEOUT = 124
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}
# nohup has it ignored.
if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
    STOP_SIGNALS.add(signal.SIGHUP)
HANDLED_SIGNALS = STOP_SIGNALS | {signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD}
# Seconds between looks at the processes; signals and mpirun's end do not wait for it.
LOOK_INTERVAL = 1.0
# No rank leaves alone, so the others follow the first within seconds, and mpirun the last.
PATIENCE_AFTER_FIRST_RANK = 15.0
PATIENCE_AFTER_LAST_RANK = 3.0
# What mpirun may take to end its ranks, on other machines too, and a killed process to go.
PATIENCE_AFTER_TERM = 5.0
PATIENCE_AFTER_KILL = 10.0


def say(message: str) -> None:
    try:
        print(f"local: {message}", file=sys.stderr, flush=True)
    except OSError:
        pass  # The terminal has gone, which is no reason to give the job up.


def run(
    commands: Commands,
    log_directory: pathlib.Path,
    timeout: int | None,
    debug: Request | None = None,
) -> int:
    # Signals are taken one by one, where the job can answer them.
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED_SIGNALS)
    processes.adopt_orphans()
    if commands.setup and subprocess.run(commands.setup, stdin=subprocess.DEVNULL).returncode:
        # It has said why; what it did before that goes without words.
        subprocess.run(
            commands.cleanup, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return EXIT_UNAVAILABLE
    try:
        say(f"logs in {log_directory}")
        return Job(commands, log_directory, timeout, debug).run()
    finally:
        if commands.cleanup:
            subprocess.run(commands.cleanup, stdin=subprocess.DEVNULL)


def _become_mpirun() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED_SIGNALS)
    processes.end_with_parent()


def _environment() -> dict[str, str]:
    """mpirun gives ranks pseudo-terminals, even where its own output goes into a file."""
    return {**os.environ, **({} if sys.stdout.isatty() else {"TERM": "dumb"})}


class Job:
    def __init__(
        self,
        commands: Commands,
        log_directory: pathlib.Path,
        timeout: int | None,
        debug: Request | None,
    ) -> None:
        self.machines = commands.machines
        self.log_directory = log_directory
        self.debuggers = Debuggers(debug, log_directory)
        self.deadline = time.monotonic() + timeout if timeout else None
        self.timeout = timeout
        # A session of its own: Ctrl-C on the terminal reaches this process only.
        self.mpirun = subprocess.Popen(
            commands.mpirun,
            stdin=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
            preexec_fn=_become_mpirun,
        )
        self.code: int | None = None
        self.ranks: set[processes.Rank] = set()
        self.first_end: float | None = None
        self.last_end: float | None = None
        self.is_stopping = False

    def run(self) -> int:
        try:
            code = self.watch()
            self.debuggers.await_batches(self.reap)
            return code
        finally:
            self.end_everything()
            processes.remove_remains(self.mpirun.pid, self.ranks)

    def watch(self) -> int:
        """Until mpirun has ended, or has to be ended; answers with the job's exit code."""
        while True:
            self.look()
            if self.code is not None:
                return self.code if self.code >= 0 else 128 - self.code
            now = time.monotonic()
            if self.deadline and now > self.deadline:
                say(f"the job has not ended within {self.timeout} s and is ended")
                return EXIT_TIMEOUT
            if self.has_stuck_mpirun(now):
                return self.recorded_exit_code()
            received = signal.sigtimedwait(HANDLED_SIGNALS, self.wait_time(now))
            if received and received.si_signo != signal.SIGCHLD:
                code = self.answer(signal.Signals(received.si_signo))
                if code is not None:
                    return code

    def wait_time(self, now: float) -> float:
        return min(LOOK_INTERVAL, max(0.0, self.deadline - now)) if self.deadline else LOOK_INTERVAL

    def look(self) -> None:
        self.reap()
        self.debuggers.look()
        running = set(processes.ranks())
        self.ranks |= running
        now = time.monotonic()
        if self.ranks - running and self.first_end is None:
            self.first_end = now
        if self.ranks and not running and self.last_end is None:
            self.last_end = now

    def reap(self) -> None:
        ended = processes.reap()
        self.debuggers.note_ends(set(ended))
        if self.mpirun.pid in ended:
            self.code = self.mpirun.returncode = ended[self.mpirun.pid]

    def has_stuck_mpirun(self, now: float) -> bool:
        if self.debuggers.is_used:
            return False
        after_first = now - (self.first_end or now) > PATIENCE_AFTER_FIRST_RANK
        after_last = now - (self.last_end or now) > PATIENCE_AFTER_LAST_RANK
        if after_last:
            say("all ranks have ended, but mpirun has not; it is ended with its daemons")
        elif after_first:
            say("a rank has ended, but others and mpirun have not; they are ended")
        return after_first or after_last

    def recorded_exit_code(self) -> int:
        """That of the first rank that failed."""
        files = sorted(
            self.log_directory.glob("exit-code.*"), key=lambda file: file.stat().st_mtime_ns
        )
        codes = {file.suffix[1:]: int(file.read_text() or 0) for file in files}
        say("exit codes of ranks: " + ", ".join(f"{rank}: {code}" for rank, code in codes.items()))
        return next((code for code in codes.values() if code), EXIT_FAILURE)

    def answer(self, received: signal.Signals) -> int | None:
        """Hands a signal on; the job's exit code if it is to end now."""
        if received == signal.SIGINT and self.debuggers.has_terminal:
            return None
        is_stop = received in STOP_SIGNALS
        if is_stop and (self.is_stopping or not self.ranks):
            say(f"ended by {received.name}")
            return 128 + received
        if is_stop:
            self.is_stopping = True
            say(f"{received.name}: the ranks stop after a checkpoint; once more ends them at once")
        # Before there are ranks mpirun may not catch signals yet, and would end by one.
        if self.ranks:
            processes.send(signal.SIGUSR1 if is_stop else received, self.mpirun.pid)
        return None

    def end_everything(self) -> None:
        if self.code is None and self.machines:
            # Only mpirun can end what it has started on other machines.
            processes.send(signal.SIGTERM, self.mpirun.pid)
            if not self.have_ended(PATIENCE_AFTER_TERM):
                say(f"mpirun does not end; ranks may be left on {', '.join(self.machines)}")
        limit = time.monotonic() + PATIENCE_AFTER_KILL
        while not self.have_ended(0.1):
            if time.monotonic() > limit:
                say(f"these processes do not end: {sorted(processes.descendants())}")
                return
            for pid in processes.descendants():
                processes.send(signal.SIGKILL, pid)

    def have_ended(self, patience: float) -> bool:
        """Waits for the end of all descendants, until another signal to stop comes."""
        limit = time.monotonic() + patience
        while time.monotonic() < limit:
            self.reap()
            if not processes.has_children():
                return True
            received = signal.sigtimedwait(HANDLED_SIGNALS, 0.05)
            if received and received.si_signo in STOP_SIGNALS:
                return False
        return False

#!/usr/bin/env python3
"""Tries to lose a run: kills, ends within a save, a full disk. The run must end as the undisturbed one.

    Tests/Comparisons/drills.py kills --binary .build/release/lcnn-dist [--kills 50]
    Tests/Comparisons/drills.py boundaries --binary .build/release/lcnn-dist [--every 1]
    Tests/Comparisons/drills.py full-disk --binary .build/release/lcnn-dist     (root, for a tmpfs)
    Tests/Comparisons/drills.py inodes|read-only|slow-disk|clock|stall --binary .build/release/lcnn-dist

kills: under launch/supervise, random ranks, mpirun, and rank 0 while it writes a checkpoint, are killed.
boundaries: the process is ended after the first, second, … system call that changes the run's files, in a
fresh run from another run's model and in each later save; after each, `checkpoint verify` finds a whole state or none, and --resume
goes on. A small library in C, compiled by cc and loaded before libc, counts the calls.
full-disk, inodes: the run is on a tmpfs of 100 KiB, 120 KiB, …, or of 5, 6, … files; where it ends, it must
end with code 74, or 73 before its first checkpoint, and after room was made --resume ends it as on a large disk.
read-only: the folder of checkpoints cannot be written from some step on; the run goes on without, says so, and
ends with code 74 where it cannot write its last one.
slow-disk: fsync takes 50 ms, and a checkpoint is due after each step.
clock: the time of day goes back by hours, again and again.
stall: no fault; how long steps of a ResNet-18 (90 MB) wait for checkpoints, and what these cost in all.

Weights, momentum buffers and metrics are compared byte for byte. The exit status is 1 if any differs.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHORT = ["--train-samples", "192", "--test-samples", "10", "--epochs", "2", "--threads", "1"]
RUN_DIRECTORY, WRITE_FAILED = 73, 74

# Ends the process after the n-th call that changes a file below a folder.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <sys/time.h>
#include <unistd.h>
static int left = -1, times = 0;
static int is_run(const char *path) {
  const char *folder = getenv("DRILL_FOLDER");
  return folder && path && strstr(path, folder);
}
static int is_run_file(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t count = readlink(link, path, sizeof path - 1);
  if (count < 0) return 0;
  path[count] = 0;
  return is_run(path);
}
static void count_call(int is_counted) {
  if (!is_counted) return;
  if (!getenv("DRILL_CALLS")) return;
  if (left < 0) left = atoi(getenv("DRILL_CALLS"));
  if (--left == 0) _exit(99);
}
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
ssize_t write(int d, const void *b, size_t n) {
  ssize_t r = REAL(write)(d, b, n); count_call(is_run_file(d)); return r;
}
int fsync(int d) {
  if (getenv("DRILL_FSYNC_MS") && is_run_file(d)) usleep(1000 * atoi(getenv("DRILL_FSYNC_MS")));
  int r = REAL(fsync)(d); count_call(is_run_file(d)); return r;
}
int ftruncate(int d, off_t n) { int r = REAL(ftruncate)(d, n); count_call(is_run_file(d)); return r; }
int rename(const char *a, const char *b) { int r = REAL(rename)(a, b); count_call(is_run(b)); return r; }
int mkdir(const char *p, mode_t m) { int r = REAL(mkdir)(p, m); count_call(is_run(p)); return r; }
int rmdir(const char *p) { int r = REAL(rmdir)(p); count_call(is_run(p)); return r; }
int unlink(const char *p) { int r = REAL(unlink)(p); count_call(is_run(p)); return r; }
int open(const char *p, int flags, ...) {
  va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list);
  int r = ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(p, flags, mode);
  count_call((flags & (O_CREAT | O_TRUNC)) && is_run(p)); return r;
}
static long back(void) {
  return getenv("DRILL_CLOCK") ? 3600L * (__sync_fetch_and_add(&times, 1) / 16) : 0;
}
int clock_gettime(clockid_t id, struct timespec *t) {
  int r = REAL(clock_gettime)(id, t); if (id == CLOCK_REALTIME) t->tv_sec -= back(); return r;
}
int gettimeofday(struct timeval *restrict t, void *restrict z) {
  int r = REAL(gettimeofday)(t, z); t->tv_sec -= back(); return r;
}
time_t time(time_t *t) {
  time_t now = REAL(time)(NULL) - back(); if (t) *t = now; return now;
}
"""


def environment(**extra: str) -> dict[str, str]:
    allowed = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
    }
    return os.environ | allowed | extra


def run(command: list[str], expected: int | None = 0, **extra: str) -> subprocess.CompletedProcess:
    result = subprocess.run(command, text=True, capture_output=True, env=environment(**extra))
    if expected is not None and result.returncode != expected:
        words = " ".join(command)
        sys.exit(f"{words}: exit status {result.returncode}\n{result.stderr[-2000:]}")
    return result


def results(folder: pathlib.Path) -> dict[str, bytes]:
    """The metrics and the newest checkpoint."""
    newest = max((folder / "checkpoints").glob("step-????????"))
    files = [folder / "metrics.jsonl", *sorted(newest.iterdir())]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def compare(
    folder: pathlib.Path, undisturbed: pathlib.Path, what: str, only: tuple[str, ...] = ("",)
) -> int:
    found, expected = (
        {name: data for name, data in results(run).items() if any(part in name for part in only)}
        for run in (folder, undisturbed))
    different = sorted(name for name in expected if found.get(name) != expected[name])
    if different or found.keys() != expected.keys():
        print(f"{what}: differs in {', '.join(different) or 'the names of files'}")
        return 1
    return 0


def processes(mark: str) -> list[int]:
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if f"DRILL_MARK={mark}".encode() in (entry / "environ").read_bytes():
                words = (entry / "cmdline").read_bytes()
                if b"lcnn-dist\0train" in words and b"supervise" not in words:
                    found.append(int(entry.name))
        except (OSError, ValueError):
            continue
    return found


def kills(options: argparse.Namespace, folder: pathlib.Path) -> int:
    flags = ["--epochs", str(options.epochs or options.kills), "--threads", "1", "--widths", "48,96",
             "--checkpoint-steps", "2"]
    command = ["mpirun", "-n", str(options.ranks), options.binary, "train", *flags, "--run"]
    run([*command, str(folder / "undisturbed")])
    mark, target = f"{os.getpid()}", folder / "killed"
    job = subprocess.Popen(
        [str(ROOT / "launch/supervise"), "--max-restarts", "1000", "--pause", "0", "--", *command,
         str(target)],
        env=environment(DRILL_MARK=mark), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    generator, killed, writing = random.Random(options.seed), 0, 0
    restarts: list[float] = []
    while killed < options.kills and job.poll() is None:
        waits_for_save = generator.random() < 1 / 3
        deadline = time.monotonic() + options.pace * generator.uniform(0.5, 4)
        while time.monotonic() < deadline and job.poll() is None:
            if waits_for_save and list((target / "checkpoints").glob(".step-*")):
                break
            time.sleep(0.0005)
        group = processes(mark)
        if not group:
            continue
        is_writing = bool(list((target / "checkpoints").glob(".step-*")))
        try:
            os.kill(generator.choice(group), signal.SIGKILL)
        except ProcessLookupError:
            continue
        start, size = time.monotonic(), metrics_size(target)
        killed, writing = killed + 1, writing + is_writing
        while job.poll() is None and metrics_size(target) == size and time.monotonic() < start + 60:
            time.sleep(0.01)
        restarts.append(time.monotonic() - start)
        verify = run([options.binary, "checkpoint", "verify", str(target)], expected=None)
        if verify.returncode not in (0, 65) or "SHA-256" in verify.stdout:
            print(f"after kill {killed}: {verify.stdout}{verify.stderr}")
            return 1
        print(f"kill {killed} of {options.kills}; {restarts[-1]:.1f} s to the next line", flush=True)
    errors = job.stderr.read() if job.stderr else ""
    if job.wait() != 0:
        print(errors[-3000:])
        return 1
    print(f"{killed} kills, {writing} of them during a save; "
          f"{max(restarts, default=0):.1f} s at most to the next line of metrics")
    return compare(target, folder / "undisturbed", "kills") or int(killed < options.kills)


def metrics_size(target: pathlib.Path) -> tuple[int, float]:
    try:
        status = (target / "metrics.jsonl").stat()
    except FileNotFoundError:
        return 0, 0.0
    return status.st_size, status.st_mtime


def shim(folder: pathlib.Path) -> str:
    (folder / "shim.c").write_text(SHIM)
    library = str(folder / "shim.so")
    run(["cc", "-shared", "-fPIC", "-w", "-o", library, str(folder / "shim.c"), "-ldl"])
    return library


def boundaries(options: argparse.Namespace, folder: pathlib.Path) -> int:
    library = shim(folder)
    initial = str(folder / "initial")
    run([options.binary, "train", *SHORT, "--seed", "7", "--max-steps", "1", "--run", initial])
    # A start that forgets it would go on from random weights.
    train = [options.binary, "train", *SHORT, "--initial", initial, "--run"]
    run([*train, str(folder / "undisturbed")])
    # The fifth call is between the line of the history and the recipe.
    calls, different = min(options.every, 5) - options.every, 0
    while True:
        calls += options.every
        target = folder / "run-under-drill"
        shutil.rmtree(target, ignore_errors=True)
        first = run(
            [*train, str(target)], expected=None, LD_PRELOAD=library, DRILL_CALLS=str(calls),
            DRILL_FOLDER="run-under-drill")
        if first.returncode not in (0, 99):
            print(f"call {calls}: exit status {first.returncode}\n{first.stderr[-2000:]}")
            return 1
        if (target / "checkpoints").exists():
            run([options.binary, "checkpoint", "verify", str(target)])
        run([*train, str(target), "--resume", "auto"])
        different += compare(target, folder / "undisturbed", f"call {calls}")
        if first.returncode == 0:
            print(f"{calls - options.every} calls, {different} ends that differ")
            return int(different > 0)
        if calls % 20 < options.every:
            print(f"call {calls}", flush=True)


def small_disks(
    options: argparse.Namespace, folder: pathlib.Path, sizes: range, option: str, room: str
) -> int:
    """A run on each of some small disks, and its end after room was made."""
    train = [options.binary, "train", *SHORT, "--keep-checkpoints", "1", "--run"]
    run([*train, str(folder / "undisturbed")])
    disk, different, failed, warned = folder / "disk", 0, 0, 0
    disk.mkdir()
    for size in sizes:
        run(["mount", "-t", "tmpfs", "-o", option.format(size), "tmpfs", str(disk)])
        try:
            first = run([*train, str(disk / "run")], expected=None)
            if first.returncode not in (0, WRITE_FAILED, RUN_DIRECTORY):
                print(f"{option.format(size)}: exit status {first.returncode}\n{first.stderr[-2000:]}")
                return 1
            failed += first.returncode != 0
            warned += "no checkpoint, cannot" in first.stdout
            run(["mount", "-o", f"remount,{room}", str(disk)])
            run([*train, str(disk / "run"), "--resume", "auto"])
            different += compare(disk / "run", folder / "undisturbed", option.format(size))
        finally:
            run(["umount", str(disk)])
        if first.returncode == 0 and "no checkpoint, cannot" not in first.stdout:
            break
    print(f"up to {option.format(size)}: {failed} runs ended early, {warned} went on without a "
          f"checkpoint, {different} differ at their end")
    return int(different > 0 or failed == 0)


def full_disk(options: argparse.Namespace, folder: pathlib.Path) -> int:
    return small_disks(options, folder, range(100, 2000, 20 * options.every), "size={}k", "size=16m")


def inodes(options: argparse.Namespace, folder: pathlib.Path) -> int:
    return small_disks(options, folder, range(5, 60, options.every), "nr_inodes={}", "nr_inodes=1000")


def read_only(options: argparse.Namespace, folder: pathlib.Path) -> int:
    """Without the right of root to write where nobody may."""
    drop = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    train = [*(drop if os.geteuid() == 0 else []), options.binary, "train", *SHORT, "--epochs", "20",
             "--run"]
    run([*train, str(folder / "undisturbed")])
    target = folder / "locked"
    job = subprocess.Popen(
        [*train, str(target)], env=environment(), text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    while job.poll() is None and metrics_size(target)[0] == 0:
        time.sleep(0.001)
    (target / "checkpoints").chmod(0o555)
    output, errors = job.communicate(timeout=300)
    (target / "checkpoints").chmod(0o755)
    if job.returncode != WRITE_FAILED or "no checkpoint, cannot" not in output:
        print(f"exit status {job.returncode}\n{output[-1000:]}{errors[-1000:]}")
        return 1
    run([*train, str(target), "--resume", "auto"])
    print(f"exit status {job.returncode}; {output.count('no checkpoint, cannot')} warnings")
    return compare(target, folder / "undisturbed", "read-only")


def slow_disk(options: argparse.Namespace, folder: pathlib.Path) -> int:
    train = ["mpirun", "-n", "2", options.binary, "train", *SHORT, "--run"]
    run([*train, str(folder / "undisturbed")])
    target = folder / "run-under-drill"
    slow = run(
        [*train, str(target), "--checkpoint-steps", "1", "--keep-checkpoints", "100"],
        LD_PRELOAD=shim(folder), DRILL_FOLDER="run-under-drill", DRILL_FSYNC_MS="50")
    kept = len(list((target / "checkpoints").glob("step-*")))
    print(next((line for line in slow.stdout.splitlines() if line.startswith("checkpoints:")), "")
          + f"; {kept} checkpoints for 6 steps")
    # The recipe, which is part of the model's file, is another one.
    return compare(target, folder / "undisturbed", "slow disk", ("metrics.jsonl", "optimizer")) or int(kept != 7)


def clock(options: argparse.Namespace, folder: pathlib.Path) -> int:
    train = [options.binary, "train", *SHORT, "--checkpoint-minutes", "0.0001", "--run"]
    run([*train, str(folder / "undisturbed")])
    target = folder / "run-under-drill"
    run([*train, str(target), "--max-steps", "2"], LD_PRELOAD=shim(folder), DRILL_CLOCK="1")
    run([*train, str(target), "--resume", "--max-steps", "null"], LD_PRELOAD=shim(folder),
        DRILL_CLOCK="1")
    lines = (target / "environment.jsonl").read_text().splitlines()
    print("starts at", ", ".join(json.loads(line)["time"] for line in lines))
    return compare(target, folder / "undisturbed", "clock")


def stall(options: argparse.Namespace, folder: pathlib.Path) -> int:
    """Ranks of one thread each train noise; every other step is followed by a checkpoint, or none is."""
    train = [
        "mpirun", "-n", str(options.ranks), options.binary, "train", "--recipe", "cifar10-resnet18-standard",
        "--data-set", "synthetic", "--synthetic-size", "32", "--threads", "1", "--batch-size", "16",
        "--train-samples", str(16 * options.steps), "--test-samples", "16", "--epochs", "1",
        "--tensorboard", "false", "--log-format", "json", "--run"]
    seconds, events = {}, {}
    for name, flags in [("none", []), ("checkpoints", ["--checkpoint-steps", "2"])]:
        output = run([*train, str(folder / name), *flags]).stdout.splitlines()
        found = [json.loads(line) for line in output if line.startswith("{")]
        events[name] = next(event for event in found if event["event"] == "checkpoints")
        seconds[name] = json.loads((folder / name / "timings.jsonl").read_text())["seconds"]
    saves = (options.steps - 1) // 2
    each = (seconds["checkpoints"] - seconds["none"]) / saves
    found = events["checkpoints"]
    megabytes = sum(p.stat().st_size for p in max((folder / "none/checkpoints").glob("step-*")).iterdir()) / 1e6
    print(f"{megabytes:.0f} MB; a step waited at most {1e3 * found['longest-copy-seconds']:.0f} ms for a "
          f"copy; a checkpoint was on the disk after at most {found['longest-save-seconds']:.2f} s")
    print(f"{options.steps} steps: {seconds['none']:.1f} s, with {saves} checkpoints more "
          f"{seconds['checkpoints']:.1f} s: {each:.2f} s each, {each / 60:.2%} at one a minute")
    return 0


DRILLS = {
    "kills": kills, "boundaries": boundaries, "full-disk": full_disk, "inodes": inodes,
    "read-only": read_only, "slow-disk": slow_disk, "clock": clock, "stall": stall,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drill", choices=DRILLS)
    parser.add_argument("--binary", required=True, help="the program")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, help="of the drill kills (default: as many as kills)")
    parser.add_argument(
        "--pace", type=float, default=1, help="factor of the times between kills, for a busy machine")
    parser.add_argument("--seed", type=int, default=1, help="of the times and the victims")
    parser.add_argument("--every", type=int, default=1, help="only each n-th system call or size")
    parser.add_argument("--ranks", type=int, default=2, help="of the drills kills and stall")
    parser.add_argument("--steps", type=int, default=40, help="of the drill stall")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(DRILLS[options.drill](options, pathlib.Path(folder)))


if __name__ == "__main__":
    main()

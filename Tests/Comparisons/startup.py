#!/usr/bin/env python3
"""Measures the time from the start of a process to its first step, of lcnn-dist and of PyTorch.

    Tests/Comparisons/startup.py --binary .build/release/lcnn-dist

Both train a low-curvature ResNet on the digits with two ranks of one thread, and end after the first
step. Each phase is the median over rounds of rank 0's seconds, by the clock of the kernel that started
the process. lcnn-dist tells them by --log-level debug; mpirun's own start comes before and is not in
them. PyTorch imports torch, joins two processes over gloo (DistributedDataParallel), builds the same
network and makes one step of SGD. A round runs both, one after the other.

With strace on the PATH, one more run of lcnn-dist counts the files that each rank opens.
"""

import argparse
import gzip
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

RANKS = 2
DIGITS = pathlib.Path(__file__).parents[2] / "Sources/Base/CEmbedded/digits.csv.gz"
# The words with which a phase ends in the log of a rank.
PHASES = {
    "MPI joined": "rank 0 of",
    "data read": "data read",
    "network planned": "network planned",
    "run opened": "run opened",
    "first checkpoint": "checkpoint of step 0",
    "first step": "step 1:",
}


def seconds_since_start():
    """Of this process, by field 22 of /proc/self/stat, in ticks since the start of the system."""
    fields = pathlib.Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def train_by_torch(rank, port):
    """One rank of the other side; prints the seconds at the end of each phase."""
    import torch
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

    ends = {"torch imported": seconds_since_start()}
    import lcnn_torch

    torch.set_num_threads(1)
    place = f"tcp://127.0.0.1:{port}"
    distributed.init_process_group("gloo", init_method=place, world_size=RANKS, rank=rank)
    ends["processes joined"] = seconds_since_start()
    lines = gzip.decompress(DIGITS.read_bytes()).decode().split()
    samples = torch.tensor([[float(word) for word in line.split(",")] for line in lines])
    x = samples[rank:64:RANKS, :64].reshape(-1, 1, 8, 8).expand(-1, 3, -1, -1) / 16
    y = samples[rank:64:RANKS, 64].long()
    ends["data read"] = seconds_since_start()
    model = lcnn_torch.resnet(16, [16, 32], [1, 1], 10, 8, lcnn_torch.LCNN)
    sgd = lcnn_torch.optimizer(model, 0.1)
    parallel = DistributedDataParallel(model)
    ends["network built"] = seconds_since_start()
    total, _ = lcnn_torch.objective(parallel, x, y)
    total.backward()
    sgd.step()
    total.item()
    ends["first step"] = seconds_since_start()
    if rank == 0:
        print(repr(ends))
    distributed.destroy_process_group()


def measure_torch():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, "--torch"]
    others = [
        subprocess.Popen([*command, f"{rank}", f"{port}"]) for rank in range(1, RANKS)
    ]
    answer = subprocess.run(
        [*command, "0", f"{port}"], check=True, capture_output=True, text=True
    ).stdout
    for other in others:
        other.wait()
    pairs = re.findall(r"'([^']+)': ([\d.]+)", answer)
    return {name: float(text) for name, text in pairs}


def train(binary, before=()):
    """Trains one step by two ranks; what rank 0 says."""
    with tempfile.TemporaryDirectory() as folder:
        program = [*before, binary, "train", "--run", f"{folder}/run", "--max-steps", "1"]
        options = ["--threads", "1", "--log-level", "debug"]
        job = ["mpirun", "-n", f"{RANKS}", *program, *options]
        done = subprocess.run(job, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"startup: {' '.join(job)} ended with {done.returncode}: {done.stderr}")
    return done.stderr


def measure_program(binary):
    lines = re.findall(r"^debug .*: rank 0: \+([\d.]+) s +(.*)", train(binary), re.MULTILINE)
    return {
        name: next(float(seconds) for seconds, text in lines if text.startswith(words))
        for name, words in PHASES.items()
    }


def count_opens(binary):
    """Files that a rank opens from its start to its end, as a mean over the ranks."""
    with tempfile.TemporaryDirectory() as folder:
        log = f"{folder}/strace"
        train(binary, ("strace", "-ff", "-e", "trace=open,openat", "-o", log))
        # One for each thread.
        texts = [file.read_text(errors="replace") for file in pathlib.Path(folder).glob("strace.*")]
    return sum(len(re.findall(r"^open.* = \d+$", text, re.MULTILINE)) for text in texts) / RANKS


def table(rounds):
    lines = ["| side | phase | ends after | takes |", "|---|---|---|---|"]
    for side, measured in rounds.items():
        before = 0.0
        for phase in measured[0]:
            end = statistics.median(one[phase] for one in measured)
            lines.append(f"| {side} | {phase} | {end:.2f} s | {end - before:.2f} s |")
            before = end
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", help="lcnn-dist, built in release")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--torch", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.torch:
        train_by_torch(*options.torch)
        return
    if not options.binary:
        parser.error("--binary is missing")
    binary = os.path.abspath(options.binary)
    load = os.getloadavg()[0]
    rounds = {"lcnn-dist": [], "PyTorch": []}
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        rounds["lcnn-dist"].append(measure_program(binary))
        rounds["PyTorch"].append(measure_torch())
    print(f"{os.cpu_count()} cores; load {load:.2f} at the start; rounds: {options.rounds}\n")
    print(table(rounds))
    if shutil.which("strace"):
        print(f"\nlcnn-dist opens {count_opens(binary):.0f} files per rank.")


if __name__ == "__main__":
    main()

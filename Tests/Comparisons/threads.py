#!/usr/bin/env python3
"""Measures threads of one process against processes of one thread, in turn; prints a Markdown table.

    Tests/Comparisons/threads.py --binary .build/release/lcnn-dist
    Tests/Comparisons/threads.py --binary .build/release/lcnn-dist --quick vgg11-lcnn

Four ways to keep the same number of cores busy with training steps of lcnn-dist:

threads    one process with --threads T, which share each batch
ranks      one job of T ranks under mpirun, one thread each, which share each batch
processes  T jobs of one thread at the same time, which know nothing of each other, each with batches
           as large as a thread's share: what the same work takes where nobody waits for anybody
batches    the same with whole batches each: T times the samples for each pass over the weights

A round runs all four, one after the other. A job's time is the median of its timed steps, on
batches of 3×32×32 synthetic images in 10 classes; the speed of several jobs is the sum of theirs. Images/s
are medians over rounds, and ratios are made within each round: their median, with the least and the
largest in brackets. Memory is that of all processes of a side together, each at its largest, the
shared pages of libraries counted once per process.

Arguments after "--" are handed to lcnn-dist. Nothing else should run on the machine; the load at the
start is printed.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading

import speed

WORKLOADS = ["resnet18-lcnn", "vgg11-lcnn"]
SIDES = ["threads", "ranks", "processes", "batches"]


@dataclasses.dataclass
class Sample:
    """One side in one round."""

    images_per_second: float
    memory: int


def environment():
    kept = {k: v for k, v in os.environ.items() if k not in speed.REMOVED_FROM_ENVIRONMENT}
    if os.geteuid() == 0:
        # mpirun refuses to start ranks as root without these.
        kept.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return kept


class Job:
    """A training that has been started: epochs of a single step."""

    def __init__(self, options, workload, folder, number, batch, threads=1, launcher=()):
        self.run = pathlib.Path(folder) / f"run-{number}"
        self.batch = batch
        self.warm_up = options.warm_up
        self.epochs = options.warm_up + options.steps
        settings = speed.synthetic_training(self.run, batch, self.epochs)
        settings["threads"] = threads
        self.command = [*launcher, options.binary, "train", *speed.as_flags(settings)]
        self.command += [*workload.flags(batch), *options.lcnn_arguments]
        self.output = (pathlib.Path(folder) / f"output-{number}").open("w+")
        self.process = subprocess.Popen(
            self.command, stdout=self.output, stderr=subprocess.STDOUT, env=environment()
        )

    def images_per_second(self):
        """Waits for the end."""
        if self.process.wait():
            self.output.seek(0)
            sys.stderr.write(self.output.read()[-4000:])
            sys.exit(f"exit status {self.process.returncode} from: {' '.join(self.command)}")
        self.output.close()
        lines = (self.run / "timings.jsonl").read_text().splitlines()
        if len(lines) != self.epochs:
            sys.exit(f"{self.run}/timings.jsonl: {len(lines)} epochs, expected {self.epochs}")
        timed = [json.loads(line)["images-per-second"] for line in lines[self.warm_up :]]
        return self.batch / statistics.median(self.batch / rate for rate in timed)


class MemoryWatch:
    """The largest resident size of every process of lcnn-dist below some jobs."""

    INTERVAL = 0.05

    def __init__(self, jobs, binary):
        self.jobs = jobs
        self.binary = os.path.realpath(binary)
        self.peaks = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    @property
    def total(self):
        return sum(self.peaks.values())

    def watch(self):
        while not self.ended.wait(self.INTERVAL):
            for job in self.jobs:
                self.look(job.process.pid)

    def look(self, process):
        """A process and those that it has started, mpirun's ranks."""
        folder = pathlib.Path(f"/proc/{process}")
        try:
            if os.path.realpath(folder / "exe") == self.binary:
                status = (folder / "status").read_text()
                peak = status.split("VmHWM:")[1].split()[0]
                self.peaks[process] = int(peak) * 1024
            children = (folder / f"task/{process}/children").read_text().split()
        except (OSError, IndexError):
            # It has ended meanwhile.
            return
        for child in children:
            self.look(int(child))


def measure_side(side, workload, options):
    count, batch = options.threads, options.batch
    with tempfile.TemporaryDirectory() as folder:
        if side == "threads":
            jobs = [Job(options, workload, folder, 0, batch, threads=count)]
        elif side == "ranks":
            mpirun = ("mpirun", "--bind-to", "none", "--oversubscribe", "-n", str(count))
            jobs = [Job(options, workload, folder, 0, batch, launcher=mpirun)]
        else:
            own = batch if side == "batches" else batch // count
            jobs = [Job(options, workload, folder, i, own) for i in range(count)]
        with MemoryWatch(jobs, options.binary) as watch:
            rate = sum(job.images_per_second() for job in jobs)
        return Sample(rate, watch.total)


def measure(name, options):
    """Every side's samples, in the order of rounds."""
    samples = {side: [] for side in SIDES}
    for number in range(options.rounds):
        for side, found in samples.items():
            found.append(measure_side(side, speed.WORKLOADS[name], options))
        rates = ", ".join(f"{found[-1].images_per_second:.1f}" for found in samples.values())
        progress = f"{name}, round {number + 1} of {options.rounds}: {rates} images/s"
        print(progress, file=sys.stderr, flush=True)
    return samples


def ratio(samples, others):
    return speed.spread([a.images_per_second / b.images_per_second for a, b in zip(samples, others)])


def row(name, samples):
    rates = [
        f"{statistics.median(s.images_per_second for s in found):.1f}" for found in samples.values()
    ]
    ratios = [ratio(samples["threads"], samples[side]) for side in SIDES[1:]]
    memory = " / ".join(
        f"{max(s.memory for s in found) / 2**30:.2f}" for found in samples.values()
    )
    return "| " + " | ".join([name, *rates, *ratios, memory]) + " |"


def header():
    cells = ["training step", *[f"{side}, images/s" for side in SIDES]]
    cells += [f"threads over {side}" for side in SIDES[1:]]
    cells += ["memory, GiB: " + " / ".join(SIDES)]
    return "| " + " | ".join(cells) + " |\n|" + "---|" * len(cells)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "workloads",
        nargs="*",
        metavar="workload",
        help=f"of {', '.join(WORKLOADS)} (default: both)",
    )
    parser.add_argument("--binary", required=True, help="the program lcnn-dist")
    parser.add_argument("--threads", type=int, default=2, help="how many, on every side")
    parser.add_argument("--rounds", type=int, help="(default: 5)")
    parser.add_argument("--warm-up", type=int, default=1, help="steps that do not count")
    parser.add_argument("--steps", type=int, help="timed steps (default: 5)")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--quick", action="store_true", help="by default 2 rounds of 2 steps")
    options = speed.parse_before_dashes(parser)
    speed.require_known(parser, options.workloads, WORKLOADS)
    if options.rounds is None:
        options.rounds = 2 if options.quick else 5
    if options.steps is None:
        options.steps = 2 if options.quick else 5
    speed.require_positive(parser, options, "threads", "rounds", "warm-up", "steps", "batch")
    if options.batch % options.threads:
        parser.error(f"--batch {options.batch}: expected a multiple of {options.threads} threads")
    return options


def main():
    options = parse_arguments()
    load = os.getloadavg()[0]
    program = " ".join(["lcnn-dist", *options.lcnn_arguments])
    print(
        f"{speed.processor()}, {os.cpu_count()} cores; load {load:.2f} at the start.\n"
        f"{program}; {options.threads} threads, ranks or processes; batch {options.batch} of "
        f"3×32×32; rounds: {options.rounds}; steps per round: {options.steps}, after warm-up of "
        f"{options.warm_up}."
    )
    speed.print_unless_quiet(load)
    print("\n" + header(), flush=True)
    for name in options.workloads or WORKLOADS:
        print(row(name, measure(name, options)), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures what two ranks on one machine make of two processes that know nothing of each other.

    Tests/Comparisons/scaling.py --binary .build/release/lcnn-dist
    Tests/Comparisons/scaling.py --binary .build/release/lcnn-dist --quick vgg11-lcnn

For lcnn-dist, and for PyTorch's DistributedDataParallel over gloo, a round measures in turn

    alone    one process of one rank, by itself on the machine
    pair     two such processes at the same time, summed
    ranks    one job of two ranks

each rank with one thread and the same number of samples per step. Two processes at a time share the
machine's memory and clock as two ranks do, so ranks/pair is what communication and waiting cost;
ranks/alone is the speed-up over one rank. Ratios are made within each round: their median, with the
least and the largest in brackets; images/s are medians over rounds.

Warm-up steps do not count. lcnn-dist is timed by timings.jsonl, over an epoch and everything in it
but evaluation and checkpoint; PyTorch over its steps. PyTorch is tuned as in speed.py. Its batch norm
takes the statistics of each rank's own samples (there is no other on CPUs); that of lcnn-dist takes
those of all, with two collectives per layer, unless told otherwise by "-- --batch-norm local".

The programs of a round run one after the other, and a machine's speed drifts meanwhile. Of lcnn-dist
alone, "mpirun -n 2 lcnn-dist bench scaling" compares the same three in windows of a few steps within
two processes, which tells smaller differences.

Arguments after "--" are handed to lcnn-dist. Nothing else should run on the machine; the load at the
start is printed.
"""

import argparse
import concurrent.futures
import importlib.metadata
import json
import os
import pathlib
import socket
import statistics
import sys
import tempfile

import speed

WORKLOADS = ("vgg11-lcnn", "resnet18-lcnn")
RANKS = 2


def at_the_same_time(commands, environment):
    """Runs commands together; what each printed."""
    with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
        running = [pool.submit(speed.run_process, command, environment) for command in commands]
        return [process.result()[0] for process in running]


class Ours(speed.Ours):
    name = "lcnn-dist"

    def command_for(self, workload, run, batch, steps):
        # The first epoch warms up.
        settings = speed.synthetic_training(run, batch * steps, epochs=2)
        return self.command("train", settings, workload.flags(batch))

    def throughput(self, run):
        lines = (run / "timings.jsonl").read_text().splitlines()
        return json.loads(lines[1])["images-per-second"]

    def independent(self, workload, batch, steps, count):
        """Images/s of `count` processes of one rank at the same time, summed."""
        with tempfile.TemporaryDirectory() as folder:
            runs = [pathlib.Path(folder) / f"run-{number}" for number in range(count)]
            at_the_same_time([self.command_for(workload, run, batch, steps) for run in runs], {})
            return sum(self.throughput(run) for run in runs)

    def ranks(self, workload, batch, steps):
        """Images/s of one job of two ranks."""
        with tempfile.TemporaryDirectory() as folder:
            run = pathlib.Path(folder) / "run"
            job = ["mpirun", "-n", str(RANKS), "--bind-to", "none"]
            command = self.command_for(workload, run, RANKS * batch, steps)
            speed.run_process(job + command, {})
            return self.throughput(run)


class PyTorch:
    name = "PyTorch"

    def command(self, workload, batch, steps, flags=()):
        program = pathlib.Path(__file__).with_name("torch_steps.py")
        command = [sys.executable, str(program), *workload.flags(batch), "--tuned", *flags]
        return command + speed.as_flags({"warm-up": steps, "steps": steps})

    def measure(self, commands, batch):
        printed = at_the_same_time(commands, speed.MALLOC_KEEPS_BLOCKS)
        seconds = [json.loads(text)["seconds"] for text in printed]
        return sum(batch * len(own) / sum(own) for own in seconds)

    def independent(self, workload, batch, steps, count):
        return self.measure([self.command(workload, batch, steps)] * count, batch)

    def ranks(self, workload, batch, steps):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        flags = [
            speed.as_flags({"ranks": RANKS, "rank": rank, "port": port}) for rank in range(RANKS)
        ]
        return self.measure([self.command(workload, batch, steps, own) for own in flags], batch)


def measure(side, workload, options):
    """Images/s of a round: alone, pair, ranks."""
    arguments = (workload, options.batch, options.steps)
    alone = side.independent(*arguments, 1)
    pair = side.independent(*arguments, RANKS)
    return alone, pair, side.ranks(*arguments)


def spread(ratios):
    return f"**{statistics.median(ratios):.3f}** ({min(ratios):.3f}–{max(ratios):.3f})"


def row(name, side, rounds):
    medians = [f"{statistics.median(column):.1f}" for column in zip(*rounds)]
    over_pair = spread([ranks / pair for _, pair, ranks in rounds])
    over_alone = spread([ranks / alone for alone, _, ranks in rounds])
    return "| " + " | ".join([name, side.name, *medians, over_pair, over_alone]) + " |"


def conditions(options, load):
    program = " ".join(["lcnn-dist", *options.lcnn_arguments])
    return (
        f"{speed.processor()}, {os.cpu_count()} cores; load {load:.2f} at the start.\n"
        f"{program} beside PyTorch {importlib.metadata.version('torch')} (DistributedDataParallel, "
        f"gloo); one thread per rank.\n"
        f"Batch {options.batch} of 3×32×32 per rank; rounds: {options.rounds}; "
        f"steps per round: {options.steps}, after as many to warm up."
    )


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "workloads", nargs="*", metavar="workload", help=f"of {', '.join(WORKLOADS)} (default: all)"
    )
    parser.add_argument("--binary", required=True, help="the program lcnn-dist")
    parser.add_argument("--rounds", type=int, help="(default: 5)")
    parser.add_argument("--steps", type=int, help="timed steps of a round (default: 10)")
    parser.add_argument("--batch", type=int, default=64, help="samples per rank (default: 64)")
    parser.add_argument("--quick", action="store_true", help="by default 2 rounds of 1 step")
    parser.add_argument("--no-torch", action="store_true", help="lcnn-dist only")
    options = speed.parse_before_dashes(parser)
    speed.require_known(parser, options.workloads, WORKLOADS)
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.steps = options.steps or (1 if options.quick else 10)
    speed.require_positive(parser, options, "rounds", "steps", "batch")
    return options


def main():
    options = parse_arguments()
    load = os.getloadavg()[0]
    print(conditions(options, load))
    speed.print_unless_quiet(load)
    if os.cpu_count() < RANKS:
        print(f"**{RANKS} ranks on {os.cpu_count()} core: no measure of scaling.**")
    print("\n| workload | | alone, images/s | pair | ranks | ranks/pair | ranks/alone |")
    print("|" + "---|" * 7, flush=True)
    sides = [Ours(options)] + ([] if options.no_torch else [PyTorch()])
    for name in options.workloads or WORKLOADS:
        found = {side.name: [] for side in sides}
        for number in range(options.rounds):
            for side in sides:
                times = measure(side, speed.WORKLOADS[name], options)
                found[side.name].append(times)
                words = ", ".join(f"{value:.1f}" for value in times)
                progress = f"{name}, round {number + 1} of {options.rounds}, {side.name}: {words}"
                print(f"{progress} images/s", file=sys.stderr, flush=True)
        for side in sides:
            print(row(name, side, found[side.name]), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures what the ledger of collectives, the watchdog and the comparison of replicas cost.

    launch/benchmarks/diagnosis_cost.py --binary .build/release/lcnn-dist
    launch/benchmarks/diagnosis_cost.py --binary .build/release/lcnn-dist \\
      --recipe cifar10-vgg11-lcnn --ranks 2 --rounds 7

A round trains three times, in turns and in an order that changes from round to round: with all three
on, as by default; with all off (--watchdog off, and no comparison but before checkpoints); and off
again, as a control, whose ratio to the first shows the noise. Each training is an epoch that does not
count and one that does, of --steps steps each, on synthetic images; the time is that of
timings.jsonl, in which checkpoints and evaluations are not. A comparison is made every --compare-every
steps, so --steps should be a multiple of it. Printed is the median over rounds of the ratio of step
times, with the least and the largest in brackets.

Nothing else should run on the machine. Arguments after "--" are handed to lcnn-dist.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

import speed


def command(options, run, flags):
    launcher = ["mpirun", "--bind-to", "none", "-n", str(options.ranks)] if options.ranks else []
    settings = {
        "recipe": options.recipe,
        "data-set": "synthetic",
        "crop-padding": 0,
        "flip": "false",
        "batch-size": options.batch,
        "train-samples": options.batch * options.steps,
        "test-samples": 8,
        "epochs": 2,
        "schedule": "constant",
        "learning-rate": 0.001,
        "warmup-epochs": 0,
        "checkpoint-every": 2,
        "evaluate-every": 2,
        "progress": "plain",
        "run": run,
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    return [*launcher, options.binary, "train", *words, *flags, *options.lcnn_arguments]


def seconds_per_step(options, flags):
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        words = command(options, run, flags)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
            sys.exit(f"exit status {done.returncode} from: {' '.join(map(str, words))}")
        epochs = [json.loads(line) for line in (run / "timings.jsonl").read_text().splitlines()]
        return options.batch / epochs[-1]["images-per-second"]


def spread(ratios):
    return f"{statistics.median(ratios):.4f} ({min(ratios):.4f}–{max(ratios):.4f})"


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", required=True, help="the lcnn-dist to measure")
    parser.add_argument("--recipe", default="cifar10-vgg11-lcnn", help="default: %(default)s")
    parser.add_argument(
        "--ranks", type=int, default=2, help="0: without mpirun; default: %(default)s"
    )
    parser.add_argument("--batch", type=int, default=128, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=100, help="per epoch; default: %(default)s")
    parser.add_argument(
        "--compare-every", type=int, default=100, help="steps; default: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    return speed.parse_before_dashes(parser)


def main():
    options = parse()
    load = os.getloadavg()[0]
    print(f"load {load:.2f}{', not quiet' if load > speed.LARGEST_QUIET_LOAD else ''}", file=sys.stderr)
    never = options.steps * 2 + 1
    off = ["--watchdog", "off", "--divergence-check-every", str(never)]
    sides = {
        "on": ["--divergence-check-every", str(options.compare_every)],
        "off": off,
        "off again": off,
    }
    order = random.Random(1)
    costs, controls = [], []
    for number in range(options.rounds):
        names = list(sides)
        order.shuffle(names)
        seconds = {name: seconds_per_step(options, sides[name]) for name in names}
        costs.append(seconds["on"] / seconds["off"])
        controls.append(seconds["off again"] / seconds["off"])
        times = ", ".join(f"{name} {seconds[name] * 1e3:.3f} ms" for name in sides)
        print(f"round {number + 1} of {options.rounds}: {times}", file=sys.stderr, flush=True)
    print(f"{options.recipe}, {options.ranks or 1} ranks, batch {options.batch}")
    print(f"step time, on over off: {spread(costs)}")
    print(f"off again over off:     {spread(controls)}")


if __name__ == "__main__":
    main()

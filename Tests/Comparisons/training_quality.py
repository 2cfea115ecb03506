#!/usr/bin/env python3
"""Trains one network in each precision of lcnn-dist and in PyTorch, and prints their accuracies.

    Tests/Comparisons/training_quality.py --binary .build/release/lcnn-dist --data DIR --out DIR
    Tests/Comparisons/training_quality.py … --precisions fp32 bf16x3 bf16

The network is a low-curvature VGG-11 of half the width, on the first 10,000 images of CIFAR-10, by
SGD with a warm-up of an epoch and a cosine; accuracy is that of all 10,000 test images. Each side
and seed has random initial weights, order and augmentation of its own. PyTorch takes the learning
rates that lcnn-dist has written into metrics.jsonl.

The table has a row per side: its accuracies, their mean ± the standard error s/√k of k seeds, and
the side that it is farthest from, in standard errors of the difference, √(a² + b²). Sides agree if
no two of them are more than two apart; that is the exit status, but for --quick. A standard error
of three seeds is itself known badly: of two sides that are the same, one in nine pairs is farther
apart than two.

Every finished training is kept in --out, and the same command goes on where it was stopped.
Arguments after "--" are handed to lcnn-dist train. --quick is a rehearsal whose numbers mean nothing.
"""

import argparse
import itertools
import math
import pathlib
import statistics
import subprocess
import sys
import time

import lcnn_torch
import parity
import speed

LAYERS = [32, 32, "M", 64, 64, "M", 128, 128, "M", 256, 256, "M", 256, 256]
LARGEST_DISTANCE = 2.0
PYTORCH = "PyTorch"


class HalfWidth(parity.Recipe):
    """The recipe whose data, variant and augmentation both sides take, with a network of its own."""

    name = "cifar10-vgg11-lcnn"

    def __init__(self):
        super().__init__(self.name)

    def network(self):
        return lcnn_torch.vgg(LAYERS, self.classes, parity.IMAGE_SIZE, self.components)


def training_flags(options):
    """The same for lcnn-dist; the rates below are those at which every side trains stably."""
    settings = {
        "architecture": "vgg",
        "layers": ",".join(map(str, LAYERS)),
        "learning-rate": 0.02,
        "warmup-epochs": 0 if options.quick else 1,
        "schedule": "cosine",
        "beta-penalty": options.beta_weight,
        "gamma-penalty": options.gamma_weight,
        "momentum": options.momentum,
        "weight-decay": options.weight_decay,
        "evaluate-every": options.epochs,
        "checkpoint-every": options.epochs,
    }
    return speed.as_flags(settings)


def precision_flags(options, precision):
    """--precision, which a program that computes in fp32 only may not have."""
    command = [options.binary, "train", "--help"]
    words = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    if "--precision" in words:
        return ["--precision", precision]
    if precision != "fp32":
        sys.exit(f"{options.binary} has no --precision, expected one that computes in {precision}")
    return []


def measure(options):
    """Each side's accuracies, in the order of the seeds."""
    flags = {precision: precision_flags(options, precision) for precision in options.precisions}
    found = {side: [] for side in [*options.precisions, PYTORCH]}
    for seed in options.seeds:
        for precision in options.precisions:
            result = parity.finished_or(
                options,
                precision,
                seed,
                lambda: parity.accuracy_of_ours(options, precision, seed, *flags[precision]),
            )
            found[precision].append(result["accuracy"])
        # The schedule is the same in each precision.
        rates, batch = result["learning rates"], result["batch"]
        result = parity.finished_or(
            options,
            PYTORCH,
            seed,
            lambda: parity.accuracy_of_pytorch(options, HalfWidth(), seed, rates, batch),
        )
        found[PYTORCH].append(result["accuracy"])
    return found


def standard_error(values):
    return statistics.stdev(values) / math.sqrt(len(values))


def distance(values, others):
    """How far two means are apart, in standard errors of their difference."""
    difference = abs(statistics.mean(values) - statistics.mean(others))
    error = math.hypot(standard_error(values), standard_error(others))
    return difference / error if error else math.inf if difference else 0.0


def title(side):
    return side if side == PYTORCH else f"lcnn-dist, {side}"


def table(found, seeds):
    header = ["", *(f"seed {seed}" for seed in seeds), "mean ± standard error", "farthest from"]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for side, values in found.items():
        farthest, other = max(
            (distance(values, found[other]), other) for other in found if other != side
        )
        cells = [title(side), *(f"{value:.2f}" for value in values)]
        cells += [f"{statistics.mean(values):.2f} ± {standard_error(values):.2f} %"]
        cells += [f"{title(other)}: {farthest:.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict(found):
    """What is too far apart, in words; none if nothing is."""
    apart = [
        f"{title(one)} and {title(other)} are {distance(found[one], found[other]):.1f} apart"
        for one, other in itertools.combinations(found, 2)
        if distance(found[one], found[other]) > LARGEST_DISTANCE
    ]
    return "; ".join(apart)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True, help="folder of finished trainings, to go on from")
    parser.add_argument(
        "--precisions", nargs="+", default=["fp32"], help="of lcnn-dist (default: fp32)"
    )
    parser.add_argument("--seeds", type=int, nargs="+", help="two or more (default: 1 2 3)")
    parser.add_argument("--train-samples", type=int, help="(default: 10000, quick 512)")
    parser.add_argument("--epochs", type=int, help="(default: 5, quick 1)")
    parser.add_argument("--quick", action="store_true", help="a rehearsal of two minutes")
    parity.add_training_options(parser)
    options = speed.parse_before_dashes(parser)
    options.seeds = options.seeds or ([1, 2] if options.quick else [1, 2, 3])
    options.train_samples = options.train_samples or (512 if options.quick else 10000)
    options.epochs = options.epochs or (1 if options.quick else 5)
    speed.require_positive(parser, options, "train-samples", "epochs", "ranks", "threads")
    for name in ("seeds", "precisions"):
        values = getattr(options, name)
        if len(set(values)) < len(values):
            parser.error(f"--{name} {' '.join(map(str, values))}: names one twice")
    if len(options.seeds) < 2:
        parser.error("--seeds: a standard error takes two or more")
    options.recipe = HalfWidth.name
    options.lcnn_arguments = training_flags(options) + options.lcnn_arguments
    return options


def main():
    options = parse_arguments()
    parity.prepare_sides(options)
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    found = measure(options)
    minutes = (time.monotonic() - began) / 60
    apart = verdict(found)
    print(
        f"\nHalf-width vgg11-lcnn, {options.train_samples} images, epochs: {options.epochs}; "
        f"test accuracy in percent; {minutes:.1f} min for what was not there yet.\n"
    )
    print(table(found, options.seeds))
    agree = f"All sides are within {LARGEST_DISTANCE:.0f} standard errors of each other."
    print(f"\n{f'In standard errors, {apart}.' if apart else agree}")
    sys.exit(1 if apart and not options.quick else 0)


if __name__ == "__main__":
    main()

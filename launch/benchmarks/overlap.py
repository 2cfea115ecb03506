#!/usr/bin/env python3
"""Measures how much of the gradients' communication a run hides behind computing; a Markdown table.

    launch/benchmarks/overlap.py
    launch/benchmarks/overlap.py --rate 10gbit --rounds 5 -- --bucket-megabytes 4

Two ranks train vgg11-lcnn on synthetic 3×32×32 images, each on a host of its own: network namespaces
whose links are limited to --rate (root, iproute2). A round runs them with --gradient-sum blocking and
with nonblocking, one after the other, for an epoch that does not count and one that does. Times are
medians over the steps of that epoch on rank 0, from timings.jsonl: the whole step, computing, and what
gradient and batch-norm collectives take that nothing hides.

  communication g   the time in gradient collectives with blocking, where nothing is hidden
  hideable h        the smaller of g and two thirds of computing, the backward pass's share: before it
                    there are no gradients yet
  hidden            what the whole step is shorter by with nonblocking, which counts what polling
                    takes from computing; and, beside it, what gradient collectives take less

Shares of h are made within each round; printed are their median, least and largest. Both ranks compute
at the same time, so two cores are the least, and nothing else should run on them: the load at the start
is printed. Arguments after "--" are handed to lcnn-dist.
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

import speed

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTS = ROOT / "cluster/netns/hosts"
LAUNCHER = ROOT / "launch/local"
NAME = f"overlap{os.getpid()}"
RANKS = 2
# For each convolution the backward pass has two products of the forward pass's size.
BACKWARD_SHARE = 2 / 3
# An epoch's members in timings.jsonl, in seconds.
PARTS = ("step-p50", "compute-p50", "gradients-p50", "batch-norm-p50")


@dataclasses.dataclass(frozen=True)
class Times:
    """A step, in seconds."""

    whole: float
    compute: float
    gradients: float
    batch_norm: float


@dataclasses.dataclass(frozen=True)
class Round:
    blocking: Times
    nonblocking: Times

    @property
    def hideable(self) -> float:
        return min(self.blocking.gradients, BACKWARD_SHARE * self.blocking.compute)

    @property
    def hidden(self) -> float:
        return self.blocking.whole - self.nonblocking.whole

    @property
    def less_exposed(self) -> float:
        return self.blocking.gradients - self.nonblocking.gradients


def hosts(*arguments: str) -> str:
    command = [f"{HOSTS}", "--name", NAME, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def measure(strategy: str, options: argparse.Namespace) -> Times:
    settings = {
        # Any built-in recipe for this network: its data set is overridden.
        "recipe": "cifar10-vgg11-lcnn",
        "data-set": "synthetic",
        "crop-padding": 0,
        "flip": "false",
        "batch-size": options.batch,
        "train-samples": options.batch * options.steps,
        "test-samples": 8,
        "learning-rate": 0.01,
        "epochs": 2,
        "evaluate-every": 2,
        "checkpoint-every": 2,
        "gradient-sum": strategy,
    }
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        command = [f"{LAUNCHER}", "-n", f"{RANKS}", "--hosts", f"netns:{NAME}"]
        command += ["--program", options.binary] if options.binary else []
        command += ["--log-dir", f"{folder}/logs", "--", "train", "--run", f"{run}"]
        command += [text for name, value in settings.items() for text in (f"--{name}", f"{value}")]
        finished = subprocess.run(
            command + options.lcnn_arguments, capture_output=True, text=True, check=False
        )
        if finished.returncode:
            sys.stderr.write(finished.stdout[-4000:] + finished.stderr[-4000:])
            sys.exit(f"exit code {finished.returncode} from {' '.join(command)}")
        epoch = json.loads((run / "timings.jsonl").read_text().splitlines()[-1])
        missing = [part for part in PARTS if part not in epoch]
        if missing:
            sys.exit(f"timings.jsonl of this lcnn-dist has no {missing[0]}")
        return Times(*(epoch[part] for part in PARTS))


def measure_rounds(options: argparse.Namespace) -> list[Round]:
    rounds = []
    for number in range(options.rounds):
        found = Round(measure("blocking", options), measure("nonblocking", options))
        rounds.append(found)
        print(
            f"round {number + 1} of {options.rounds}: {found.blocking.whole:.3f} s blocking, "
            f"{found.nonblocking.whole:.3f} s nonblocking, "
            f"hidden {found.hidden:.3f} s of {found.hideable:.3f} s",
            file=sys.stderr,
            flush=True,
        )
    return rounds


def row(title: str, times: list[Times]) -> str:
    cells = [
        f"{1000 * statistics.median(getattr(each, field.name) for each in times):.0f}"
        for field in dataclasses.fields(Times)
    ]
    return f"| {title} | " + " | ".join(cells) + " |"


def spread(shares: list[float]) -> str:
    percent = [100 * share for share in shares]
    return f"**{statistics.median(percent):.0f} %** ({min(percent):.0f} to {max(percent):.0f} %)"


def report(rounds: list[Round]) -> str:
    bound = statistics.median(each.hideable for each in rounds)
    is_all = all(each.hideable == each.blocking.gradients for each in rounds)
    return "\n".join(
        [
            "| medians, ms | step | computing | gradients, exposed | batch norm |",
            "|---|---|---|---|---|",
            row("blocking", [each.blocking for each in rounds]),
            row("nonblocking", [each.nonblocking for each in rounds]),
            "",
            f"Hideable: {1000 * bound:.0f} ms, "
            + ("all communication." if is_all else "as much as the backward pass takes."),
            "Of it hidden, by the whole step: "
            + spread([each.hidden / each.hideable for each in rounds])
            + "; by the time in gradient collectives: "
            + spread([each.less_exposed / each.hideable for each in rounds]),
        ]
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", help="the program lcnn-dist; default: the one built here")
    parser.add_argument("--rate", default="1gbit", help="of the links; default: %(default)s")
    parser.add_argument(
        "--batch", type=int, default=256, help="over both ranks; default: %(default)s"
    )
    parser.add_argument(
        "--steps", type=int, default=8, help="per epoch, two epochs; default: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    options = speed.parse_before_dashes(parser)
    speed.require_positive(parser, options, "batch", "steps", "rounds")
    return options


def main() -> None:
    options = parse_arguments()
    load = os.getloadavg()[0]
    try:
        hosts("up", f"{RANKS}", options.rate)
        print(
            f"{RANKS} hosts, links of {options.rate} ({hosts('measure')} measured), "
            f"{os.cpu_count()} cores; batch {options.batch}; {options.rounds} rounds of "
            f"{options.steps} steps; load {load:.2f} at the start.\n",
            flush=True,
        )
        print(report(measure_rounds(options)))
    except subprocess.CalledProcessError as error:
        # What went wrong has been said by the script.
        sys.exit(error.returncode)
    finally:
        subprocess.run([HOSTS, "--name", NAME, "down"], check=False)


if __name__ == "__main__":
    main()

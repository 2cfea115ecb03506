#!/usr/bin/env python3
"""Measures how much of the gradients' communication a run hides behind computing, over a slow network.

    Tests/Comparisons/overlap.py
    Tests/Comparisons/overlap.py --rate 10gbit --jobs 5 -- --gradient-norm-penalty 0.01

Two ranks of one thread run `lcnn-dist bench overlap` on vgg11-lcnn, each on a host of its own: network
namespaces whose links are limited to --rate (root, iproute2). Within a job, steps with blocking sums
and steps with sums beside the sweep follow one another, 24 of each, each strategy with the bucket size
that a trial before found fastest. Times are medians on rank 0.

  hideable  the smaller of the time in gradient collectives with blocking, where nothing is hidden, and
            of the computing of the last backward sweep after its first layer: before there are no
            gradients, and afterwards nothing is left to compute
  hidden    what the whole step is shorter by with sums beside the sweep. What moving them takes from
            computing, and what batch norms' sums wait for them on the link, counts against it

Printed is each job's table and, of several jobs, the median, least and largest hidden/hideable. Both
ranks compute at the same time, so two cores are the least, and nothing else should run on them: the
load at the start is printed. Arguments after "--" are handed to lcnn-dist.
"""

import argparse
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


def hosts(*arguments: str) -> str:
    command = [f"{HOSTS}", "--name", NAME, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def measure(options: argparse.Namespace) -> tuple[str, float]:
    """One job: what it prints of the overlap, and the hidden part of what can be hidden."""
    with tempfile.TemporaryDirectory() as folder:
        findings = pathlib.Path(folder) / "findings.json"
        command = [f"{LAUNCHER}", "-n", f"{RANKS}", "--hosts", f"netns:{NAME}"]
        command += ["--program", options.binary] if options.binary else []
        command += ["--log-dir", f"{folder}/logs", "--", "bench", "overlap", "--threads", "1"]
        command += ["--recipe", "cifar10-vgg11-lcnn", "--batch-size", f"{options.batch}"]
        command += ["--json", f"{findings}", *options.lcnn_arguments]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode:
            sys.stderr.write(finished.stdout[-4000:] + finished.stderr[-4000:])
            sys.exit(f"exit code {finished.returncode} from {' '.join(command)}")
        found = json.loads(findings.read_text())["overlap"]
    blocking, beside = found["blocking"], found["nonblocking"]
    hideable = min(blocking["gradients"], found["backward"])
    text = finished.stdout.partition("OVERLAP\n")[2].rstrip()
    return text, (blocking["seconds"] - beside["seconds"]) / hideable


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", help="the program lcnn-dist; default: the one built here")
    parser.add_argument("--rate", default="1gbit", help="of the links; default: %(default)s")
    parser.add_argument(
        "--batch", type=int, default=256, help="over both ranks; default: %(default)s"
    )
    parser.add_argument("--jobs", type=int, default=3, help="default: %(default)s")
    options = speed.parse_before_dashes(parser)
    speed.require_positive(parser, options, "batch", "jobs")
    return options


def main() -> None:
    options = parse_arguments()
    load = os.getloadavg()[0]
    shares = []
    try:
        hosts("up", f"{RANKS}", options.rate)
        print(
            f"{RANKS} hosts, links of {options.rate} ({hosts('measure')} measured), "
            f"{os.cpu_count()} cores; batch {options.batch}; load {load:.2f} at the start.",
            flush=True,
        )
        for job in range(options.jobs):
            text, share = measure(options)
            shares.append(share)
            print(f"\njob {job + 1} of {options.jobs}: {text}", flush=True)
    except subprocess.CalledProcessError as error:
        # What went wrong has been said by the script.
        sys.exit(error.returncode)
    finally:
        subprocess.run([HOSTS, "--name", NAME, "down"], check=False)
    if len(shares) > 1:
        print(
            f"\nHidden of what can be hidden, {len(shares)} jobs: "
            f"{100 * statistics.median(shares):.0f} % "
            f"({100 * min(shares):.0f} to {100 * max(shares):.0f} %)"
        )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Compares two builds of lcnn-dist byte for byte: the same runs must give the same files.

    Tests/Comparisons/bits.py --old OLD/lcnn-dist --new NEW/lcnn-dist

Trains the digits recipe, and a small ResNet with a gradient-norm penalty, CURE or adversarial examples
on synthetic images, on one, two and three ranks, by both programs; then compares every checkpoint file
and metrics.jsonl. The exit status is 1 if any differs. About a minute on two cores.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

RESNET = [
    "--data-set", "synthetic", "--synthetic-size", "16", "--train-samples", "96",
    "--test-samples", "32", "--architecture", "resnet", "--stem", "8", "--widths", "8,16",
    "--blocks", "1,1", "--batch-size", "32", "--epochs", "2", "--schedule", "constant",
]
RUNS = {
    "digits": [],
    "gradient-norm": [*RESNET, "--arm", "lcnn-gradreg"],
    "cure": [*RESNET, "--arm", "cure"],
    "adversarial": [*RESNET, "--arm", "adversarial"],
    "reproducible": [*RESNET, "--arm", "lcnn-gradreg", "--reproducible", "true"],
}
# Timings and hosts; the recipe's text may name keys that one of the programs does not know.
NOT_COMPARED = {"timings.jsonl", "environment.jsonl", "recipe.json"}


def train(binary: str, run: pathlib.Path, ranks: int, flags: list[str]) -> None:
    command = [binary, "train", "--run", str(run), "--gradient-sum", "blocking", "--precision", "fp32"]
    command += ["--threads", "1", *flags]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), "--oversubscribe", *command]
    result = subprocess.run(command, text=True, capture_output=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}: exit status {result.returncode}\n{result.stderr[-2000:]}")


def files(run: pathlib.Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name not in NOT_COMPARED and "watch" not in path.parts
        # The names of event files, and the times in them, differ from start to start.
        and not path.name.startswith("events.out.")
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--old", required=True, help="the program to compare with")
    parser.add_argument("--new", required=True, help="the program to test")
    options = parser.parse_args()
    old, new = os.path.abspath(options.old), os.path.abspath(options.new)
    different = 0
    with tempfile.TemporaryDirectory() as name:
        for run, flags in RUNS.items():
            for ranks in [1, 2, 3]:
                # Both train in a directory of the same path, which the metadata of a model may hold.
                found = []
                for binary in [old, new]:
                    place = pathlib.Path(name) / "run"
                    train(binary, place, ranks, flags)
                    found.append(files(place))
                    subprocess.run(["rm", "-r", str(place)], check=True)
                names = sorted(set(found[0]) | set(found[1]))
                unequal = [x for x in names if found[0].get(x) != found[1].get(x)]
                different += len(unequal)
                verdict = f"differ: {', '.join(unequal)}" if unequal else "equal"
                print(f"{run}, {ranks} ranks: {len(names)} files {verdict}", flush=True)
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()

"""The machinery of experiments: runs that go on where they were stopped, results as small files, verdicts.

An experiment is a list of runs, the measurements of each, and claims about their results. A run is
trained in --out, measured, and written as one JSON file into results/EXPERIMENT/ beside this file: a run
whose file is there is done, on whatever machine it was made, so the files are worth committing. The
same command goes on after an interruption, and prints at its end a verdict for every claim: "holds",
"does not hold", or "not decided" with the runs that are missing. The exit status is 1 if a claim does
not hold, else 2 if one is not decided.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import time
from collections.abc import Callable

RESULTS = pathlib.Path(__file__).resolve().parent / "results"
ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Run:
    """A training run: its name, the row it belongs to, and what it adds to the experiment's recipe."""

    row: str
    seed: int
    flags: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.row}-seed-{self.seed}"


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A command of the program on a trained run; it writes its numbers by --json."""

    name: str
    arguments: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement about rows, and the figure that decides it.

    `value` maps the mean results of `rows` (means over seeds, one dictionary each) to a number, which
    must lie in [least, most].
    """

    text: str
    rows: tuple[str, ...]
    value: Callable[..., float]
    least: float = float("-inf")
    most: float = float("inf")
    unit: str = ""

    def bound(self) -> str:
        if self.least == float("-inf"):
            return f"at most {self.most:g}{self.unit}"
        if self.most == float("inf"):
            return f"at least {self.least:g}{self.unit}"
        return f"from {self.least:g} to {self.most:g}{self.unit}"


@dataclasses.dataclass(frozen=True)
class Experiment:
    name: str
    recipe: pathlib.Path
    runs: list[Run]
    measurements: list[Measurement]
    claims: list[Claim]


def arguments(documentation: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", help="lcnn-dist; without it only verdicts are printed")
    parser.add_argument("--data", help="directory of the recipe's data set")
    parser.add_argument("--out", default="runs/experiments", help="directory of the runs")
    parser.add_argument("--ranks", type=int, default=2, help="default: 2")
    parser.add_argument("--only", nargs="+", metavar="ROW", help="only the runs of these rows")
    parser.add_argument("--seeds", nargs="+", type=int, help="only the runs of these seeds")
    return parser


def launch(options: argparse.Namespace, words: list[str], log: pathlib.Path) -> None:
    """Runs the program on all ranks; its output goes to the end of `log`."""
    command = [os.path.abspath(options.binary), *words]
    if options.ranks > 1:
        over = ["--oversubscribe"] if options.ranks > len(os.sched_getaffinity(0)) else []
        command = ["mpirun", "-n", str(options.ranks), *over, *command]
    with open(log, "a") as file:
        print("$", *command, file=file, flush=True)
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT).returncode
    if status:
        sys.stderr.write("".join(log.read_text().splitlines(keepends=True)[-20:]))
        sys.exit(f"exit status {status}, see {log}; the same command goes on")


def epoch_lines(run: pathlib.Path) -> list[dict]:
    """The lines of metrics.jsonl that end an epoch, oldest first."""
    file = run / "metrics.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(x) for x in lines if '"epoch/train-loss"' in x and x.endswith("}")]


def train(options: argparse.Namespace, experiment: Experiment, run: Run, directory: pathlib.Path,
          log: pathlib.Path) -> None:
    recipe = directory / "recipe.json"
    wanted = json.loads(recipe.read_text())["epochs"] if recipe.exists() else None
    ended = epoch_lines(directory)
    if ended and ended[-1]["epoch"] == wanted:
        return
    if any(directory.glob("checkpoints/step-*")):
        launch(options, ["train", "--resume", "--run", str(directory)], log)
        return
    if directory.exists():
        sys.exit(f"{directory} holds a run without a checkpoint: remove it")
    words = ["--recipe", str(experiment.recipe), "--data", options.data, *run.flags]
    launch(options, ["train", "--run", str(directory), "--seed", str(run.seed), *words], log)


def cpu() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit() -> str:
    """The commit of the sources beside this file; "+" where they were changed since."""
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--abbrev=7"]
    result = subprocess.run(words, text=True, capture_output=True)
    return result.stdout.strip() or "unknown"


def share(text: dict) -> float:
    return 100 * text["share"]


def figures(name: str, found: dict) -> dict:
    """The numbers of a measurement that claims and tables are made of; accuracies in percent."""
    if "radii" in next(iter(found.get("splits", {"": {}}).values())):
        return {
            # A radius has no mean if no sample has a gradient.
            f"stability/{split}": {
                f'{x["radius"]:g}': x["mean"]["mean"] for x in part["radii"] if "mean" in x
            }
            for split, part in found["splits"].items()
        }
    if "splits" in found:
        numbers = {"estimator": found["method"]}
        for split, part in found["splits"].items():
            numbers[f"samples/{split}"] = part["samples"]
            for key in ["gradient-norm", "hessian-norm", "curvature"]:
                numbers[f"{key}/{split}"] = part[key]["mean"]
                numbers[f"{key}-standard-error/{split}"] = part[key]["standard-error"]
        return numbers
    results = found["results"]
    return {
        name: {f'{x["epsilon"]:g}': share(x["robust"]) for x in results["epsilons"]},
        f"{name}/clean": share(results["accuracy"]),
        f"{name}/samples": results["accuracy"]["count"],
        f"{name}/attacks": found["attacks"],
    }


def perform(options: argparse.Namespace, experiment: Experiment, run: Run) -> None:
    """Trains and measures a run as far as it is not done, and writes its result."""
    directory = pathlib.Path(options.out) / experiment.name / run.name
    directory.parent.mkdir(parents=True, exist_ok=True)
    log = directory.with_suffix(".log")
    train(options, experiment, run, directory, log)
    numbers: dict = {}
    for measurement in experiment.measurements:
        file = directory / f"{measurement.name}.json"
        if not file.exists():
            words = [*measurement.arguments, "--model", str(directory), "--json", str(file)]
            launch(options, words, log)
        numbers |= figures(measurement.name, json.loads(file.read_text()))
    ended = epoch_lines(directory)
    environment = json.loads((directory / "environment.jsonl").read_text().splitlines()[-1])
    result = {
        "experiment": experiment.name,
        "row": run.row,
        "seed": run.seed,
        "command": " ".join(
            ["train", "--recipe", experiment.recipe.name, "--seed", str(run.seed), *run.flags]
        ),
        "recipe": json.loads((directory / "recipe.json").read_text()) | {"data": None},
        "commit": commit(),
        "program": environment["versions"]["program"],
        "machine": f"{os.cpu_count()} cores, {cpu()}",
        "date": datetime.date.today().isoformat(),
        "test-data-sha256": environment["testData"],
        "accuracy": 100 * ended[-1]["test/accuracy"],
        "accuracies": [round(100 * x["test/accuracy"], 2) for x in ended if "test/accuracy" in x],
        **numbers,
    }
    file = RESULTS / experiment.name / f"{run.name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".json.part")
    partial.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    partial.replace(file)


def means(values: list) -> object:
    """The mean of results of one row: number by number, through dictionaries; else the first."""
    if isinstance(values[0], dict):
        return {key: means([value[key] for value in values]) for key in values[0]}
    if isinstance(values[0], (int, float)) and not isinstance(values[0], bool):
        return sum(values) / len(values)
    return values[0]


def verdicts(experiment: Experiment) -> int:
    """Prints a verdict for each claim, by the results that are there, and returns the exit status."""
    results: dict[str, list[dict]] = {}
    missing: dict[str, list[str]] = {}
    for run in experiment.runs:
        file = RESULTS / experiment.name / f"{run.name}.json"
        if file.exists():
            results.setdefault(run.row, []).append(json.loads(file.read_text()))
        else:
            missing.setdefault(run.row, []).append(run.name)
    failed = undecided = 0
    for claim in experiment.claims:
        lacking = [name for row in claim.rows for name in missing.get(row, [])]
        known = all(row in results for row in claim.rows)
        value = claim.value(*[means(results[row]) for row in claim.rows]) if known else None
        if lacking:
            undecided += 1
            so_far = f" (so far {value:.3g}{claim.unit})" if known else ""
            print(f"not decided    {claim.text}{so_far}: missing {', '.join(lacking)}")
            continue
        holds = claim.least <= value <= claim.most
        failed += not holds
        verdict = "holds          " if holds else "does not hold  "
        seeds = min(len(results[row]) for row in claim.rows)
        print(f"{verdict}{claim.text}: {value:.3g}{claim.unit}, expected {claim.bound()}"
              f" ({seeds} seed{'s' if seeds > 1 else ''})")
    return 1 if failed else 2 if undecided else 0


def main(experiment: Experiment, documentation: str | None) -> None:
    options = arguments(documentation).parse_args()
    wanted = [
        run for run in experiment.runs
        if (not options.only or run.row in options.only)
        and (not options.seeds or run.seed in options.seeds)
    ]
    if options.binary:
        if not options.data:
            sys.exit("--binary needs --data, the directory of the data set")
        for number, run in enumerate(wanted, start=1):
            file = RESULTS / experiment.name / f"{run.name}.json"
            if file.exists():
                print(f"{number}/{len(wanted)} {run.name}: done", flush=True)
                continue
            began = time.monotonic()
            perform(options, experiment, run)
            minutes = (time.monotonic() - began) / 60
            print(f"{number}/{len(wanted)} {run.name}: {minutes:.1f} min", flush=True)
    sys.exit(verdicts(experiment))

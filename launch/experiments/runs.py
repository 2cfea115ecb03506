"""The machinery of experiments: runs that go on where they were stopped, results as small files, verdicts.

An experiment is a list of runs, the measurements of each, and claims about their results. A run is
trained in --out, measured, and written as one JSON file into results/EXPERIMENT/ beside this file: a run
whose file holds all measurements is done, on whatever machine it was made, so the files are worth committing. The
same command goes on after an interruption, and prints at its end a verdict for every claim: "holds",
"does not hold", or "not decided" with the runs that are missing. The exit status is 1 if a claim does
not hold, else 2 if one is not decided. Step times are measured apart, with nothing else running.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

from experiment import Experiment, Run
from verdicts import PAGES, print_verdicts

ROOT = pathlib.Path(__file__).resolve().parents[2]


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
    parser.add_argument("--skip", nargs="+", default=[], metavar="MEASUREMENT",
                        help="leave these measurements to a later call; their runs are not done")
    parser.add_argument("--step-times", action="store_true",
                        help="measure nothing but step times, on a machine where nothing else runs")
    parser.add_argument("--markdown", choices=sorted(PAGES), help="print a part of the documentation")
    return parser


def launch(options: argparse.Namespace, words: list[str], log: pathlib.Path,
           ranks: int | None = None) -> None:
    """Runs the program on all ranks; its output goes to the end of `log`."""
    ranks = ranks or options.ranks
    command = [os.path.abspath(options.binary), *words]
    if ranks > 1:
        over = ["--oversubscribe"] if ranks > len(os.sched_getaffinity(0)) else []
        command = ["mpirun", "-n", str(ranks), *over, *command]
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
    """Trains and measures a run as far as it is not done, and writes its result so far."""
    directory = pathlib.Path(options.out) / experiment.name / run.name
    directory.parent.mkdir(parents=True, exist_ok=True)
    log = directory.with_suffix(".log")
    train(options, experiment, run, directory, log)
    numbers: dict = {}
    measured = [x for x in experiment.measurements if x.name not in options.skip]
    for measurement in measured:
        file = directory / f"{measurement.name}.json"
        if not file.exists():
            words = [*measurement.arguments, "--model", str(directory), "--json", str(file)]
            launch(options, words, log)
        numbers |= figures(measurement.name, json.loads(file.read_text()))
    ended = epoch_lines(directory)
    environment = json.loads((directory / "environment.jsonl").read_text().splitlines()[-1])
    write(experiment.result(run.name), {
        "experiment": experiment.name,
        "row": run.row,
        "seed": run.seed,
        "command": " ".join(
            ["train", "--recipe", experiment.recipe.name, "--seed", str(run.seed), *run.flags]
        ),
        "measurements": [measurement.name for measurement in measured],
        "recipe": json.loads((directory / "recipe.json").read_text()) | {"data": None},
        "program": environment["versions"]["program"],
        "test-data-sha256": environment["testData"],
        "accuracy": 100 * ended[-1]["test/accuracy"],
        "accuracies": [round(100 * x["test/accuracy"], 2) for x in ended if "test/accuracy" in x],
        **conditions(),
        **numbers,
    })


def is_done(options: argparse.Namespace, experiment: Experiment, run: Run) -> bool:
    """Whether the run's result holds every measurement that is asked for."""
    file = experiment.result(run.name)
    measured = json.loads(file.read_text())["measurements"] if file.exists() else None
    return measured is not None and all(
        x.name in measured or x.name in options.skip for x in experiment.measurements
    )


def conditions() -> dict:
    return {
        "commit": commit(),
        "machine": f"{os.cpu_count()} cores, {cpu()}",
        "date": datetime.date.today().isoformat(),
    }


def write(file: pathlib.Path, result: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".json.part")
    partial.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    partial.replace(file)


def measure_step_times(options: argparse.Namespace, experiment: Experiment) -> None:
    """Writes each arm's step time over that of the standard arm, by one and two ranks of a thread."""
    directory = pathlib.Path(options.out) / experiment.name
    directory.mkdir(parents=True, exist_ok=True)
    times = {}
    for ranks in [1, 2]:
        file = directory / f"step-times-{ranks}.json"
        words = ["bench", "arms", "--recipe", str(experiment.recipe), "--threads", "1",
                 "--json", str(file)]
        launch(options, words, directory / "step-times.log", ranks)
        rows = json.loads(file.read_text())["arms"]["rows"]
        times[str(ranks)] = {row["arm"]: row["over-standard"] for row in rows}
    write(experiment.result("step-times"),
          {"experiment": experiment.name, "row": "step-times", **conditions(), "ranks": times})


def main(experiment: Experiment, documentation: str | None) -> None:
    options = arguments(documentation).parse_args()
    if options.markdown:
        print("\n".join(PAGES[options.markdown](experiment)))
        return
    if options.binary and not os.access(options.binary, os.X_OK):
        sys.exit(f"--binary: {options.binary} is no program")
    if options.step_times:
        if not options.binary or not experiment.step_times:
            sys.exit("--step-times needs --binary, and an experiment that has step times")
        measure_step_times(options, experiment)
        sys.exit(print_verdicts(experiment))
    wanted = [
        run for run in experiment.runs
        if (not options.only or run.row in options.only)
        and (not options.seeds or run.seed in options.seeds)
    ]
    if options.binary:
        if not options.data:
            sys.exit("--binary needs --data, the directory of the data set")
        for number, run in enumerate(wanted, start=1):
            if is_done(options, experiment, run):
                print(f"{number}/{len(wanted)} {run.name}: done", flush=True)
                continue
            began = time.monotonic()
            perform(options, experiment, run)
            minutes = (time.monotonic() - began) / 60
            print(f"{number}/{len(wanted)} {run.name}: {minutes:.1f} min", flush=True)
    sys.exit(print_verdicts(experiment))

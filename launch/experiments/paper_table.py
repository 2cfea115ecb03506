#!/usr/bin/env python3
"""Trains the paper's arms, measures them and prints its tables; goes on where it was stopped.

Every arm of `lcnn-dist recipe --arms` is trained with one recipe, and LCNN again for each pair of
weights of its penalties in the sweep. Of each run, the curvature of the first test samples and the
accuracy under projected gradient descent in L2 are measured. What is there already is not made
again: the same command goes on after an interruption, with the same options. Written into --out:

    RUN/            a run with curvature.json and attack.json
    arms.md|csv     the paper's two tables, a row per arm
    sweep.md|csv    the same for LCNN, a row per pair of weights

    launch/experiments/paper_table.py --binary .build/release/lcnn-dist --data DIR --out runs/paper

The defaults are a study of a small network on 10,000 images of CIFAR-10. For the paper's own
setting: --recipe cifar100-resnet18 --seeds 1 2 --test-samples 10000. Arguments after "--" are
handed to lcnn-dist train. --quick is a rehearsal of a minute or two, whose numbers mean nothing.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

ARMS = ["standard", "lcnn", "gradreg", "lcnn-gradreg", "cure", "softplus", "adversarial"]

# (λ_β, λ_γ) of the sweep; the second is the arm lcnn itself.
SWEEP = [
    ("1e-5", "1e-6"),
    ("1e-4", "1e-5"),
    ("1e-3", "1e-4"),
    ("1e-3", "1e-3"),
    ("1e-2", "1e-2"),
]
ARM_OF_SWEEP = ("1e-4", "1e-5")

QUICK_TRAINING = ["--train-samples", "256", "--epochs", "1", "--warmup-epochs", "0"]


@dataclasses.dataclass
class Run:
    """A run to be made: its directory's name and what it adds to the recipe."""

    name: str
    flags: list[str]
    # In which table, and where; None where it is not in one.
    row_of_arms: int | None = None
    row_of_sweep: int | None = None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", required=True, help="lcnn-dist")
    parser.add_argument("--data", required=True, help="directory of the recipe's data set")
    parser.add_argument("--out", required=True, help="directory of the runs and tables")
    parser.add_argument("--ranks", type=int, default=2, help="default: 2")
    parser.add_argument("--recipe", default="cifar10-small", help="default: cifar10-small")
    parser.add_argument("--seeds", nargs="+", default=["1"], help="a run of each; default: 1")
    parser.add_argument("--test-samples", type=int, default=2000, help="default: 2000")
    parser.add_argument("--curvature-samples", type=int, default=1000, help="default: 1000")
    parser.add_argument("--attack-samples", type=int, default=1000, help="default: 1000")
    parser.add_argument("--steps", type=int, default=20, help="of the attack; default: 20")
    parser.add_argument("--epsilons", default="0.05,0.1,0.15,0.2", help="default: the paper's")
    parser.add_argument("--no-sweep", action="store_true", help="only the arms")
    parser.add_argument("--quick", action="store_true", help="a rehearsal on few samples")
    parser.add_argument("train_arguments", nargs="*", metavar="-- ARGUMENT")
    options = parser.parse_args()
    if options.quick:
        options.test_samples, options.curvature_samples, options.attack_samples = 64, 16, 16
        options.train_arguments = QUICK_TRAINING + options.train_arguments
    options.binary = os.path.abspath(options.binary)
    return options


def planned(options: argparse.Namespace) -> list[Run]:
    runs = []
    for seed in options.seeds:
        for row, arm in enumerate(ARMS):
            run = Run(f"{arm}-seed-{seed}", ["--arm", arm, "--seed", seed], row_of_arms=row)
            if arm == "lcnn":
                run.row_of_sweep = SWEEP.index(ARM_OF_SWEEP)
            runs.append(run)
        for row, (beta, gamma) in enumerate([] if options.no_sweep else SWEEP):
            if (beta, gamma) == ARM_OF_SWEEP:
                continue
            flags = ["--arm", "lcnn", "--beta-penalty", beta, "--gamma-penalty", gamma]
            name = f"lcnn-{beta}-{gamma}-seed-{seed}"
            runs.append(Run(name, [*flags, "--seed", seed], row_of_sweep=row))
    return runs


def launch(options: argparse.Namespace, arguments: list[str], log: pathlib.Path) -> None:
    """Runs the program on all ranks; what it prints goes to the end of `log`."""
    mpirun = ["mpirun", "-n", str(options.ranks)]
    if options.ranks > len(os.sched_getaffinity(0)):
        mpirun.append("--oversubscribe")
    command = [*mpirun, options.binary, *arguments]
    with open(log, "a") as file:
        print("$", *command, file=file, flush=True)
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT).returncode
    if status:
        sys.stderr.write("".join(log.read_text().splitlines(keepends=True)[-20:]))
        sys.exit(f"exit status {status}, see {log}; the same command goes on")


def epochs_done(run: pathlib.Path) -> tuple[int, int]:
    """Epochs in a run's metrics, and those that its recipe asks for."""
    if not (run / "recipe.json").exists():
        return 0, -1
    recipe = json.loads((run / "recipe.json").read_text())
    lines = (run / "metrics.jsonl").read_text().splitlines()
    ends = [line for line in lines if '"epoch/train-loss"' in line and line.endswith("}")]
    return (json.loads(ends[-1])["epoch"] if ends else 0), recipe["epochs"]


def train(options: argparse.Namespace, run: Run, directory: pathlib.Path, log: pathlib.Path) -> bool:
    """Trains what is left of a run; whether there was anything."""
    done, wanted = epochs_done(directory)
    if done == wanted:
        return False
    if wanted > 0 and any(directory.glob("checkpoints/step-*")):
        launch(options, ["train", "--resume", "--run", str(directory)], log)
        return True
    if directory.exists():
        sys.exit(f"{directory} holds a run without a checkpoint: remove it")
    arguments = ["--recipe", options.recipe, "--data", options.data, *run.flags]
    arguments += ["--test-samples", str(options.test_samples), *options.train_arguments]
    launch(options, ["train", "--run", str(directory), *arguments], log)
    return True


def measure(
    options: argparse.Namespace, command: str, directory: pathlib.Path, log: pathlib.Path
) -> bool:
    """Makes curvature.json or attack.json if it is not there or older than the run."""
    file = directory / f"{command}.json"
    trained = (directory / "metrics.jsonl").stat().st_mtime
    if file.exists() and file.stat().st_mtime >= trained:
        return False
    if command == "curvature":
        arguments = ["--samples", str(options.curvature_samples)]
    else:
        arguments = ["--samples", str(options.attack_samples), "--epsilons", options.epsilons]
        arguments += ["--attack", "pgd", "--steps", str(options.steps), "--restarts", "1"]
    # The state of an interrupted attack lies beside its file, and is taken up again.
    launch(options, [command, "--model", str(directory), "--json", str(file), *arguments], log)
    return True


def write_table(options: argparse.Namespace, name: str, runs: list[pathlib.Path]) -> None:
    for form, suffix in [("text", None), ("markdown", "md"), ("csv", "csv")]:
        command = [options.binary, "table", *map(str, runs), "--format", form]
        result = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True)
        if suffix:
            (pathlib.Path(options.out) / f"{name}.{suffix}").write_text(result.stdout)
        else:
            print(f"\n{name}\n{result.stdout}", end="", flush=True)


def main() -> None:
    options = parse_arguments()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    runs = planned(options)
    began = time.monotonic()
    for number, run in enumerate(runs, start=1):
        directory, log = out / run.name, out / f"{run.name}.log"
        seconds = {}
        for step in ["train", "curvature", "attack"]:
            start = time.monotonic()
            if step == "train":
                is_new = train(options, run, directory, log)
            else:
                is_new = measure(options, step, directory, log)
            seconds[step] = f"{step} {time.monotonic() - start:.0f} s" if is_new else f"{step} –"
        print(f"{number}/{len(runs)} {run.name}: {', '.join(seconds.values())}", flush=True)
    for table in ["arms"] if options.no_sweep else ["arms", "sweep"]:
        rows = [(getattr(run, f"row_of_{table}"), run.name) for run in runs]
        members = sorted((row, name) for row, name in rows if row is not None)
        write_table(options, table, [out / name for _, name in members])
    print(f"\n{(time.monotonic() - began) / 60:.1f} min; tables in {out}")


if __name__ == "__main__":
    main()

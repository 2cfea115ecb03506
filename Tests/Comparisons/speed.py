#!/usr/bin/env python3
"""Measures lcnn-dist and PyTorch in turn, one thread each, and prints a Markdown table.

    Tests/Comparisons/speed.py --binary .build/release/lcnn-dist
    Tests/Comparisons/speed.py --binary .build/release/lcnn-dist --quick vgg11-lcnn inference

A round runs every side once, one after the other, each in a process of its own: warm-up steps, which
do not count, then timed ones, on batches of 3×32×32 synthetic images in 10 classes. A side's time of
a round is the median of its steps; images/s come from the median over rounds, and ratios are made
within each round: their median, with the least and the largest in brackets. Memory is the largest
resident size of any round.

PyTorch is measured as it comes, and tuned: denormals flushed to zero, glibc's malloc told to keep
large blocks, weights normalised once instead of at every step in inference. --compile adds the tuned
one under torch.compile, which takes minutes to start and cannot differentiate twice, so that the
gradient-norm penalty and curvature are left out.

Training steps of lcnn-dist are timed by timings.jsonl, in epochs of a single step; checkpoints and
evaluations are not in these times. lcnn-dist evaluate and curvature are timed as a whole, for two
numbers of samples: the difference counts, which includes making the synthetic images. Curvature is
ten power iterations with the input Hessian, in PyTorch by differentiating twice.

Training is measured with --precision bf16 as well, beside the same float32 steps of the peer.

Arguments after "--" are handed to lcnn-dist. Nothing else should run on the machine; the load at the
start is printed. --core keeps all threads of each side, also those that load data, on one core.
"""

import argparse
import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

LARGEST_QUIET_LOAD = 0.5
ITERATIONS = 10
MALLOC_KEEPS_BLOCKS = {
    "MALLOC_MMAP_THRESHOLD_": "17179869184",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
}
# What would make a side other than it is described, if the caller's environment had it.
REMOVED_FROM_ENVIRONMENT = [
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    *MALLOC_KEEPS_BLOCKS,
]
LCNN_PENALTIES = {"beta-penalty": 1e-4, "gamma-penalty": 1e-5}
STANDARD_PENALTIES = {"beta-penalty": 0.0, "gamma-penalty": 0.0}
OPTIMIZER = {"learning-rate": 0.01, "momentum": 0.9, "weight-decay": 5e-4}


@dataclasses.dataclass(frozen=True)
class Workload:
    architecture: str
    variant: str
    # Timed steps per round and side: fewer where they are long.
    steps: int
    gradient_norm_penalty: float = 0.0
    # What is measured of a trained model instead of a training step: evaluate or curvature.
    measurement: str = ""
    # Images per step, where it is not the option.
    batch: int = 0
    # More keys of the recipe, which the peer knows as options.
    keys: dict = dataclasses.field(default_factory=dict)

    def flags(self, batch):
        """Settings that both sides know by the same names."""
        penalties = LCNN_PENALTIES if self.variant == "lcnn" else STANDARD_PENALTIES
        settings = {
            "architecture": self.architecture,
            "variant": self.variant,
            "batch-size": batch,
            "gradient-norm-penalty": self.gradient_norm_penalty,
            **penalties,
            **OPTIMIZER,
            **self.keys,
        }
        return as_flags(settings)


WORKLOADS = {
    "resnet18-lcnn": Workload("resnet18", "lcnn", steps=3),
    # 6.1e-3: the paper's weight at its batch of 128, per sample.
    "resnet18-lcnn-gradreg": Workload("resnet18", "lcnn", steps=2, gradient_norm_penalty=6.1e-3),
    "vgg11-lcnn": Workload("vgg11", "lcnn", steps=5),
    "resnet18-standard": Workload("resnet18", "standard", steps=3),
    "resnet18-gradreg": Workload("resnet18", "standard", steps=2, gradient_norm_penalty=6.1e-3),
    "resnet18-softplus": Workload("resnet18", "standard", steps=3, keys={"softplus-beta": 10}),
    "resnet18-cure": Workload("resnet18", "standard", steps=1, keys={"cure-penalty": 6.1e-5}),
    "resnet18-adversarial": Workload("resnet18", "standard", steps=1, keys={"adversarial-epsilon": 0.1}),
    "inference": Workload("resnet18", "lcnn", steps=8, measurement="evaluate"),
    "curvature": Workload("resnet18", "lcnn", steps=1, measurement="curvature", batch=64),
}
# Of lcnn-dist; the peer is always in float32.
PRECISIONS = ["fp32", "bf16"]
TITLES = {
    "resnet18-lcnn": "resnet18-lcnn, training step",
    "resnet18-lcnn-gradreg": "… with gradient-norm penalty",
    "vgg11-lcnn": "vgg11-lcnn, training step",
    "resnet18-standard": "resnet18 standard, training step",
    "resnet18-gradreg": "… with gradient-norm penalty",
    "resnet18-softplus": "… with softplus(10)",
    "resnet18-cure": "… with CURE",
    "resnet18-adversarial": "… on adversarial images of 3 steps",
    "inference": "resnet18-lcnn, inference",
    "curvature": "resnet18-lcnn, curvature of 64 images by 10 iterations",
}


@dataclasses.dataclass
class Sample:
    """One side in one round: seconds of each timed step, and bytes of memory."""

    seconds: list
    memory: int

    @property
    def step(self):
        return statistics.median(self.seconds)


def as_flags(settings):
    return [text for name, value in settings.items() for text in (f"--{name}", str(value))]


def synthetic_training(run, samples, epochs):
    """Settings of a training that is timed: as constant as can be, nothing but steps between its ends."""
    return {
        # Any built-in recipe for these networks: what sets them apart is overridden.
        "recipe": "cifar10-resnet18-lcnn",
        "data-set": "synthetic",
        "crop-padding": 0,
        "flip": "false",
        "train-samples": samples,
        "test-samples": 8,
        "epochs": epochs,
        "schedule": "constant",
        "checkpoint-every": epochs,
        "evaluate-every": epochs,
        "progress": "plain",
        "run": run,
    }


def run_process(command, extra_environment):
    """Runs a command on one thread: what it printed, its wall time and largest resident bytes."""
    environment = {k: v for k, v in os.environ.items() if k not in REMOVED_FROM_ENVIRONMENT}
    environment.update(extra_environment, OMP_NUM_THREADS="1")
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, stderr=errors, env=environment)
        # wait4 tells of this child alone; RUSAGE_CHILDREN would be the largest of all so far.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.stderr.write(printed.read()[-4000:] + errors.read()[-4000:])
            sys.exit(f"exit status {process.returncode} from: {' '.join(command)}")
        return printed.read(), seconds, usage.ru_maxrss * 1024


class Ours:
    """lcnn-dist, as rank 0 of 1 with one thread."""

    def __init__(self, options, precision="fp32"):
        self.binary = options.binary
        self.arguments = options.lcnn_arguments
        self.precision = precision

    def measures(self, workload):
        """Precision is of training: a model is measured in the exact one."""
        return self.precision == "fp32" or not workload.measurement

    def command(self, subcommand, settings, flags):
        common = {"data-set": "synthetic", "crop-padding": 0, "flip": "false", "threads": 1}
        common.update(settings)
        return [self.binary, subcommand, *as_flags(common), *flags, *self.arguments]

    def train(self, workload, run, batch, epochs):
        """Trains epochs of a single step; the largest resident bytes."""
        settings = synthetic_training(run, batch, epochs)
        settings["precision"] = self.precision
        command = self.command("train", settings, workload.flags(batch))
        _, _, memory = run_process(command, {})
        return memory

    def measure(self, workload, batch, warm_up, steps, folder):
        run = pathlib.Path(folder) / "run"
        if workload.measurement:
            return self.measure_model(workload, run, batch, warm_up, steps)
        memory = self.train(workload, run, batch, warm_up + steps)
        epochs = [json.loads(line) for line in (run / "timings.jsonl").read_text().splitlines()]
        if len(epochs) != warm_up + steps:
            sys.exit(f"{run}/timings.jsonl: {len(epochs)} epochs, expected {warm_up + steps}")
        # Not "seconds", which in an evaluated epoch holds the evaluation as well.
        return Sample([batch / epoch["images-per-second"] for epoch in epochs[warm_up:]], memory)

    def measure_model(self, workload, run, batch, warm_up, steps):
        # Any weights do: those of one small step.
        self.train(workload, run, batch=8, epochs=1)
        seconds, largest = [], 0
        for batches in (warm_up, warm_up + steps):
            settings = {"model": run, "test-samples": batch * batches}
            if workload.measurement == "curvature":
                # No sample converges before its tenth product, as in the peer.
                settings.update({"iterations": ITERATIONS, "tolerance": 0})
            command = self.command(workload.measurement, settings, workload.flags(batch))
            _, wall, memory = run_process(command, {})
            seconds.append(wall)
            largest = max(largest, memory)
        short, long = seconds
        if long <= short:
            sys.exit(
                f"evaluating {warm_up} batches took {short:.2f} s, {warm_up + steps} took "
                f"{long:.2f} s: too noisy to tell a step's time; take more --steps"
            )
        return Sample([(long - short) / steps], largest)


@dataclasses.dataclass(frozen=True)
class PyTorch:
    name: str
    flags: tuple = ()
    environment: tuple = ()

    def measures(self, workload):
        differentiates_twice = (
            workload.gradient_norm_penalty
            or "cure-penalty" in workload.keys
            or workload.measurement == "curvature"
        )
        return "--compile" not in self.flags or not differentiates_twice

    def measure(self, workload, batch, warm_up, steps, _):
        program = pathlib.Path(__file__).with_name("torch_steps.py")
        command = [sys.executable, str(program), *workload.flags(batch), *self.flags]
        if workload.measurement:
            command += ["--measure", workload.measurement]
        command += as_flags({"warm-up": warm_up, "steps": steps})
        printed, _, memory = run_process(command, dict(self.environment))
        return Sample(json.loads(printed)["seconds"], memory)


def peers(options):
    malloc = tuple(MALLOC_KEEPS_BLOCKS.items())
    sides = [PyTorch("PyTorch"), PyTorch("PyTorch tuned", ("--tuned",), malloc)]
    if options.compile:
        sides.append(PyTorch("PyTorch compiled", ("--tuned", "--compile"), malloc))
    return sides


def measure(name, sides, options):
    """Every side's samples, a list per side in the order of rounds."""
    workload = WORKLOADS[name]
    samples = [[] for _ in sides]
    for number in range(options.rounds):
        for side, found in zip(sides, samples):
            with tempfile.TemporaryDirectory() as folder:
                steps = options.steps or workload.steps
                arguments = (workload.batch or options.batch, options.warm_up, steps, folder)
                found.append(side.measure(workload, *arguments))
        times = ", ".join(f"{found[-1].step:.3f}" for found in samples)
        progress = f"{name}, round {number + 1} of {options.rounds}: {times} s per step"
        print(progress, file=sys.stderr, flush=True)
    return samples


def images_per_second(samples, batch):
    return f"{batch / statistics.median(sample.step for sample in samples):.1f}"


def memory(samples):
    return f"{max(sample.memory for sample in samples) / 2**30:.2f}"


def ratio(ours, others):
    """How many times as fast ours is, pair by pair: the median and its spread."""
    return spread([other.step / own.step for own, other in zip(ours, others)])


def spread(ratios):
    median, least, largest = statistics.median(ratios), min(ratios), max(ratios)
    return f"**{median:.2f}×** ({least:.2f}–{largest:.2f})"


def row(title, samples, others, batch):
    own, *found = samples
    # A side that cannot run this workload is the last one.
    absent = ["–"] * (len(others) - len(found))
    cells = [title]
    cells += [images_per_second(side, batch) for side in samples] + absent
    cells += [ratio(own, side) for side in found] + absent
    cells += [" / ".join([memory(side) for side in samples] + absent)]
    return "| " + " | ".join(cells) + " |"


def header(others):
    names = [side.name for side in others]
    cells = ["workload", "lcnn-dist, images/s", *names]
    cells += [f"over {name}" for name in names] + ["memory, GiB: " + " / ".join(["ours", *names])]
    return "| " + " | ".join(cells) + " |\n|" + "---|" * len(cells)


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def conditions(ours, options, load):
    """What the numbers depend on, as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        ours.train(WORKLOADS["vgg11-lcnn"], run, batch=8, epochs=1)
        versions = json.loads((run / "environment.jsonl").read_text())["versions"]
    torch_version = importlib.metadata.version("torch")
    program = " ".join(["lcnn-dist", versions["program"], *options.lcnn_arguments])
    steps = options.steps or "2 to 8"
    where = "any core" if options.core is None else f"core {options.core}"
    return (
        f"{processor()}, {os.cpu_count()} cores; one thread per side on {where}; "
        f"load {load:.2f} at the start.\n"
        f"{program} ({versions['blas']}); PyTorch {torch_version}, "
        f"Python {platform.python_version()}.\n"
        f"Batch {options.batch} of 3×32×32; rounds: {options.rounds}; steps per round: {steps}, "
        f"after warm-up of {options.warm_up}."
    )


def parse_before_dashes(parser):
    """The options before "--"; the words after it, for lcnn-dist, are their lcnn_arguments."""
    arguments = sys.argv[1:]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    options.lcnn_arguments = arguments[end + 1 :]
    return options


def require_known(parser, chosen, known):
    unknown = [name for name in chosen if name not in known]
    if unknown:
        parser.error(f"workload {unknown[0]}: expected one of {', '.join(known)}")


def require_positive(parser, options, *names):
    for name in names:
        value = getattr(options, name.replace("-", "_"))
        if value is not None and value < 1:
            parser.error(f"--{name} {value}: expected at least 1")


def print_unless_quiet(load):
    """Says that the numbers below are not to be trusted, if other work was going on."""
    if load > LARGEST_QUIET_LOAD:
        print(f"**Not quiet: load {load:.2f} at the start; at most {LARGEST_QUIET_LOAD} is.**")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "workloads",
        nargs="*",
        metavar="workload",
        help=f"of {', '.join(WORKLOADS)} (default: all)",
    )
    parser.add_argument("--binary", required=True, help="the program lcnn-dist")
    parser.add_argument("--rounds", type=int, help="(default: 5)")
    parser.add_argument("--warm-up", type=int, default=1, help="steps that do not count")
    parser.add_argument("--steps", type=int, help="timed steps (default: 2 to 8, as they are long)")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--quick", action="store_true", help="by default 2 rounds of 1 step")
    parser.add_argument("--compile", action="store_true", help="also measure torch.compile")
    parser.add_argument("--core", type=int, help="the core of all sides (default: any)")
    options = parse_before_dashes(parser)
    require_known(parser, options.workloads, WORKLOADS)
    if options.rounds is None:
        options.rounds = 2 if options.quick else 5
    if options.steps is None and options.quick:
        options.steps = 1
    require_positive(parser, options, "rounds", "warm-up", "steps", "batch")
    return options


def main():
    options = parse_arguments()
    load = os.getloadavg()[0]
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    ours, others = [Ours(options, precision) for precision in PRECISIONS], peers(options)
    print(conditions(ours[0], options, load))
    print_unless_quiet(load)
    print("\n" + header(others), flush=True)
    for name in options.workloads or WORKLOADS:
        workload = WORKLOADS[name]
        own = [side for side in ours if side.measures(workload)]
        found = [side for side in others if side.measures(workload)]
        samples = measure(name, own + found, options)
        for side, times in zip(own, samples):
            title = TITLES[name] if side.precision == "fp32" else f"… {side.precision}"
            all_times = [times, *samples[len(own) :]]
            print(row(title, all_times, others, workload.batch or options.batch), flush=True)


if __name__ == "__main__":
    main()

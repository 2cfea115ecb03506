#!/usr/bin/env python3
"""Trains the same network with lcnn-dist and with PyTorch and compares.

losses    the same initial weights and the same batches without augmentation: the training losses
          of every step side by side; exits with 1 if any pair differs by more than 1 %.
accuracy  random initial weights and augmentation of each one's own, several seeds: mean test
          accuracies; exits with 1 if they differ by more than 3 percentage points.

The recipe's name says what to build in PyTorch: DATASET-NETWORK-VARIANT, DATASET one of cifar10
and cifar100 (binary version), NETWORK one of resnet18, resnet34 and vgg11, VARIANT with "lcnn" in
it for the low-curvature network. The weights of the penalties must be those of the recipe. Learning
rates are those that lcnn-dist wrote into metrics.jsonl. Arguments after "--" are handed to
lcnn-dist train.

Rounding alone makes two runs drift apart, the faster the larger the learning rate: losses --control
trains a second PyTorch network in another memory layout, whose distance from the first shows how
much of a difference means nothing.

    Tests/Comparisons/parity.py losses --binary .build/release/lcnn-dist --data DIR
    Tests/Comparisons/parity.py accuracy --binary .build/release/lcnn-dist --data DIR --out DIR
"""

import argparse
import copy
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import lcnn_torch
import numpy as np
import speed
import torch

LARGEST_LOSS_DIFFERENCE = 0.01
LARGEST_ACCURACY_DIFFERENCE = 3.0
CROP_PADDING = 4
IMAGE_SIZE = 32
EVALUATION_BATCH = 500

# Per data set: classes, bytes of labels before an image (the last one counts), files of each part.
DATASETS = {
    "cifar10": (10, 1, [f"data_batch_{i}.bin" for i in range(1, 6)], ["test_batch.bin"]),
    "cifar100": (100, 2, ["train.bin"], ["test.bin"]),
}
FOLDERS = {"cifar10": "cifar-10-batches-bin", "cifar100": "cifar-100-binary"}


class Recipe:
    """What the name of a recipe says about data and network."""

    def __init__(self, name):
        parts = pathlib.Path(name).stem.split("-", 2)
        if len(parts) != 3 or parts[0] not in DATASETS:
            known = ", ".join(DATASETS)
            sys.exit(f"recipe {name}: expected DATASET-NETWORK-VARIANT, DATASET one of {known}")
        self.dataset, self.architecture, variant = parts
        self.lcnn = "lcnn" in variant
        self.components = lcnn_torch.LCNN if self.lcnn else lcnn_torch.STANDARD
        self.classes = DATASETS[self.dataset][0]

    def network(self):
        return lcnn_torch.network(
            self.architecture, self.components, self.classes, IMAGE_SIZE
        )

    def images(self, directory, test):
        """Images [N, 3, 32, 32] as bytes and labels [N] of one part, in the order of the files."""
        _, label_bytes, train_files, test_files = DATASETS[self.dataset]
        folder = pathlib.Path(directory)
        if (folder / FOLDERS[self.dataset]).is_dir():
            folder = folder / FOLDERS[self.dataset]
        files = test_files if test else train_files
        data = np.concatenate([np.fromfile(folder / name, np.uint8) for name in files])
        records = data.reshape(-1, label_bytes + 3 * IMAGE_SIZE * IMAGE_SIZE)
        pixels = records[:, label_bytes:].reshape(-1, 3, IMAGE_SIZE, IMAGE_SIZE)
        labels = records[:, label_bytes - 1].astype(np.int64)
        return torch.from_numpy(pixels.copy()), torch.from_numpy(labels)


def unit_floats(pixels):
    return pixels.float() / 255


def augmented(pixels):
    """Zero padding, a random crop and a random horizontal flip of each image."""
    padded = torch.nn.functional.pad(pixels, [CROP_PADDING] * 4)
    offsets = torch.randint(0, 2 * CROP_PADDING + 1, (len(pixels), 2)).tolist()
    flips = torch.randint(0, 2, (len(pixels),)).tolist()
    images = []
    for image, (row, column), flip in zip(padded, offsets, flips):
        crop = image[:, row : row + IMAGE_SIZE, column : column + IMAGE_SIZE]
        images.append(crop.flip(-1) if flip else crop)
    return torch.stack(images)


def penalties(options, recipe):
    return {
        "beta_weight": options.beta_weight if recipe.lcnn else 0.0,
        "gamma_weight": options.gamma_weight if recipe.lcnn else 0.0,
        "gradient_norm_weight": options.gradient_norm_weight,
    }


def train_step(model, sgd, rate, x, y, weights):
    """One step; returns the objective and its cross-entropy term before the step."""
    for group in sgd.param_groups:
        group["lr"] = rate
    sgd.zero_grad()
    total, cross_entropy = lcnn_torch.objective(model, x, y, **weights)
    total.backward()
    sgd.step()
    return {"objective": total.item(), "cross-entropy": cross_entropy.item()}


def run_program(command):
    """Runs a command and returns what it printed; ends with its output if it fails."""
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode:
        sys.stderr.write(result.stdout[-4000:] + result.stderr[-4000:])
        sys.exit(f"exit status {result.returncode} from: {' '.join(command)}")
    return result.stdout


def train_ours(options, run, *arguments):
    mpirun = ["mpirun", "-n", str(options.ranks)]
    if options.ranks > len(os.sched_getaffinity(0)):
        mpirun.append("--oversubscribe")
    command = [options.binary, "train", "--recipe", options.recipe, "--data", options.data]
    command += ["--threads", "1"]
    arguments = [*map(str, arguments), *options.lcnn_arguments]
    return run_program([*mpirun, *command, "--run", str(run), *arguments])


def samples(options, steps):
    """The sample indices of each step's global batch, as lcnn-dist draws them."""
    command = [options.binary, "samples", "--recipe", options.recipe, "--data", options.data]
    printed = run_program([*command, "--steps", str(steps)])
    batches = [[int(index) for index in line.split()] for line in printed.splitlines()]
    if len(batches) != steps or not all(batches):
        sys.exit(f"samples printed {len(batches)} lines; expected {steps} of indices")
    return batches


def training_metrics(run):
    """The lines of metrics.jsonl that describe training steps, in the order of the steps."""
    lines = (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines()
    metrics = [line for line in map(json.loads, lines) if "train/loss" in line]
    return sorted(metrics, key=lambda line: line["step"])


def compare_losses(options):
    recipe = Recipe(options.recipe)
    weights = penalties(options, recipe)
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        unaugmented = ["--crop-padding", 0, "--flip", "false"]
        train_ours(options, run, "--max-steps", options.steps, *unaugmented)
        metrics = training_metrics(run)
        first = run / "checkpoints" / "step-00000000" / "model.safetensors"
        initial = lcnn_torch.read_safetensors(first)
    if len(metrics) != options.steps:
        sys.exit(f"metrics.jsonl holds {len(metrics)} training steps; expected {options.steps}")
    model = recipe.network()
    lcnn_torch.load_reference_state(model, initial)
    model.train()
    arms = [(model, torch.contiguous_format)]
    if options.control:
        other = copy.deepcopy(model).to(memory_format=torch.channels_last)
        arms.append((other, torch.channels_last))
    optimizers = [
        lcnn_torch.optimizer(arm, 0.0, options.momentum, options.weight_decay) for arm, _ in arms
    ]
    pixels, labels = recipe.images(options.data, test=False)

    largest = largest_control = 0.0
    control = f"{'control':>11}" if options.control else ""
    print(f"{options.loss}\n step    lcnn-dist      PyTorch  difference {control}")
    for line, batch in zip(metrics, samples(options, options.steps)):
        x, y, rate = unit_floats(pixels[batch]), labels[batch], line["train/learning-rate"]
        theirs = [
            train_step(arm, sgd, rate, x.contiguous(memory_format=layout), y, weights)
            for (arm, layout), sgd in zip(arms, optimizers)
        ]
        theirs = [losses[options.loss] for losses in theirs]
        # A loss that is not finite is written as null.
        ours = float("nan") if line["train/loss"] is None else line["train/loss"]
        difference = abs(ours - theirs[0]) / abs(theirs[0])
        control = abs(theirs[-1] - theirs[0]) / abs(theirs[0])
        # Not max(): a NaN has to stay.
        largest = largest if difference <= largest else difference
        largest_control = max(largest_control, control)
        end = f" {control:11.2e}" if options.control else ""
        row = f"{line['step']:5} {ours:12.6f} {theirs[0]:12.6f} {difference:11.2e}{end}"
        print(row, flush=True)
    print(f"largest relative difference {largest:.2e}, allowed {LARGEST_LOSS_DIFFERENCE:.2e}")
    if options.control:
        print(f"largest between the two PyTorch networks {largest_control:.2e}")
    return 0 if largest <= LARGEST_LOSS_DIFFERENCE else 1


def test_accuracy(model, pixels, labels):
    """Percentage of images whose largest logit is their label's."""
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in zip(pixels.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH)):
            right += (model(unit_floats(x)).argmax(1) == y).sum().item()
    return 100 * right / len(labels)


def accuracy_of_ours(options, arm, seed, *arguments):
    """lcnn-dist's arm, in a run of that name; what else it is told are arguments."""
    run = pathlib.Path(options.out) / f"{arm}-seed-{seed}"
    # What an interrupted comparison left behind.
    shutil.rmtree(run, ignore_errors=True)
    size = ["--train-samples", options.train_samples, "--epochs", options.epochs]
    printed = train_ours(options, run, *size, "--seed", seed, *arguments)
    found = re.findall(r"test accuracy ([0-9.]+) %", printed)
    if not found:
        sys.exit(f"expected 'test accuracy … %' as the last line, found:\n{printed[-1000:]}")
    rates = [[line["step"], line["train/learning-rate"]] for line in training_metrics(run)]
    batch = len(samples(options, 1)[0])
    return {"accuracy": float(found[-1]), "learning rates": rates, "batch": batch}


def accuracy_of_pytorch(options, recipe, seed, rates, batch):
    """The PyTorch arm, on the first samples of the training part, with the schedule of the other."""
    torch.manual_seed(seed)
    weights = penalties(options, recipe)
    pixels, labels = recipe.images(options.data, test=False)
    count = min(options.train_samples, len(labels))
    model = recipe.network()
    sgd = lcnn_torch.optimizer(model, 0.0, options.momentum, options.weight_decay)
    step, remaining = 0, list(rates)
    rate = remaining[0][1]
    for epoch in range(options.epochs):
        model.train()
        for chosen in torch.randperm(count).split(batch):
            step += 1
            # Steps that were not logged keep the rate of the last one that was.
            while remaining and remaining[0][0] <= step:
                rate = remaining.pop(0)[1]
            x, y = unit_floats(augmented(pixels[chosen])), labels[chosen]
            losses = train_step(model, sgd, rate, x, y, weights)
        print(f"PyTorch, seed {seed}, epoch {epoch + 1}: {losses['objective']:.4f}", flush=True)
    return {"accuracy": test_accuracy(model, *recipe.images(options.data, test=True))}


def finished_or(options, arm, seed, measure):
    """The result of one arm from its file in --out, or measured now and written there."""
    path = pathlib.Path(options.out) / f"{arm}-seed-{seed}.json"
    # Where things lie, how fast they are made, and which arms there are besides.
    without = {"out", "seeds", "binary", "data", "run", "threads", "precisions", "quick"}
    settings = {k: v for k, v in vars(options).items() if k not in without}
    if path.exists():
        stored = json.loads(path.read_text())
        if stored["settings"] != settings:
            sys.exit(f"{path}: made with {stored['settings']}, expected {settings}")
    else:
        stored = {"settings": settings, **measure()}
        part = path.with_suffix(".part")
        part.write_text(json.dumps(stored, indent=1) + "\n")
        part.rename(path)
    print(f"{arm}, seed {seed}: test accuracy {stored['accuracy']:.2f} %", flush=True)
    return stored


def compare_accuracies(options):
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    recipe = Recipe(options.recipe)
    ours, theirs = [], []
    for seed in options.seeds:
        result = finished_or(
            options, "lcnn-dist", seed, lambda: accuracy_of_ours(options, "lcnn-dist", seed)
        )
        ours.append(result["accuracy"])
        rates, batch = result["learning rates"], result["batch"]
        result = finished_or(
            options,
            "PyTorch",
            seed,
            lambda: accuracy_of_pytorch(options, recipe, seed, rates, batch),
        )
        theirs.append(result["accuracy"])
    means = statistics.mean(ours), statistics.mean(theirs)
    difference = means[0] - means[1]
    print(f"lcnn-dist {means[0]:.2f} %, PyTorch {means[1]:.2f} %, {difference:+.2f} points")
    return 0 if abs(difference) <= LARGEST_ACCURACY_DIFFERENCE else 1


def add_training_options(parser):
    """What training both sides takes, whatever is compared."""
    parser.add_argument("--binary", required=True, help="the program lcnn-dist")
    parser.add_argument("--data", required=True, help="folder of the data set")
    parser.add_argument("--ranks", type=int, default=2, help="of lcnn-dist")
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch")
    parser.add_argument("--beta-weight", type=float, default=1e-4, help="λ_β of LCNN recipes")
    parser.add_argument("--gamma-weight", type=float, default=1e-5, help="λ_γ of LCNN recipes")
    parser.add_argument("--gradient-norm-weight", type=float, default=0.0, help="λ_g, per sample")
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--weight-decay", type=float, default=5e-4)


def prepare_sides(options):
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    if os.geteuid() == 0:
        # mpirun refuses to start ranks as root without these.
        os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="losses | accuracy")
    losses = commands.add_parser("losses", help="the same weights, the same batches")
    losses.set_defaults(run=compare_losses)
    losses.add_argument("--steps", type=int, default=30)
    losses.add_argument(
        "--loss",
        choices=["objective", "cross-entropy"],
        default="cross-entropy",
        help="what to compare: train/loss holds the cross-entropy, without penalties (default)",
    )
    losses.add_argument(
        "--control", action="store_true", help="also train in another memory layout (twice as long)"
    )
    accuracy = commands.add_parser("accuracy", help="mean test accuracies of several seeds")
    accuracy.set_defaults(run=compare_accuracies)
    accuracy.add_argument("--train-samples", type=int, default=10000)
    accuracy.add_argument("--epochs", type=int, default=3)
    accuracy.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    accuracy.add_argument("--out", required=True, help="folder of finished arms, to resume from")
    for command in (losses, accuracy):
        command.add_argument("--recipe", default="cifar10-vgg11-lcnn")
        add_training_options(command)
    options = speed.parse_before_dashes(parser)
    return options


def main():
    options = parse_arguments()
    prepare_sides(options)
    sys.exit(options.run(options))


if __name__ == "__main__":
    main()

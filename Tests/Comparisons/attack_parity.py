#!/usr/bin/env python3
"""Attacks the same model on the same images with lcnn-dist and with torchattacks, and compares.

The model is one that lcnn-dist trained on CIFAR: a checkpoint or a run, whose newest checkpoint is
taken. It is rebuilt in PyTorch under the same names. Each attack runs by itself on the first images
of the test part, at every ε; robust accuracies may differ by 1 percentage point, since random
starts are each side's own. The row "ensemble" is apgd-ce, apgd-t, fab-t and square on what is left;
that of torchattacks is put together here, because its AutoAttack class takes 10 steps instead of 100.

The adversarial examples that lcnn-dist finds are shown to PyTorch as well: each must be inside the
ball and [0, 1], and misclassified there, but for those that rounding decides.

    pip install torchattacks
    Tests/Comparisons/attack_parity.py --binary .build/release/lcnn-dist --model RUN --data DIR

The exit status is 1 if a robust accuracy, or more than 1 % of the examples, does not agree.
"""

import argparse
import csv
import json
import os
import pathlib
import struct
import sys
import tempfile
import time

import lcnn_torch
import parity
import torch

LARGEST_DIFFERENCE = 1.0
LARGEST_SHARE_OF_MISSES = 0.01
# Of a float32 distance over an image, relative.
ROUNDING = 1e-5
ENSEMBLE = ["apgd-ce", "apgd-t", "fab-t", "square"]
ATTACKS = ["pgd"] + ENSEMBLE
SEED = 1729


def newest_model(path):
    """The model file of a checkpoint or of a run's newest checkpoint, or the file itself."""
    path = pathlib.Path(path)
    if path.is_file():
        return path
    found = sorted(path.glob("model.safetensors")) + sorted(
        path.glob("checkpoints/step-*/model.safetensors")
    )
    if not found:
        sys.exit(f"{path}: expected a model file, a checkpoint or a run")
    return found[-1]


def recipe_of(path):
    """The recipe that a model file carries."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    metadata = json.loads(data[8 : 8 + size]).get("__metadata__", {})
    if "lcnn-dist.recipe" not in metadata:
        sys.exit(f"{path}: carries no recipe, expected a model that lcnn-dist trained")
    return json.loads(metadata["lcnn-dist.recipe"])


def network_of(recipe, classes):
    """The recipe's network in PyTorch."""
    components = lcnn_torch.components_of(recipe)
    size = parity.IMAGE_SIZE
    if recipe["architecture"] == "resnet":
        sizes = (recipe["stem"], recipe["widths"], recipe["blocks"])
        return lcnn_torch.resnet(*sizes, classes, size, components)
    if recipe["architecture"] == "vgg":
        layers = [layer if layer == "M" else int(layer) for layer in recipe["layers"]]
        return lcnn_torch.vgg(layers, classes, size, components)
    return lcnn_torch.network(recipe["architecture"], components, classes, size)


def ours(options, attack, epsilons, folder):
    """Per ε, which images are robust against an attack of lcnn-dist; and its examples."""
    name = "autoattack" if attack == "ensemble" else attack
    table, examples = folder / f"{attack}.csv", folder / f"{attack}.safetensors"
    command = ["mpirun", "-n", str(options.ranks)]
    if options.ranks > len(os.sched_getaffinity(0)):
        command.append("--oversubscribe")
    command += [options.binary, "attack", "--model", str(options.model), "--data", options.data]
    command += ["--attack", name, "--norm", options.norm, "--samples", str(options.samples)]
    command += ["--epsilons", ",".join(map(repr, epsilons)), "--steps", str(options.steps)]
    command += ["--iterations", str(options.iterations), "--queries", str(options.queries)]
    command += ["--test-samples", "null", "--seed", str(SEED)]
    command += ["--csv", str(table), "--save-adversarial", str(examples)]
    parity.run_program(command)
    robust = {epsilon: [] for epsilon in epsilons}
    with open(table, newline="") as lines:
        for row in csv.DictReader(lines):
            robust[float(row["epsilon"])].append(row["broken"] == "0")
    tensors = lcnn_torch.read_safetensors(examples)
    return {epsilon: torch.tensor(flags) for epsilon, flags in robust.items()}, tensors


def torch_attack(options, model, name, epsilon, classes):
    """One attack of torchattacks with the papers' hyper-parameters, those of lcnn-dist."""
    import torchattacks

    norm = {"l2": "L2", "linf": "Linf"}[options.norm]
    if name == "pgd":
        step = 2.5 * epsilon / options.steps
        kind = torchattacks.PGDL2 if options.norm == "l2" else torchattacks.PGD
        return kind(model, eps=epsilon, alpha=step, steps=options.steps, random_start=True)
    common = {"norm": norm, "eps": epsilon, "seed": SEED}
    if name == "apgd-ce":
        return torchattacks.APGD(model, steps=options.iterations, loss="ce", **common)
    if name == "apgd-t":
        # Its number of targets is the number of classes but one, at most 9.
        count = min(classes, 10)
        return torchattacks.APGDT(model, steps=options.iterations, n_classes=count, **common)
    if name == "fab-t":
        return torchattacks.FAB(
            model, steps=options.iterations, multi_targeted=True, n_classes=classes, **common
        )
    return torchattacks.Square(model, n_queries=options.queries, **common)


def right(model, images, labels):
    with torch.no_grad():
        return torch.cat([model(part).argmax(1) for part in images.split(256)]) == labels


def theirs(options, model, attack, epsilon, images, labels, classes):
    """Which images are robust against an attack of torchattacks."""
    names = [attack]
    if attack == "ensemble":
        names = ENSEMBLE
    robust = right(model, images, labels)
    for name in names:
        left = robust.nonzero().flatten()
        if len(left) == 0:
            break
        attacker = torch_attack(options, model, name, epsilon, classes)
        parts = [
            attacker(images[part], labels[part]).detach() for part in left.split(options.batch)
        ]
        robust[left] = right(model, torch.cat(parts), labels[left])
    return robust


def check_examples(options, model, images, found):
    """How many of lcnn-dist's examples PyTorch classifies correctly, or finds outside the ball."""
    if len(found["labels"]) == 0:
        return 0, 0
    examples = found["examples"]
    change = (examples.double() - images[found["indices"]].double()).flatten(1)
    distance = change.norm(dim=1) if options.norm == "l2" else change.abs().amax(dim=1)
    inside = distance <= found["epsilons"] * (1 + ROUNDING)
    inside &= (examples.flatten(1) >= 0).all(1) & (examples.flatten(1) <= 1).all(1)
    misses = right(model, examples, found["labels"]).sum().item()
    return misses, (~inside).sum().item()


def compare(options):
    recipe = recipe_of(options.model)
    if recipe["data-set"] not in parity.DATASETS:
        sys.exit(f"{options.model}: trained on {recipe['data-set']}, expected CIFAR")
    data = parity.Recipe(f"{recipe['data-set']}-any-any")
    model = network_of(recipe, data.classes)
    lcnn_torch.load_reference_state(model, lcnn_torch.read_safetensors(options.model))
    model.eval()
    pixels, labels = data.images(options.data, test=True)
    images = parity.unit_floats(pixels[: options.samples])
    labels = labels[: options.samples]
    clean = right(model, images, labels).float().mean().item()
    print(f"{len(labels)} images, {options.norm}, accuracy in PyTorch {100 * clean:.2f} %")
    columns = "lcnn-dist  torchattacks  points  only-ours  only-theirs  seconds"
    print(f"{'attack':9} {'ε':>7}  {columns}")
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        for attack in options.attacks:
            start = time.monotonic()
            robust, found = ours(options, attack, options.epsilons, pathlib.Path(folder))
            seconds = time.monotonic() - start
            for epsilon in options.epsilons:
                start = time.monotonic()
                other = theirs(options, model, attack, epsilon, images, labels, data.classes)
                their_seconds = time.monotonic() - start
                mine = robust[epsilon]
                shares = [100 * flags.float().mean().item() for flags in (mine, other)]
                difference = shares[0] - shares[1]
                passed &= abs(difference) <= LARGEST_DIFFERENCE
                print(
                    f"{attack:9} {epsilon:7.4f} {shares[0]:9.2f} % {shares[1]:11.2f} % "
                    f"{difference:+7.2f} {(~mine & other).sum().item():10} "
                    f"{(mine & ~other).sum().item():12} {their_seconds:8.0f}",
                    flush=True,
                )
            misses, outside = check_examples(options, model, images, found)
            count = len(found["labels"])
            passed &= outside == 0 and misses <= LARGEST_SHARE_OF_MISSES * count
            print(
                f"{attack:9} {count} examples of lcnn-dist, in {seconds:.0f} s: "
                f"{misses} correct in PyTorch, {outside} outside the ball or [0, 1]",
                flush=True,
            )
    return 0 if passed else 1


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", required=True, help="the program lcnn-dist")
    parser.add_argument("--model", required=True, help="a model file, a checkpoint or a run")
    parser.add_argument("--data", required=True, help="folder of the data set")
    parser.add_argument("--norm", choices=["l2", "linf"], default="l2")
    parser.add_argument("--epsilons", type=float, nargs="+", default=[0.1, 0.2])
    parser.add_argument(
        "--attacks", nargs="+", choices=ATTACKS + ["ensemble"], default=ATTACKS + ["ensemble"]
    )
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--steps", type=int, default=50, help="of pgd")
    parser.add_argument("--iterations", type=int, default=100, help="of apgd-ce, apgd-t, fab-t")
    parser.add_argument("--queries", type=int, default=5000, help="of square")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch")
    parser.add_argument("--batch", type=int, default=128, help="images at a time in PyTorch")
    options = parser.parse_args()
    options.model = newest_model(options.model)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    if os.geteuid() == 0:
        # mpirun refuses to start ranks as root without these.
        os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    sys.exit(compare(options))


if __name__ == "__main__":
    main()

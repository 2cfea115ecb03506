#!/usr/bin/env python3
"""Measures a network's layers by themselves, lcnn-dist's and PyTorch's in turn, and prints one table.

    Tests/Comparisons/layers.py --binary .build/release/lcnn-dist
    Tests/Comparisons/layers.py --binary .build/release/lcnn-dist --quick --recipe cifar10-vgg11-lcnn

A round runs both sides, one after the other, each in a process of its own with one thread; a side's
time of a round is the median of several runs. Times in the table are medians over rounds, ratios are
made within each round: their median, with the least and the largest in brackets. Only forward and
backward are compared; a backward pass gives the gradients of input and weight.

lcnn-dist is "bench kernels": a convolution by whichever algorithm it takes for the shape, with a
transform of the weights in each direction where it needs one, as in a training step; batch norm and
activation as the one loop that networks run, with the batch's statistics, and the activation by
itself. Its backward passes of blocks include the gradient of β.

PyTorch's convolutions are oneDNN's, in its default memory format and in channels_last: the faster of
both counts, each pass by itself. Denormals are flushed on both sides, and malloc is told to keep large
blocks. Its batch norm is that of training, without affine weights; the centered softplus is the
formula's.

Nothing else should run on the machine; the load at the start is printed. --core keeps both sides on
one core.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

import speed

CONVOLUTION_PASSES = {"forward": ["forward"], "backward": ["bothGradients"]}
# A block's two directions, and the loops that each is made of.
BLOCK_PASSES = {
    "forward": ["statistics", "forward"],
    "forward and backward": ["statistics", "forward", "gradientSums", "backward"],
}
SOFTPLUS_PASSES = {
    "forward": ["plainForward"],
    "forward and backward": ["plainForward", "plainBackward"],
}


def seconds(layer, passes):
    """What some of a layer's passes take together."""
    found = {entry["pass"]: entry["seconds"] for entry in layer["passes"]}
    return sum(found[name] for name in passes)


def measure_ours(options):
    """lcnn-dist's kernels as it writes them."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "kernels.json"
        settings = {
            "recipe": options.recipe,
            "batch-size": options.batch,
            "threads": 1,
            "json": file,
        }
        command = [options.binary, "bench", "kernels", *speed.as_flags(settings)]
        if options.quick:
            command.append("--quick")
        speed.run_process(command, {})
        return json.loads(file.read_text())["kernels"]


def measure_peer(layers, options):
    """PyTorch's seconds, in the order of `layers`."""
    program = pathlib.Path(__file__).with_name("torch_layers.py")
    command = [sys.executable, str(program), "--batch-size", str(options.batch)]
    command += ["--repeats", "2" if options.quick else "7", "--layers", json.dumps(layers)]
    printed, _, _ = speed.run_process(command, speed.MALLOC_KEEPS_BLOCKS)
    return json.loads(printed)


def layers_of(kernels):
    """What both sides measure: a kind and extents each."""
    # A linear layer of one class per channel is no convolution to speak of.
    convolutions = [entry for entry in kernels["convolutions"] if entry["output-height"] > 1]
    activations = [entry for entry in kernels["activations"] if entry["other"] == "nothing"]
    layers = [
        {
            "kind": "convolution",
            "kernel": entry["kernel"],
            "stride": entry["stride"],
            "inputs": entry["input-channels"],
            "outputs": entry["output-channels"],
            "height": entry["output-height"] * entry["stride"],
            "width": entry["output-width"] * entry["stride"],
        }
        for entry in convolutions
    ]
    for kind in ("batch norm and softplus", "softplus"):
        layers += [
            {"kind": kind, **{key: entry[key] for key in ("height", "width", "channels")}}
            for entry in activations
        ]
    return layers


def own_times(kernels, layers):
    """lcnn-dist's seconds of each layer and direction, like PyTorch's."""
    convolutions = {
        (e["kernel"], e["stride"], e["input-channels"], e["output-channels"], e["output-height"]): e
        for e in kernels["convolutions"]
    }
    activations = {
        (e["height"], e["channels"]): e for e in kernels["activations"] if e["other"] == "nothing"
    }
    times = []
    for layer in layers:
        if layer["kind"] == "convolution":
            key = (layer["kernel"], layer["stride"], layer["inputs"], layer["outputs"])
            found = convolutions[*key, layer["height"] // layer["stride"]]
            passes = CONVOLUTION_PASSES
        else:
            found = activations[layer["height"], layer["channels"]]
            passes = SOFTPLUS_PASSES if layer["kind"] == "softplus" else BLOCK_PASSES
        # Half of both orientations' transforms; elementwise loops have no weights.
        transform = found.get("weight-transforms", 0) / 2
        times.append({name: transform + seconds(found, parts) for name, parts in passes.items()})
    return times


def title(layer):
    if layer["kind"] != "convolution":
        return f"{layer['kind']}, {layer['channels']} @ {layer['height']}×{layer['width']}"
    stride = f"/{layer['stride']}" if layer["stride"] > 1 else ""
    return (
        f"{layer['kernel']}×{layer['kernel']}{stride} {layer['inputs']}→{layer['outputs']} "
        f"@ {layer['height'] // layer['stride']}×{layer['width'] // layer['stride']}"
    )


def ratio(own, other):
    """How many times as fast ours is, round by round: the median and its spread."""
    return speed.spread([theirs / ours for ours, theirs in zip(own, other)])


def rows(layers, own, other):
    """Two rows per layer; `own` and `other` hold each round's times."""
    for index, layer in enumerate(layers):
        for direction in own[0][index]:
            ours = [times[index][direction] for times in own]
            theirs = [times[index][direction] for times in other]
            cells = [title(layer), direction]
            cells += [f"{1e3 * statistics.median(side):.2f}" for side in (ours, theirs)]
            yield "| " + " | ".join([*cells, ratio(ours, theirs)]) + " |"


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", required=True, help="the program lcnn-dist")
    parser.add_argument(
        "--recipe", default="cifar10-resnet18-lcnn", help="whose layers (default: %(default)s)"
    )
    parser.add_argument("--batch", type=int, help="(default: 64, quick 4)")
    parser.add_argument("--rounds", type=int, help="(default: 5, quick 2)")
    parser.add_argument("--quick", action="store_true", help="few samples and runs: to see it work")
    parser.add_argument("--core", type=int, help="the core of both sides (default: any)")
    options = parser.parse_args()
    if options.batch is None:
        options.batch = 4 if options.quick else 64
    if options.rounds is None:
        options.rounds = 2 if options.quick else 5
    speed.require_positive(parser, options, "rounds", "batch")
    return options


def main():
    options = parse_arguments()
    load = os.getloadavg()[0]
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    own, other, layers = [], [], []
    for number in range(options.rounds):
        kernels = measure_ours(options)
        layers = layers_of(kernels)
        own.append(own_times(kernels, layers))
        other.append(measure_peer(layers, options))
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    torch_version = speed.importlib.metadata.version("torch")
    where = "any core" if options.core is None else f"core {options.core}"
    print(
        f"{speed.processor()}; one thread per side on {where}; load {load:.2f} at the start.\n"
        f"{options.recipe}, {options.batch} samples; PyTorch {torch_version}; "
        f"rounds: {options.rounds}."
    )
    speed.print_unless_quiet(load)
    print("\n| layer | pass | lcnn-dist, ms | PyTorch, ms | over PyTorch |\n|---|---|---|---|---|")
    print("\n".join(rows(layers, own, other)))


if __name__ == "__main__":
    main()

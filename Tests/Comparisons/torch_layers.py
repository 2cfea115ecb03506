#!/usr/bin/env python3
"""Times single layers in PyTorch: the other side of layers.py.

Takes the layers as a JSON list and prints one of objects: seconds by direction, the median of several
runs, on one thread with denormals flushed. Of both memory formats the faster counts.

    Tests/Comparisons/torch_layers.py --layers '[{"kind": "softplus", "channels": 64, "height": 32,
      "width": 32}]'
"""

import argparse
import json
import statistics
import time

import lcnn_torch
import torch
from torch import nn

FORMATS = (torch.contiguous_format, torch.channels_last)
SEED = 1729


def median_seconds(run, repeats):
    """The median time of `run`, after once that does not count."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def convolution(layer, batch, memory_format, repeats):
    """Forward without a graph; backward by itself, for the gradients of input and weight."""
    shape = (batch, layer["inputs"], layer["height"], layer["width"])
    x = torch.randn(shape).to(memory_format=memory_format).requires_grad_()
    kernel = layer["kernel"]
    weight = torch.randn(layer["outputs"], layer["inputs"], kernel, kernel)
    weight = weight.to(memory_format=memory_format).requires_grad_()

    def apply():
        return nn.functional.conv2d(x, weight, stride=layer["stride"], padding=kernel // 2)

    def forward():
        with torch.no_grad():
            apply()

    y = apply()
    gradient = torch.randn_like(y)

    def backward():
        torch.autograd.grad(y, (x, weight), gradient, retain_graph=True)

    return {
        "forward": median_seconds(forward, repeats),
        "backward": median_seconds(backward, repeats),
    }


def elementwise(layer, batch, memory_format, repeats):
    """Forward without a graph; forward and backward, for the gradients of input and β."""
    shape = (batch, layer["channels"], layer["height"], layer["width"])
    x = torch.randn(shape).to(memory_format=memory_format).requires_grad_()
    softplus = lcnn_torch.CenteredSoftplus()
    parts = [softplus]
    if layer["kind"] != "softplus":
        parts.insert(0, nn.BatchNorm2d(layer["channels"], affine=False))
    module = nn.Sequential(*parts)
    gradient = torch.randn(shape).to(memory_format=memory_format)

    def forward():
        with torch.no_grad():
            module(x)

    def both():
        torch.autograd.grad(module(x), (x, softplus.log_beta), gradient)

    return {
        "forward": median_seconds(forward, repeats),
        "forward and backward": median_seconds(both, repeats),
    }


def measure(layer, batch, repeats):
    """The faster memory format, direction by direction."""
    time_layer = convolution if layer["kind"] == "convolution" else elementwise
    found = [time_layer(layer, batch, each, repeats) for each in FORMATS]
    return {direction: min(times[direction] for times in found) for direction in found[0]}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layers", type=json.loads, required=True, help="a JSON list")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=7, help="timed runs of each direction")
    return parser.parse_args()


def main():
    options = parse_arguments()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(SEED)
    layers = [measure(layer, options.batch_size, options.repeats) for layer in options.layers]
    print(json.dumps(layers))


if __name__ == "__main__":
    main()

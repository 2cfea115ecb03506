#!/usr/bin/env python3
"""Times steps of one network in PyTorch: the other side of speed.py and scaling.py.

Trains, or with --measure evaluates or estimates curvature, on the same synthetic images at every
step, on one thread, and prints one JSON object: "seconds" of every timed step, warm-up steps left
out. With --ranks it is one of several processes on this machine that train together, by
DistributedDataParallel over gloo.

    Tests/Comparisons/torch_steps.py --architecture resnet18 --variant lcnn --steps 3 --tuned
"""

import argparse
import contextlib
import dataclasses
import json
import time

import lcnn_torch
import torch
from torch import distributed
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parametrize

CLASSES, IMAGE_SIZE, SEED = 10, 32, 1729
ITERATIONS = 10


def synthetic_batch(size):
    """Images as lcnn-dist makes them: the mean of a pattern of their class and noise, both uniform."""
    y = torch.arange(size) % CLASSES
    shape = (3, IMAGE_SIZE, IMAGE_SIZE)
    return (torch.rand(CLASSES, *shape)[y] + torch.rand(size, *shape)) / 2, y


def training(model, x, y, options):
    """A function that makes one step of SGD and waits for its loss."""
    weights = {
        "beta_weight": options.beta_penalty,
        "gamma_weight": options.gamma_penalty,
        "gradient_norm_weight": options.gradient_norm_penalty,
    }
    sgd = lcnn_torch.optimizer(
        model, options.learning_rate, options.momentum, options.weight_decay
    )
    model.train()

    def step():
        images = adversarial_images(model, x, y, options) if options.adversarial_epsilon else x
        sgd.zero_grad()
        total, _ = lcnn_torch.objective(model, images, y, **weights)
        if options.cure_penalty:
            total = total + options.cure_penalty * cure(model, images, y, options.cure_step)
        total.backward()
        sgd.step()
        return total.item()

    return step


def direction(gradient):
    """Each sample's gradient with a norm of 1."""
    return gradient / gradient.flatten(1).norm(dim=1).clamp_min(1e-12)[:, None, None, None]


def cure(model, x, y, length):
    """mean_i ‖∇ₓℓ_i(x_i + z_i) − ∇ₓℓ_i(x_i)‖² with z the gradient's signs, of this length."""

    def gradient(images):
        # The loss is the mean over the batch: each sample's own gradient is B times larger.
        loss = functional.cross_entropy(model(images), y)
        return torch.autograd.grad(loss, images, create_graph=True)[0]

    x = x.detach().requires_grad_()
    here = gradient(x)
    there = gradient((x + length * direction(here.sign())).detach().requires_grad_())
    return len(x) * (there - here).square().sum()


def adversarial_images(model, x, y, options):
    """PGD in the L2 ball from a random start, by the network as it is evaluated."""
    model.eval()
    model.requires_grad_(False)
    radius = options.adversarial_epsilon * torch.rand(len(x), 1, 1, 1)
    images = x + radius * direction(torch.randn_like(x))
    for _ in range(options.adversarial_steps):
        images = images.detach().requires_grad_()
        loss = functional.cross_entropy(model(images), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, images)
        offset = images.detach() + options.adversarial_step * direction(gradient) - x
        norms = offset.flatten(1).norm(dim=1)[:, None, None, None]
        offset = offset * (options.adversarial_epsilon / norms.clamp_min(1e-12)).clamp_max(1)
        images = (x + offset).clamp(0, 1)
    model.requires_grad_(True)
    model.train()
    return images.detach()


def inference(model, x):
    """A function that computes a batch's logits."""
    model.eval()

    def step():
        with torch.inference_mode():
            return model(x).sum().item()

    return step


def curvature(model, x, y):
    """A function that estimates every image's curvature by ten power iterations."""
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    x.requires_grad_(True)

    def step():
        loss = functional.cross_entropy(model(x), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
        u = torch.randn_like(x)
        for _ in range(ITERATIONS):
            u = u / u.flatten(1).norm(dim=1)[:, None, None, None]
            (u,) = torch.autograd.grad(gradient, x, grad_outputs=u, retain_graph=True)
        norms = u.flatten(1).norm(dim=1) / (gradient.detach().flatten(1).norm(dim=1) + 1e-6)
        return norms.mean().item()

    return step


def timed(step, warm_up, steps):
    seconds = []
    for _ in range(warm_up + steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds[warm_up:]


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--architecture", choices=["resnet18", "resnet34", "vgg11"], required=True)
    parser.add_argument("--variant", choices=["lcnn", "standard"], required=True)
    parser.add_argument("--measure", choices=["evaluate", "curvature"], help="instead of training")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--beta-penalty", type=float, default=0.0, help="λ_β")
    parser.add_argument("--gamma-penalty", type=float, default=0.0, help="λ_γ")
    parser.add_argument("--gradient-norm-penalty", type=float, default=0.0, help="λ_g, per sample")
    parser.add_argument("--softplus-beta", type=float, default=lcnn_torch.STANDARD_BETA)
    parser.add_argument("--cure-penalty", type=float, default=0.0, help="λ_c, per sample")
    parser.add_argument("--cure-step", type=float, default=1.0, help="CURE's h")
    parser.add_argument("--adversarial-epsilon", type=float, default=0.0, help="of the L2 ball")
    parser.add_argument("--adversarial-steps", type=int, default=3)
    parser.add_argument("--adversarial-step", type=float, default=0.01)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument(
        "--tuned",
        action="store_true",
        help="flush denormals to zero; without training, normalise weights once, not every time",
    )
    parser.add_argument("--compile", action="store_true", help="by torch.compile")
    parser.add_argument("--ranks", type=int, default=1, help="processes that train together")
    parser.add_argument("--rank", type=int, default=0, help="the number of this one, from 0")
    parser.add_argument("--port", type=int, help="where the processes meet, on 127.0.0.1")
    options = parser.parse_args()
    if options.ranks > 1 and options.port is None:
        parser.error("--ranks needs --port")
    return options


def main():
    options = parse_arguments()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    if options.tuned:
        torch.set_flush_denormal(True)
    torch.manual_seed(SEED)
    components = lcnn_torch.LCNN if options.variant == "lcnn" else lcnn_torch.STANDARD
    components = dataclasses.replace(components, beta=options.softplus_beta)
    model = lcnn_torch.network(options.architecture, components, CLASSES, IMAGE_SIZE)
    x, y = synthetic_batch(options.batch_size)
    run = torch.compile(model) if options.compile else model
    if options.ranks > 1:
        place = f"tcp://127.0.0.1:{options.port}"
        distributed.init_process_group(
            "gloo", init_method=place, world_size=options.ranks, rank=options.rank
        )
        run = DistributedDataParallel(run)
    if options.measure == "evaluate":
        step = inference(run, x)
    elif options.measure == "curvature":
        step = curvature(run, x, y)
    else:
        step = training(run, x, y, options)
    keeps_weights = options.measure and options.tuned
    with parametrize.cached() if keeps_weights else contextlib.nullcontext():
        seconds = timed(step, options.warm_up, options.steps)
    print(json.dumps({"seconds": seconds}))
    if options.ranks > 1:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()

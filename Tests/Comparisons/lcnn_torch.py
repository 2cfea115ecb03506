#!/usr/bin/env python3
"""Low-curvature networks in plain PyTorch, with the state-dict names of the reference.

    python3 Tests/Comparisons/lcnn_torch.py --check FIXTURES_DIR

compares these networks in double precision with the reference's expected values (logits, gradients
and buffers of the first step, state after the last step) and exits with 1 if any differs.
Paper: Srinivas, Matoba, Lakkaraju, Fleuret, "Efficient Training of Low-Curvature Neural Networks",
NeurIPS 2022 (arXiv 2206.07144).
"""

import argparse
import dataclasses
import json
import math
import pathlib
import struct
import sys

import numpy as np
import torch
from torch import nn
from torch.nn.functional import (
    conv2d,
    conv_transpose2d,
    cross_entropy,
    normalize,
    softplus,
)
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

# Relative to a tensor's largest magnitude: rounding of float64 through three training steps.
TOLERANCE = 1e-6
# Gradients that are zero up to rounding are measured against the case's largest gradient.
GRADIENT_FLOOR = 1e-6

SMALLEST_SIGMA = 1e-12
SMALLEST_BETA = 1e-3
INITIAL_BETA = 5.0
INITIAL_LIPSCHITZ = 10.0
STANDARD_BETA = 1e3
INITIAL_POWER_ITERATIONS = 15

SAFETENSORS_TYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U8": "u1"}


def read_safetensors(path):
    """The tensors of a safetensors file by name."""
    data = pathlib.Path(path).read_bytes()
    (header_size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + header_size])
    body = memoryview(data)[8 + header_size :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        values = np.frombuffer(body[start:end], SAFETENSORS_TYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return tensors


@dataclasses.dataclass(frozen=True)
class Components:
    """What bounds a network's curvature, by the values of lcnn-dist's recipe keys."""

    spectral_norm: str  # convolution, matrix or none
    batch_norm: str  # lipschitz or none
    activation: str  # trained-softplus, centered-softplus, softplus, relu, gelu or silu
    beta: float = STANDARD_BETA  # of the fixed softpluses


LCNN = Components("convolution", "lipschitz", "trained-softplus")
STANDARD = Components("none", "none", "softplus")


def components_of(recipe):
    """The components of a recipe.json."""
    variant = LCNN if recipe["variant"] == "lcnn" else STANDARD
    return Components(
        recipe.get("spectral-norm") or variant.spectral_norm,
        recipe.get("batch-norm-constraint") or variant.batch_norm,
        recipe.get("activation") or variant.activation,
        recipe["softplus-beta"],
    )


class CenteredSoftplus(nn.Module):
    """s(x) = (softplus(βx) − log 2)/β with β = exp(log_beta) + 1e-3, trained."""

    def __init__(self):
        super().__init__()
        self.log_beta = nn.Parameter(torch.tensor(math.log(INITIAL_BETA)))

    def forward(self, x):
        beta = self.log_beta.exp() + SMALLEST_BETA
        return (softplus(beta * x) - math.log(2)) / beta


class FixedCenteredSoftplus(nn.Module):
    """s(x) = (softplus(βx) − log 2)/β with a fixed β."""

    def __init__(self, beta):
        super().__init__()
        self.beta = beta

    def forward(self, x):
        return (softplus(self.beta * x) - math.log(2)) / self.beta


def activation(components):
    """A module; at β = 1000 the standard networks' softplus is ReLU but for a width of 1/1000."""
    return {
        "trained-softplus": CenteredSoftplus,
        "centered-softplus": lambda: FixedCenteredSoftplus(components.beta),
        "softplus": lambda: nn.Softplus(beta=components.beta, threshold=20),
        "relu": nn.ReLU,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
    }[components.activation]()


class ConvolutionSpectralNorm(nn.Module):
    """W ↦ W/σ, σ = ⟨u, conv(v, W)⟩; one power iteration per training forward, u and v constants."""

    def __init__(self, convolution, image_size):
        super().__init__()
        self.stride, self.padding = convolution.stride, convolution.padding
        weight = convolution.weight.detach()
        shape = (1, weight.shape[0], image_size, image_size)
        # u has the size of the layer's input image, as in the reference, not that of its output.
        self.register_buffer("_u", normalized(torch.randn(shape, dtype=weight.dtype)))
        self.register_buffer("_v", self._transposed(self._u, weight))
        for _ in range(INITIAL_POWER_ITERATIONS):
            self._iterate(weight)

    def _transposed(self, u, weight):
        return normalized(conv_transpose2d(u, weight, stride=self.stride, padding=self.padding))

    @torch.no_grad()
    def _iterate(self, weight):
        self._v = self._transposed(self._u, weight)
        self._u = normalized(conv2d(self._v, weight, stride=self.stride, padding=self.padding))

    def forward(self, weight):
        if self.training:
            self._iterate(weight)
        image = conv2d(self._v, weight, stride=self.stride, padding=self.padding)
        sigma = (self._u * image).sum()
        return weight if sigma < SMALLEST_SIGMA else weight / sigma


def normalized(x):
    return normalize(x.flatten(), dim=0, eps=1e-12).view_as(x)


class ConvolutionBatchNorm(nn.Module):
    """Convolution and batch norm without affine weights, normalised as the components say."""

    def __init__(self, channels, out, kernel, stride, image_size, bias, components):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding=kernel // 2, bias=bias)
        self.bn = nn.BatchNorm2d(out, affine=False)
        # Networks without the constraint hold it too in the reference, and never use it.
        self.log_lipschitz = nn.Parameter(torch.tensor(math.log(INITIAL_LIPSCHITZ)))
        self.is_lipschitz = components.batch_norm == "lipschitz"
        if components.spectral_norm == "matrix":
            self.conv = spectral_norm(self.conv)
        elif components.spectral_norm == "convolution":
            norm = ConvolutionSpectralNorm(self.conv, image_size)
            # unsafe: registering would otherwise call the norm once and so iterate once too often.
            parametrize.register_parametrization(self.conv, "weight", norm, unsafe=True)

    def forward(self, x):
        x = self.conv(x)
        if not self.is_lipschitz:
            return self.bn(x)
        # The running variance of before this step: read ahead of the batch norm, which updates it.
        scale = (self.bn.running_var + self.bn.eps).sqrt().min()
        return self.bn(x) * scale * torch.minimum(1 / scale, self.log_lipschitz.exp())


class Pair(nn.Module):
    """Two branches side by side: (a, b) ↦ (f1(a), f2(b))."""

    def __init__(self, f1, f2):
        super().__init__()
        self.f1, self.f2 = f1, f2

    def forward(self, pair):
        return self.f1(pair[0]), self.f2(pair[1])


class Split(nn.Module):
    """x ↦ (x/√2, x/√2)."""

    def forward(self, x):
        half = x / math.sqrt(2)
        return half, half


class Mean(nn.Module):
    """(a, b) ↦ ½·(a + b)."""

    def forward(self, pair):
        return (pair[0] + pair[1]) / 2


def residual_block(channels, out, stride, image_size, components):
    inner_size = image_size // stride

    def convolution(channels, kernel, stride, image_size):
        return ConvolutionBatchNorm(
            channels, out, kernel, stride, image_size, bias=False, components=components
        )

    straight = stride == 1 and channels == out
    return nn.Sequential(
        Split(),
        Pair(
            convolution(channels, 3, stride, image_size),
            nn.Identity() if straight else convolution(channels, 1, stride, image_size),
        ),
        Pair(activation(components), nn.Identity()),
        Pair(convolution(out, 3, 1, inner_size), nn.Identity()),
        Mean(),
        activation(components),
    )


def resnet(stem, widths, blocks, classes, image_size, components):
    """Residual network; its linear layer is always spectrally normalised."""
    first = ConvolutionBatchNorm(
        3, stem, 3, 1, image_size, bias=False, components=components
    )
    modules, channels = [nn.Sequential(first, activation(components))], stem
    for stage, (width, count) in enumerate(zip(widths, blocks)):
        stage_blocks = []
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            stage_blocks.append(residual_block(channels, width, stride, image_size, components))
            channels, image_size = width, image_size // stride
        modules.append(nn.Sequential(*stage_blocks))
    linear = spectral_norm(nn.Linear(channels, classes))
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


def vgg(layers, classes, image_size, components):
    """Convolutions with bias and 2×2 maximum pooling ("M"); one β shared by all activations."""
    shared, modules, channels = activation(components), [], 3
    for layer in layers:
        if layer == "M":
            modules.append(nn.MaxPool2d(2))
            image_size //= 2
        else:
            convolution = ConvolutionBatchNorm(
                channels, layer, 3, 1, image_size, bias=True, components=components
            )
            modules += [convolution, shared]
            channels = layer
    linear = nn.Linear(channels * image_size * image_size, classes)
    return nn.Sequential(*modules, nn.Flatten(), linear)


def network(architecture, components, classes, image_size=32):
    """One of the paper's networks by name: resnet18, resnet34 or vgg11."""
    if architecture == "vgg11":
        layers = [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512]
        return vgg(layers, classes, image_size, components)
    blocks = {"resnet18": [2, 2, 2, 2], "resnet34": [3, 4, 6, 3]}[architecture]
    return resnet(64, [64, 128, 256, 512], blocks, classes, image_size, components)


def load_reference_state(model, state):
    """Loads the reference's state dict; only batch norm's step counters may be absent."""
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise KeyError(f"state dict: missing {missing}, unexpected {unexpected}")


def objective(
    model, x, y, beta_weight=0.0, gamma_weight=0.0, gradient_norm_weight=0.0, bound_weight=0.0
):
    """CE + λ_β·Σβ + λ_γ·Σ|log γ| + λ_b·log Σᵢ Πⱼ≤ᵢ γⱼβⱼ + λ_g·mean_i ‖∇ₓℓ_i‖²; the sum and the CE."""
    if gradient_norm_weight:
        x = x.detach().requires_grad_()
    loss = cross_entropy(model(x), y)
    total = loss
    if gradient_norm_weight:
        # loss is the mean over the batch: each sample's own gradient is B times larger.
        (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
        total = total + gradient_norm_weight * len(x) * gradient.square().sum()
    if beta_weight:
        # children that appear several times (VGG's one activation) count each time.
        betas = [m.log_beta.exp() for m in every_module(model) if isinstance(m, CenteredSoftplus)]
        total = total + beta_weight * sum(betas)
    if gamma_weight:
        norms = [m for m in model.modules() if isinstance(m, ConvolutionBatchNorm) and m.is_lipschitz]
        total = total + gamma_weight * sum(m.log_lipschitz.abs() for m in norms)
    if bound_weight:
        total = total + bound_weight * log_product_bound(model)
    return total, loss.detach()


def log_product_bound(model):
    """log Σᵢ Πⱼ≤ᵢ γⱼβⱼ over the activations i, modules in the order in which they run."""
    total, terms = 0.0, []
    for module in every_module(model):
        if isinstance(module, ConvolutionBatchNorm) and module.is_lipschitz:
            total = total + module.log_lipschitz
        elif isinstance(module, CenteredSoftplus):
            total = total + module.log_beta
            terms.append(total)
    return torch.logsumexp(torch.stack(terms), dim=0)


def every_module(module):
    """All modules below this one, shared ones once per place."""
    for child in module._modules.values():
        yield child
        yield from every_module(child)


def optimizer(model, rate, momentum=0.9, weight_decay=5e-4, beta_decay=0.0):
    """SGD; log_beta has a weight decay of its own, log_lipschitz none."""
    betas, gammas, weights = [], [], []
    for name, parameter in model.named_parameters():
        kinds = {"log_beta": betas, "log_lipschitz": gammas}
        kinds.get(name.rsplit(".", 1)[-1], weights).append(parameter)
    groups = [
        {"params": weights, "weight_decay": weight_decay},
        {"params": betas, "weight_decay": beta_decay},
        {"params": gammas, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.SGD(groups, lr=rate, momentum=momentum)


class Comparison:
    """The largest differences of one case, and what differs by more than the tolerance."""

    def __init__(self):
        self.largest, self.failures = {}, []

    def add(self, group, name, found, expected, floor=0.0):
        expected = torch.as_tensor(expected, dtype=torch.float64)
        if found is None or found.shape != expected.shape:
            self.failures.append(f"{group} {name}: found no tensor of shape {expected.shape}")
            return
        size = max(expected.abs().max().item(), floor)
        difference = (found.detach() - expected).abs().max().item()
        relative = difference / size if size else difference
        self.largest[group] = max(self.largest.get(group, 0.0), relative)
        if not relative <= TOLERANCE:
            self.failures.append(f"{group} {name}: relative difference {relative:.1e}")


def model_of_case(case):
    model, image_size = case["model"], case["image"][1]
    components = LCNN if model["lcnn"] else STANDARD
    if "components" in model:
        components = Components(**model["components"])
    if model["family"] == "vgg":
        return vgg(model["layers"], case["classes"], image_size, components)
    sizes = (model["stem"], model["widths"], model["blocks"])
    return resnet(*sizes, case["classes"], image_size, components)


def weights_of_case(case):
    """The weights of the penalties."""
    weights = {}
    if "curvature" in case["loss"]:
        weights = {"beta_weight": case["reg_beta"], "gamma_weight": case["reg_gamma"]}
    if "gnorm" in case["loss"]:
        weights["gradient_norm_weight"] = case["reg_gnorm"] * 1e5 / case["batch"] ** 2
    if "bound" in case["loss"]:
        weights["bound_weight"] = case["reg_bound"]
    return weights


def optimizer_of_case(model, case):
    beta_decay = case.get("beta_decay", 0.0)
    return optimizer(model, case["lr"], case["momentum"], case["weight_decay"], beta_decay)


def check_case(folder):
    """Evaluates and trains one case of the fixtures in double precision."""
    case = json.loads((folder / "case.json").read_text())
    batch = read_safetensors(folder / "batch.safetensors")
    x, y = batch["x"].double(), batch["y"].long()
    expected = read_safetensors(folder / "expected.safetensors")
    model = model_of_case(case).double()
    load_reference_state(model, read_safetensors(folder / "initial.safetensors"))
    comparison = Comparison()

    model.eval()
    comparison.add("logits", "", model(x), expected["eval.logits"])

    weights = weights_of_case(case)
    model.train()
    sgd = optimizer_of_case(model, case)
    gradients = [t for name, t in expected.items() if name.startswith("step1.grad.")]
    floor = max(t.abs().max().item() for t in gradients)
    for step in range(case["steps"]):
        sgd.zero_grad()
        total, _ = objective(model, x, y, **weights)
        total.backward()
        comparison.add("loss", f"step {step + 1}", total, case["train"][step]["loss"])
        if step == 0:
            compare_first_step(comparison, model, expected, floor)
        sgd.step()
    state = model.state_dict()
    for name, tensor in expected.items():
        if name.startswith("final."):
            comparison.add("final", name, state.get(name.removeprefix("final.")), tensor)
    return comparison


def compare_first_step(comparison, model, expected, largest_gradient):
    parameters = dict(model.named_parameters(remove_duplicate=False))
    buffers = dict(model.named_buffers())
    for name, tensor in expected.items():
        if name.startswith("step1.grad."):
            found = parameters[name.removeprefix("step1.grad.")].grad
            floor = GRADIENT_FLOOR * largest_gradient
            comparison.add("gradients", name, found, tensor, floor)
        elif name.startswith("step1.buffer.") and not name.endswith(".offset"):
            found = buffers.get(name.removeprefix("step1.buffer."))
            comparison.add("buffers", name, found, tensor)


def check(fixtures):
    folders = sorted(path.parent for path in pathlib.Path(fixtures).glob("**/case.json"))
    if not folders:
        sys.exit(f"{fixtures}: no case.json below this folder")
    failed = 0
    print("largest difference relative to the tensor's largest magnitude")
    for folder in folders:
        comparison = check_case(folder)
        failed += bool(comparison.failures)
        numbers = ", ".join(f"{group} {value:.0e}" for group, value in comparison.largest.items())
        print(f"{folder.name}: {'FAILED' if comparison.failures else 'equal'} ({numbers})")
        for failure in comparison.failures:
            print(f"  {failure}")
    print(f"{len(folders) - failed} equal, {failed} failed at a tolerance of {TOLERANCE:.0e}")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", metavar="FIXTURES_DIR", required=True)
    sys.exit(check(parser.parse_args().check))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the reference cases of networks with mixed components, computed by PyTorch in float64.

    python3 Tests/Comparisons/component_cases.py Tests/ReferenceTests/Cases

The reference implementation has no such networks, so lcnn_torch.py, whose own cases agree with it
(--check), is the other side. Each case is a folder in the form of the other ones. Its weights, β, γ and
running statistics are random, and exact in float32. The same seed writes the same files.
"""

import argparse
import json
import math
import pathlib
import struct

import numpy as np
import torch
from lcnn_torch import (
    Components,
    ConvolutionSpectralNorm,
    model_of_case,
    objective,
    optimizer_of_case,
    weights_of_case,
)
from torch.nn.functional import cross_entropy

BATCH, IMAGE, CLASSES = 6, [3, 8, 8], 4
COMMON = {
    "reference": "lcnn_torch.py in float64",
    "reg_beta": 0.01, "reg_gamma": 0.02, "reg_gnorm": 1e-5, "reg_bound": 0.05,
    "steps": 2, "lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4, "beta_decay": 0.1,
    "batch": BATCH, "image": IMAGE, "classes": CLASSES,
}  # fmt: skip
RESNET = {"family": "resnet", "stem": 4, "widths": [4, 6], "blocks": [1, 1], "lcnn": False}
VGG = {"family": "vgg", "layers": [4, "M", 6, "M"], "lcnn": False}

# Each value of a component and each penalty is in one of them. The ReLU network has PyTorch's own
# modules alone, except for the linear layer's spectral norm.
CASES = {
    "mixed-resnet-trained": (RESNET, "curvature_gnorm_bound",
                             Components("matrix", "lipschitz", "trained-softplus")),
    "mixed-resnet-gelu": (RESNET, "gnorm", Components("matrix", "none", "gelu")),
    "mixed-resnet-relu": (RESNET, "gnorm", Components("none", "none", "relu")),
    "mixed-vgg-silu": (VGG, "curvature_gnorm", Components("convolution", "lipschitz", "silu")),
}  # fmt: skip


def write_safetensors(path, tensors):
    header, blobs, offset = {}, [], 0
    types = {"float32": "F32", "float64": "F64", "int32": "I32"}
    for name, tensor in sorted(tensors.items()):
        values = np.ascontiguousarray(tensor.detach().numpy())
        blobs.append(values.tobytes())
        header[name] = {
            "dtype": types[str(values.dtype)],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(blobs[-1])],
        }
        offset += len(blobs[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def randomize(model):
    """Values at which no term is trivial, exact in float32."""
    for name, tensor in model.state_dict().items():
        noise = torch.rand(tensor.shape, dtype=torch.float64)
        if name.endswith("log_beta"):
            tensor.copy_(math.log(2) + 1.2 * noise)
        elif name.endswith("log_lipschitz"):
            tensor.copy_(-0.8 + 1.6 * noise)
        elif name.endswith("running_mean"):
            tensor.copy_(0.4 * noise - 0.2)
        elif name.endswith("running_var"):
            tensor.copy_(0.3 + noise)
    for module in model.modules():
        if isinstance(module, ConvolutionSpectralNorm):
            for _ in range(15):
                module._iterate(weight_of(module, model))
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.float())


def weight_of(norm, model):
    """The weight that a norm divides."""
    for module in model.modules():
        chain = getattr(module, "parametrizations", None)
        if chain is not None and norm in list(chain["weight"]):
            return chain["weight"].original
    raise KeyError("a spectral norm without a weight")


def evaluate(model, x, y):
    """Expected values in evaluation mode; curvature from a dense eigensolve per sample."""
    model.eval()
    direction = torch.randn(x.shape, dtype=torch.float64)
    direction /= direction.flatten(1).norm(dim=1).view(-1, 1, 1, 1)

    def gradient(image, label):
        image = image.detach().requires_grad_()
        loss = cross_entropy(model(image), label, reduction="sum")
        (result,) = torch.autograd.grad(loss, image, create_graph=True)
        return image, result

    images, gradients = gradient(x, y)
    (products,) = torch.autograd.grad(gradients, images, direction)
    values = {
        "logits": model(x), "input_grad": gradients, "hvp_v": direction, "hvp": products,
        "grad_norm": gradients.flatten(1).norm(dim=1),
    }  # fmt: skip
    norms, extremes, estimates = [], [], []
    for sample in range(len(x)):
        image, result = gradient(x[sample : sample + 1], y[sample : sample + 1])
        rows = [
            torch.autograd.grad(entry, image, retain_graph=True)[0].flatten()
            for entry in result.flatten()
        ]
        hessian = torch.stack(rows)
        eigenvalues = torch.linalg.eigvalsh((hessian + hessian.T) / 2)
        extremes.append(eigenvalues[[0, -1]])
        norms.append(eigenvalues.abs().max())
        u = direction[sample].flatten()
        for _ in range(10):
            product = hessian @ u
            u = product / (product.norm() + 1e-6)
        estimates.append((u @ (hessian @ u)).abs())
    values["hessian_norm_exact"] = torch.stack(norms)
    values["hessian_extremes"] = torch.stack(extremes)
    values["estimator10.hessian_norm"] = torch.stack(estimates)
    for name, norm in [("curvature_exact", norms), ("estimator10.curvature", estimates)]:
        values[name] = torch.stack(norm) / (values["grad_norm"] + 1e-6)
    return {f"eval.{name}": value.detach() for name, value in values.items()}


def train(model, case, x, y):
    """Expected values of `steps` steps; fills case["train"]."""
    model.train()
    sgd = optimizer_of_case(model, case)
    expected = {}
    for step in range(case["steps"]):
        sgd.zero_grad()
        total, loss = objective(model, x, y, **weights_of_case(case))
        total.backward()
        case["train"].append({"loss": total.item(), "raw_loss": loss.item()})
        if step == 0:
            for name, parameter in model.named_parameters(remove_duplicate=False):
                if parameter.grad is not None:
                    expected[f"step1.grad.{name}"] = parameter.grad.clone()
            for name, buffer in model.named_buffers():
                if buffer.is_floating_point():
                    expected[f"step1.buffer.{name}"] = buffer.clone()
        sgd.step()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            expected[f"final.{name}"] = tensor.clone()
    return expected


def write_case(folder, network, loss, components, seed):
    torch.manual_seed(seed)
    case = {
        "model": network | {"components": vars(components)},
        "case": folder.name, "loss": loss, "train": [], **COMMON,
    }  # fmt: skip
    model = model_of_case(case).double()
    randomize(model)
    x = torch.rand(BATCH, *IMAGE).float()
    y = torch.randint(CLASSES, (BATCH,), dtype=torch.int32)
    initial = {
        name: tensor.float()
        for name, tensor in model.state_dict().items()
        if tensor.is_floating_point()
    }
    expected = evaluate(model, x.double(), y.long()) | train(model, case, x.double(), y.long())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")
    write_safetensors(folder / "batch.safetensors", {"x": x, "y": y})
    write_safetensors(folder / "initial.safetensors", initial)
    write_safetensors(folder / "expected.safetensors", expected)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    for seed, (name, (network, loss, components)) in enumerate(CASES.items()):
        write_case(folder / name, network, loss, components, seed)
        print(f"wrote {folder / name}")


if __name__ == "__main__":
    main()

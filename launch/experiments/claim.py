#!/usr/bin/env python3
"""Tests the paper's claims on a ResNet-18 of half the width: seven arms, two seeds, CIFAR-10.

    launch/experiments/claim.py --binary .build/release/lcnn-dist --data DIR
    launch/experiments/claim.py          the verdicts, by the results that are there

About fifteen hours on two cores in all: a run of the standard arm takes 20 minutes, of CURE an hour
and a half, and the measurements of a run 20 minutes, most of it for the attack ensemble. Arms, schedule
and ε are the paper's (Srinivas et al. 2022, table 1, there ResNet-18 on CIFAR-100 for 200 epochs). The
tolerances of the claims are stated below, before anything is run.
"""

import pathlib

from experiment import Claim, Column, Experiment, Measurement, Run
from runs import main

TITLES = {
    "standard": "Standard", "lcnn-gradreg": "LCNN + GradReg", "gradreg": "GradReg", "lcnn": "LCNN",
    "softplus": "Softplus + weight decay", "adversarial": "Adversarial training", "cure": "CURE",
}
SEEDS = [1, 2]
EPSILONS = "0.05,0.1,0.15,0.2"

MEASUREMENTS = [
    Measurement("curvature", ("curvature", "--samples", "2000", "--split", "both",
                              "--method", "lanczos", "--iterations", "30")),
    Measurement("pgd", ("attack", "--samples", "1000", "--epsilons", EPSILONS, "--attack", "pgd",
                        "--steps", "20")),
    Measurement("stability", ("stability", "--samples", "500")),
    # An image that survives takes 1,000 gradients and 1,000 queries at every ε.
    Measurement("autoattack", ("attack", "--samples", "200", "--epsilons", EPSILONS,
                               "--attack", "autoattack", "--queries", "1000")),
]


# The statements of the paper's abstract.
LOWER_CURVATURE = "Curvature is drastically lower than that of standard networks."
STABLE_GRADIENTS = "Gradients are more stable."
ROBUST = "Networks are more robust against adversarial perturbations."
ACCURATE = "Predictive performance stays the same."
AFFORDABLE = "Training an LCNN takes little more time (GradReg apart)."


def difference(key: str, epsilon: str | None = None):
    """Points by which the first row is above the second."""
    if epsilon is None:
        return lambda a, b: a[key] - b[key]
    return lambda a, b: a[key][epsilon] - b[key][epsilon]


def robustness(a: str, b: str, epsilon: str, least: float) -> Claim:
    text = f"PGD-20 accuracy at L2 ε = {epsilon}, {TITLES[a]} over {TITLES[b]}"
    return Claim(text, (a, b), difference("pgd", epsilon), least=least, unit=" points",
                 statement=ROBUST)


def curvature(a: str, b: str, most: float) -> Claim:
    return Claim(f"E C_f, {TITLES[a]} over {TITLES[b]}", (a, b),
                 lambda a, b: a["curvature/test"] / b["curvature/test"], most=most, unit="×",
                 statement=LOWER_CURVATURE)


def step_time(arm: str, most: float) -> Claim:
    return Claim(f"step time, {TITLES[arm]} over Standard", ("step-times",),
                 lambda times: times["ranks"]["1"][arm]["median"], most=most, unit="×",
                 statement=AFFORDABLE if arm.startswith("lcnn") else "")


CLAIMS = [
    # The paper's ratios: 0.093, 0.257, 0.260, 0.330, 0.429, and LCNN + GradReg over LCNN 0.364.
    curvature("lcnn-gradreg", "standard", 1 / 6),
    curvature("lcnn-gradreg", "lcnn", 0.75),
    curvature("lcnn", "gradreg", 1.0),
    curvature("softplus", "gradreg", 1.0),
    curvature("gradreg", "cure", 1.0),
    curvature("cure", "standard", 1.0),
    # The paper's figure of gradient stability: LCNN + GradReg far below Standard at every radius.
    Claim("relative change of the gradient at ‖e‖ = 0.1, LCNN + GradReg over Standard",
          ("lcnn-gradreg", "standard"),
          lambda a, b: a["stability/test"]["0.1"] / b["stability/test"]["0.1"], most=0.5, unit="×",
          statement=STABLE_GRADIENTS),
    # The paper's differences at 0.1: 25.8, 23.5, 27.2, 2.3, 23.7, 2.2; at 0.2: 26.6.
    robustness("lcnn-gradreg", "standard", "0.1", 12),
    robustness("lcnn-gradreg", "standard", "0.2", 20),
    robustness("gradreg", "standard", "0.1", 8),
    robustness("lcnn-gradreg", "gradreg", "0.1", 0),
    robustness("adversarial", "standard", "0.1", 8),
    robustness("lcnn", "standard", "0.1", 0),
    # One seed more or less moves the accuracy of a row by about half a point.
    *[
        Claim(f"accuracy, {TITLES[arm]} over Standard", (arm, "standard"), difference("accuracy"),
              least=-1.5, most=1.5, unit=" points", statement=ACCURATE)
        for arm in ["lcnn-gradreg", "lcnn", "gradreg", "softplus"]
    ],
    # A gradient-norm penalty needs two more passes than a step has, CURE and three attacks need more.
    step_time("lcnn", 1.06),
    step_time("lcnn-gradreg", 2.3),
    step_time("gradreg", 2.3),
    step_time("cure", 4.1),
    step_time("adversarial", 3.3),
]


def curve(attack: str):
    """Accuracies by ε, in percent; a dash where the attack has not been run on all seeds."""
    def entry(row: dict) -> str:
        return " / ".join(f"{row[attack][x]:.1f}" for x in EPSILONS.split(","))

    return lambda row: entry(row) if attack in row else "–"


RADII = EPSILONS.replace(",", " / ")

EXPERIMENT = Experiment(
    name="claim",
    recipe=pathlib.Path(__file__).with_name("claim.yaml"),
    runs=[Run(arm, seed, ("--arm", arm)) for seed in SEEDS for arm in TITLES],
    measurements=MEASUREMENTS,
    claims=CLAIMS,
    titles=TITLES,
    columns=[
        Column("accuracy, %", lambda row: f'{row["accuracy"]:.2f}'),
        Column("E‖∇f‖", lambda row: f'{row["gradient-norm/test"]:.3g}'),
        Column("E‖∇²f‖", lambda row: f'{row["hessian-norm/test"]:.3g}'),
        Column("E C_f", lambda row: f'{row["curvature/test"]:.3g}'),
        Column("E C_f, training images", lambda row: f'{row["curvature/train"]:.3g}'),
        Column(f"PGD-20 accuracy, %, at L2 ε = {RADII}", curve("pgd")),
        Column(f"attack ensemble, %, at L2 ε = {RADII}", curve("autoattack")),
    ],
    step_times=True,
)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)

#!/usr/bin/env python3
"""Tests the paper's claims on a ResNet-18 of half the width: seven arms, two seeds, CIFAR-10.

    launch/experiments/claim.py --binary .build/release/lcnn-dist --data DIR
    launch/experiments/claim.py          the verdicts, by the results that are there

About eight hours on two cores in all; a run of the standard arm takes 20 minutes, of CURE an hour
and a half. Arms, schedule and ε are the paper's (Srinivas et al. 2022, table 1, there ResNet-18 on
CIFAR-100 for 200 epochs); the tolerances of the claims are stated below, before anything is run.
"""

import pathlib

from runs import Claim, Experiment, Measurement, Run, main

ARMS = ["standard", "lcnn-gradreg", "gradreg", "lcnn", "softplus", "adversarial", "cure"]
SEEDS = [1, 2]
EPSILONS = "0.05,0.1,0.15,0.2"

MEASUREMENTS = [
    Measurement("curvature", ("curvature", "--samples", "2000", "--split", "both",
                              "--method", "lanczos", "--iterations", "30")),
    Measurement("pgd", ("attack", "--samples", "1000", "--epsilons", EPSILONS, "--attack", "pgd",
                        "--steps", "20")),
    Measurement("autoattack", ("attack", "--samples", "500", "--epsilons", EPSILONS,
                               "--attack", "autoattack", "--queries", "1000")),
    Measurement("stability", ("stability", "--samples", "500")),
]


def difference(key: str, epsilon: str | None = None):
    """Points by which the first row is above the second."""
    if epsilon is None:
        return lambda a, b: a[key] - b[key]
    return lambda a, b: a[key][epsilon] - b[key][epsilon]


def ratio(key: str):
    return lambda a, b: a[key] / b[key]


def robustness(a: str, b: str, epsilon: str, least: float) -> Claim:
    text = f"PGD-20 accuracy at L2 ε = {epsilon}, {a} over {b}"
    return Claim(text, (a, b), difference("pgd", epsilon), least=least, unit=" points")


def curvature(a: str, b: str, most: float) -> Claim:
    return Claim(f"E C_f, {a} over {b}", (a, b), ratio("curvature/test"), most=most, unit="×")


CLAIMS = [
    # The paper's ratios: 0.093, 0.257, 0.260, 0.330, 0.429, and LCNN + GradReg over LCNN 0.364.
    curvature("lcnn-gradreg", "standard", 1 / 6),
    curvature("lcnn-gradreg", "lcnn", 0.75),
    curvature("lcnn", "gradreg", 1.0),
    curvature("softplus", "gradreg", 1.0),
    curvature("gradreg", "cure", 1.0),
    curvature("cure", "standard", 1.0),
    # The paper's differences at 0.1: 25.8, 23.5, 27.2, 2.3, 23.7, 2.2; at 0.2: 26.6.
    robustness("lcnn-gradreg", "standard", "0.1", 12),
    robustness("lcnn-gradreg", "standard", "0.2", 20),
    robustness("gradreg", "standard", "0.1", 8),
    robustness("lcnn-gradreg", "gradreg", "0.1", 0),
    robustness("adversarial", "standard", "0.1", 8),
    robustness("lcnn", "standard", "0.1", 0),
    # One seed more or less moves the accuracy of a row by about half a point.
    *[
        Claim(f"accuracy of {arm} beside standard", (arm, "standard"), difference("accuracy"),
              least=-1.5, most=1.5, unit=" points")
        for arm in ["lcnn", "gradreg", "lcnn-gradreg", "softplus"]
    ],
    # The paper's figure of gradient stability: LCNN + GradReg far below Standard at every radius.
    Claim("relative change of the gradient at ‖e‖ = 0.1, lcnn-gradreg over standard",
          ("lcnn-gradreg", "standard"),
          lambda a, b: a["stability/test"]["0.1"] / b["stability/test"]["0.1"], most=0.5, unit="×"),
]

EXPERIMENT = Experiment(
    name="claim",
    recipe=pathlib.Path(__file__).with_name("claim.yaml"),
    runs=[Run(arm, seed, ("--arm", arm)) for seed in SEEDS for arm in ARMS],
    measurements=MEASUREMENTS,
    claims=CLAIMS,
)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)

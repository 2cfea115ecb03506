#!/usr/bin/env python3
"""Tests the baseline: ResNet-18 on CIFAR-10 reaches the usual accuracy, and LCNN the same.

    launch/experiments/baseline.py --binary .build/release/lcnn-dist --data DIR

About an hour per run on two cores. Public figures for 20 to 24 epochs are 92 to 93 % on the original
images; JPEG compression of quality 75 costs about a point.
"""

import pathlib

from experiment import Claim, Experiment, Measurement, Run
from runs import main

EXPERIMENT = Experiment(
    name="baseline",
    recipe=pathlib.Path(__file__).with_name("baseline.yaml"),
    runs=[Run(arm, 1, ("--arm", arm)) for arm in ["standard", "lcnn"]],
    measurements=[Measurement("curvature", ("curvature", "--samples", "1000"))],
    claims=[
        Claim("test accuracy of standard", ("standard",), lambda a: a["accuracy"], least=91,
              unit=" %"),
        Claim("test accuracy of LCNN beside standard", ("lcnn", "standard"),
              lambda a, b: a["accuracy"] - b["accuracy"], least=-1, unit=" points"),
    ],
)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)

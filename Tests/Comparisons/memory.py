#!/usr/bin/env python3
"""Measures what memory lcnn-dist takes in training, and prints a Markdown table.

    Tests/Comparisons/memory.py --binary .build/release/lcnn-dist
    Tests/Comparisons/memory.py --binary .build/release/lcnn-dist --threads 2 --system-calls

A row is a run of a few steps on synthetic images, in batches of 3×32×32, with the checkpoints at its
start and end: the bytes that were planned before the first step, as the run prints them, and the largest
resident size, as it prints it and as the kernel tells this script.

--system-calls runs each workload twice more under strace, for 10 and for 20 steps, and prints how many
system calls for memory (mmap, munmap, mremap, brk, madvise, mprotect) the longer run made more: those of
ten steps and of the images for them. strace makes the runs slower. Page faults of steps alone are
counted by lcnn-dist bench step.

Arguments after "--" are handed to lcnn-dist.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

PENALTY = ["--gradient-norm-penalty", "6.1e-3"]
WORKLOADS = {
    "resnet18-lcnn": ["--recipe", "cifar10-resnet18-lcnn"],
    "resnet18-lcnn-gradreg": ["--recipe", "cifar10-resnet18-lcnn", *PENALTY],
    "vgg11-lcnn": ["--recipe", "cifar10-vgg11-lcnn"],
}
# Calls that a process makes while it starts and ends differ by a few from run to run.
FEW = 5


def command(options, workload, run, steps):
    return [
        options.binary,
        "train",
        *WORKLOADS[workload],
        *("--data-set synthetic --crop-padding 0 --flip false --epochs 1").split(),
        *("--schedule constant --learning-rate 0.01 --progress plain --test-samples 8").split(),
        *("--batch-size", str(options.batch), "--train-samples", str(options.batch * steps)),
        *("--threads", str(options.threads), "--run", run),
        *options.lcnn_arguments,
    ]


def run_process(arguments):
    """What a command printed, and its largest resident bytes."""
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(arguments, stdout=printed, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read()
    if process.returncode:
        sys.exit(f"{text[-4000:]}exit status {process.returncode} from: {' '.join(arguments)}")
    return text, usage.ru_maxrss * 1024


def train(options, workload, steps, tracer=()):
    with tempfile.TemporaryDirectory() as folder:
        return run_process([*tracer, *command(options, workload, f"{folder}/run", steps)])


def row(options, workload):
    text, resident = train(options, workload, options.steps)
    found = re.search(
        r"^memory.*: at most ([\d.]+) MiB resident: plan ([\d.]+), data ([\d.]+)", text, re.M
    )
    if found is None:
        sys.exit(f"no line about memory in:\n{text}")
    printed, plan, data = (float(number) for number in found.groups())
    beyond = 100 * (printed - plan - data) / printed
    cells = [workload, plan, data, printed, f"{resident / 2**20:.1f}", f"{beyond:.1f} %"]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def memory_calls(options, workload, steps):
    """System calls for memory, by name, of a run with so many steps."""
    with tempfile.NamedTemporaryFile("r") as counts:
        tracer = ["strace", "-f", "-c", "-e", "trace=%memory", "-o", counts.name]
        train(options, workload, steps, tracer)
        lines = [line.split() for line in counts.read().splitlines()]
    calls = {line[-1]: int(line[3]) for line in lines if len(line) >= 5 and line[3].isdigit()}
    calls.pop("total", None)
    return calls


def ten_steps(options, workload):
    short = memory_calls(options, workload, 10)
    long = memory_calls(options, workload, 20)
    more = {name: long.get(name, 0) - short.get(name, 0) for name in sorted({*short, *long})}
    calls = ", ".join(f"{name} {count:+d}" for name, count in more.items() if count) or "none"
    verdict = "no more" if all(count <= FEW for count in more.values()) else "MORE"
    total = sum(short.values())
    return f"{workload}: 20 steps made {verdict} calls than 10, up to {FEW} of a kind ({calls}; of {total})"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="workload", help=", ".join(WORKLOADS))
    parser.add_argument("--binary", required=True, help="the program lcnn-dist")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--system-calls", action="store_true", help="count them (needs strace)")
    arguments = sys.argv[1:]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    options.lcnn_arguments = arguments[end + 1 :]
    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown:
        parser.error(f"workload {unknown[0]}: expected one of {', '.join(WORKLOADS)}")
    if options.system_calls and not shutil.which("strace"):
        parser.error("--system-calls: no strace here")
    workloads = options.workloads or list(WORKLOADS)
    print(f"Batch {options.batch}, {options.threads} thread(s); MiB.\n")
    print("| workload | plan | data | resident, as printed | … by the kernel | beyond plan and data |")
    print("|---|---|---|---|---|---|")
    for workload in workloads:
        print(row(options, workload), flush=True)
    if options.system_calls:
        print()
        for workload in workloads:
            print(ten_steps(options, workload), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Opens a run in TensorBoard's own page, in headless Chromium, and keeps a picture of each tab.

    Tests/Comparisons/tensorboard_page.py --binary .build/release/lcnn-dist --output pictures
    Tests/Comparisons/tensorboard_page.py --run runs/NAME --output pictures

With --binary a short run on the digits is trained first, with the images of `landscape --events`. The
scalars that TensorBoard's server gives are compared with metrics.jsonl. Each tab must be active and have
the run's tags, and the page must hold the cards of its first tab; whether the tabs look right is for the
eye. Without the Python package tensorboard, or without Chromium, the script
says so and ends: python3 -m pip install tensorboard, apt-get install chromium.
"""

import argparse
import contextlib
import importlib.util
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

CHROMIUM = ["chromium", "chromium-browser", "google-chrome"]
IMAGES = ["image/test-0", "input-gradient/test-0", "perturbation/test-0"]
HISTOGRAMS = ["layers/beta", "layers/gamma"]
# A tab, and tags of the run that it shows.
TABS = {
    "timeseries": [],
    "scalars": ["train/loss", "epoch/train-loss", "test/accuracy", "beta/max"],
    "images": IMAGES,
    "histograms": HISTOGRAMS,
    "distributions": HISTOGRAMS,
    "text": ["recipe"],
    "hparams": [],
}
# Words of the page: groups of tags, and cards of the first two.
CARDS = ["beta/max", "epoch/train-loss", "gradients", "image", "perturbation", "weights"]


def run(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{result.stdout}{result.stderr}exit status {result.returncode}: {command}")
    return result.stdout


def train(binary, folder):
    path = folder / "run"
    run(binary, "train", "--run", path, "--epochs", "3", "--progress", "quiet")
    run(binary, "landscape", "--model", path, "--samples", "2", "--events", path)
    return path


@contextlib.contextmanager
def server(folder):
    """TensorBoard on a free port; gives its address."""
    words = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            found = re.search(r"at (http://\S+?)/? ", line)
            if found:
                yield found.group(1)
                return
        sys.exit("TensorBoard ended without an address")
    finally:
        process.terminate()
        process.wait()


def fetch(address, path, **query):
    with urllib.request.urlopen(
        f"{address}/data/{path}?{urllib.parse.urlencode(query)}"
    ) as answer:
        return json.load(answer)


def compare_scalars(address, folder):
    """Compares each finite number of metrics.jsonl with the server's, in single precision."""
    [name] = fetch(address, "runs")
    tags = fetch(address, "plugin/scalars/tags")[name]
    shown = {
        (tag, step): value
        for tag in tags
        for _, step, value in fetch(address, "plugin/scalars/scalars", run=name, tag=tag)
    }
    compared, differ = 0, 0
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        values = json.loads(line)
        for tag, value in values.items():
            if "/" not in tag or value is None:
                continue
            compared += 1
            single = struct.unpack("f", struct.pack("f", value))[0]
            differ += shown.get((tag, values["step"])) != single
    print(f"scalars: {compared} compared with metrics.jsonl, {differ} differ")
    return differ == 0 and compared > 0


def missing_tags(address, tab, wanted):
    """What is wrong with a tab, by the server."""
    if not fetch(address, "plugins_listing")[tab]["enabled"]:
        return ["anything"]
    if not wanted:
        return []
    [tags] = fetch(address, f"plugin/{tab}/tags").values()
    return [tag for tag in wanted if tag not in tags]


def open_tab(browser, address, tab, picture, profile):
    """The page's text, without that of web components, and a picture of it."""
    words = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        f"--user-data-dir={profile}", "--window-size=1280,1600", "--virtual-time-budget=15000",
    ]  # fmt: skip
    page = f"{address}/?darkMode=false#{tab}"
    text = run(*words, "--dump-dom", page)
    run(*words, f"--screenshot={picture}", page)
    return text


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--binary", help="lcnn-dist, which trains a run first")
    source.add_argument("--run", type=pathlib.Path, help="a run with the images of landscape")
    parser.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path("tensorboard-page"), metavar="DIR",
        help="gets the pictures; default: %(default)s",
    )  # fmt: skip
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if importlib.util.find_spec("tensorboard") is None or browser is None:
        print("skipped: no tensorboard for this python3, or no Chromium")
        return 0
    options.output.mkdir(parents=True, exist_ok=True)
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.run or train(options.binary, pathlib.Path(scratch))
        with server(folder) as address:
            failures += not compare_scalars(address, folder)
            for tab, tags in TABS.items():
                picture = options.output / f"{tab}.png"
                text = open_tab(browser, address, tab, picture, f"{scratch}/profile")
                missing = missing_tags(address, tab, tags)
                if tab == "timeseries":
                    missing += [word for word in CARDS if word not in text]
                failures += bool(missing)
                print(f"{tab}: {'lacks ' + ', '.join(missing) if missing else 'shown'}, {picture}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

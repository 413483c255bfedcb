#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times engram and its rivals at the same work, in turns, and prints medians and ratios.

Run by script/bench-rivals. Usage: tools/bench_rivals.py [--build DIR] [--rounds N] [--seconds S]
[--threads 1,2] [--only TEXT] [--json FILE]. Each rival counts at its best number of threads.
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "rivals"))
from cases import cases  # noqa: E402

NAMES = {"keras": "Keras", "torch": "PyTorch", "onnx": "ONNX Runtime"}
LETTERS = "letters-onehot-1"


def environment(threads):
    return {**os.environ, "RIVAL_THREADS": str(threads), "OMP_NUM_THREADS": str(threads),
            "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1",
            "KERAS_BACKEND": "tensorflow"}


def worker_command(rival, threads, *work):
    return [sys.executable, str(HERE / "rivals/worker.py"), rival, str(threads), *work]


class Rival:
    """A process that stays for all the work of one rival at one number of threads."""

    def __init__(self, rival, threads):
        self.process = subprocess.Popen(worker_command(rival, threads), env=environment(threads),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench_rivals: a rival ended; its message stands above")
        return line.strip()

    def seconds(self, case, budget):
        self.process.stdin.write(f"{case.work} {case.cell} {budget}\n")
        self.process.stdin.flush()
        return float(self.answer())


def engram_seconds(build, program, names, budget):
    """Seconds of each benchmark of one program."""
    pattern = "|".join("^" + n.replace("+", "\\+").replace("(", "\\(").replace(")", "\\)") + "$"
                       for n in names)
    result = subprocess.run(
        [build / "bench" / program, f"--benchmark_filter={pattern}", "--benchmark_format=json",
         f"--benchmark_min_time={budget}"], capture_output=True, text=True, check=True)
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}
    found = {}
    for row in json.loads(result.stdout)["benchmarks"]:
        seconds = row["real_time"] * units[row["time_unit"]]
        # A benchmark of 1,000 batches of one row counts as one of them.
        found[row["name"]] = seconds / (1000 if row["name"].startswith("single_rows") else 1)
    return found


def process_seconds(command, threads=2):
    start = time.perf_counter()
    subprocess.run(command, env=environment(threads), check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def best(times):
    """The lowest median among the settings of `times`, and its setting."""
    medians = {setting: statistics.median(values) for setting, values in times.items()}
    setting = min(medians, key=medians.get)
    return medians[setting], setting


def measure(case, rivals, options):
    """{who: (seconds, setting)} of one row, engram and rivals by turns."""
    program, names = case.engram
    times = collections.defaultdict(lambda: collections.defaultdict(list))
    for _ in range(options.rounds):
        for name, seconds in engram_seconds(options.build, program, names,
                                            options.seconds).items():
            times["engram"][name].append(seconds)
        for (rival, threads), process in rivals.items():
            if rival in case.rivals:
                times[rival][threads].append(process.seconds(case, options.seconds))
    return {who: best(found) for who, found in times.items()}


def measure_letters(options):
    times = collections.defaultdict(list)
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            times["engram"].append(process_seconds(
                [options.build / "engram", "train", LETTERS, "--output", folder]))
        for rival in ("keras", "torch"):
            times[rival].append(process_seconds(worker_command(rival, 2, "letters", "rnn")))
    return {who: (statistics.median(values), "process") for who, values in times.items()}


def text_of(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def show(name, row):
    cells = [f"| {name} | {text_of(row['engram'][0])} "]
    for rival in NAMES:
        if rival in row:
            ratio = row[rival][0] / row["engram"][0]
            cells.append(f"| {text_of(row[rival][0])} ({ratio:.3g} x) ")
        else:
            cells.append("| ")
    print("".join(cells) + "|", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each time of each side")
    parser.add_argument("--threads", default="1,2", help="settings that rivals are tried at")
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def main():
    options = parse()
    rivals = {(rival, int(threads)): Rival(rival, int(threads))
              for rival in NAMES for threads in options.threads.split(",")}
    versions = {NAMES[rival]: process.version for (rival, _), process in rivals.items()}
    print("; ".join(f"{name} {version}" for name, version in versions.items()))
    print("\n| work | engram | " + " | ".join(NAMES.values()) + " |")
    print("|---" * (2 + len(NAMES)) + "|", flush=True)
    rows = {}
    for case in cases():
        name = f"{case.work} {case.cell}"
        if options.only in name:
            rows[name] = measure(case, rivals, options)
            show(name, rows[name])
    if options.only in "letters process":
        rows["letters process"] = measure_letters(options)
        show("letters process", rows["letters process"])
    if options.json:
        options.json.write_text(json.dumps({"versions": versions, "rows": rows}, indent=1))


main()

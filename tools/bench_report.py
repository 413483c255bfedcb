#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks and writes the part of docs/benchmarks.md between its marks.

Run by script/bench-report. Usage: tools/bench_report.py [--build DIR] [--repetitions N]
[--rivals FILE of bench_rivals.py --json] [--keep FILE: the raw figures] [--from FILE: no new run]
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/benchmarks.md"
BEGIN, END = "<!-- written by script/bench-report -->", "<!-- end of what it writes -->"
SERIES = (10**4, 10**5, 10**6, 10**7)
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def run_benchmarks(build, repetitions):
    """{benchmark: {"seconds", "of_hot", ...}} of the medians, and the AVX2 ones under "avx2:"."""
    found = {}
    for program, target, only in (("training_bench", "", ""), ("inference_bench", "", ""),
                                  ("products_bench", "", ""),
                                  ("training_bench", "avx2", "epoch/stock-(lstm|gru|rnn)/")):
        with tempfile.NamedTemporaryFile() as out:
            environment = {**os.environ, "OMP_NUM_THREADS": "1", **({"ENGRAM_SIMD": target} if target else {})}
            subprocess.run(
                [build / "bench" / program, f"--benchmark_repetitions={repetitions}",
                 "--benchmark_min_time=0.1", "--benchmark_enable_random_interleaving=true",
                 f"--benchmark_filter={only or '.'}", f"--benchmark_out={out.name}"],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
            for row in json.load(open(out.name))["benchmarks"]:
                if row.get("aggregate_name") == "median":
                    name = f"{target}:" * bool(target) + row["run_name"].replace("/real_time", "")
                    found[name] = {"seconds": row["real_time"] * UNITS[row["time_unit"]],
                                   **{k: row[k] for k in ("of_hot", "P_hot") if k in row}}
    return found


def run_process(command, times):
    """Median seconds and most memory (MB) of a command, and what it printed last."""
    seconds, memory = [], 0
    for _ in range(times):
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        printed = child.stdout.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            raise SystemExit(f"bench_report: failed: {command}")
        seconds.append(time.perf_counter() - start)
        memory = max(memory, usage.ru_maxrss / 1024)
    return {"seconds": statistics.median(seconds), "megabytes": memory, "printed": printed}


def run_processes(build):
    engram = build / "engram"
    with tempfile.TemporaryDirectory() as folder:
        train = [engram, "train", "stock-lstm", "--epochs", "3", "--output"]
        found = {"help": run_process([engram, "--help"], 21)}
        found["letters"] = run_process([engram, "train", "letters-onehot-1", "--output",
                                        f"{folder}/letters"], 11)
        found["train"] = run_process([*train, f"{folder}/stock"], 1)
        found["train 1 thread"] = run_process([*train, f"{folder}/one", "--threads", "1"], 1)
        for windows in SERIES:
            runs = [run_process(["env", "ENGRAM_THREADS=1", build / "bench/series", str(windows)], 1)
                    for _ in range(5 if windows < 10**6 else 1)]
            seconds = statistics.median(float(run["printed"]) for run in runs)
            found[f"series {windows}"] = {"seconds": seconds / windows,
                                          "megabytes": max(run["megabytes"] for run in runs)}
        found["predict"] = run_process([engram, "predict", f"{folder}/stock/model.keras", "--data",
                                        ROOT / "share/simulated_stock.csv"], 3)
    return found


def machine():
    names = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout
    return (f"{len(os.sched_getaffinity(0))} cores of {names[0] if names else platform.machine()}, "
            f"{compiler.splitlines()[0]}")


class Table:
    """Rows of work, what was measured, what was asked."""

    def __init__(self, figures):
        self.bench, self.processes = figures["bench"], figures["processes"]
        self.lines = ["| work | measured | asked | |", "|---|---|---|---|"]

    def row(self, work, measured, asked, is_met):
        self.lines.append(f"| {work} | {measured} | {asked} | {'' if is_met else 'missed'} |")

    def share(self, work, name, asked):
        if name in self.bench:
            share = self.bench[name]["of_hot"]
            seconds = text_of(self.bench[name]["seconds"])
            self.row(work, f"{100 * share:.0f} % ({seconds})", f"{100 * asked:.0f} % of P",
                     share >= asked)

    def time(self, work, name, asked, weights=0):
        """`weights`: floats of them that are read each time."""
        if name in self.bench:
            seconds = self.bench[name]["seconds"]
            moved = f"; {4e-3 * weights:.3g} KB of weights, {4e-9 * weights / seconds:.0f} GB/s"
            self.row(work, text_of(seconds) + (moved if weights else ""),
                     f"at most {text_of(asked)}", seconds <= asked)

    def ratio(self, work, name, other, asked, at_most):
        if name in self.bench and other in self.bench:
            ratio = self.bench[name]["seconds"] / self.bench[other]["seconds"]
            self.row(work, f"{ratio:.2f} x", f"at {'most' if at_most else 'least'} {asked} x",
                     ratio <= asked if at_most else ratio >= asked)

    def shares_ratio(self, work, name, other, asked):
        if name in self.bench and other in self.bench:
            ratio = self.bench[name]["of_hot"] / self.bench[other]["of_hot"]
            self.row(work, f"{100 * self.bench[name]['of_hot']:.0f} %, {ratio:.2f} of the next",
                     f"at least {asked}", ratio >= asked)

    def process(self, work, name, key, asked, unit):
        value = self.processes[name][key]
        self.row(work, f"{value:.3g} {unit}", f"at most {asked} {unit}", value <= asked)


def text_of(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return "0"


def speed_table(figures):
    t = Table(figures)
    for cell, one, two in (("lstm", 0.75, 0.72), ("gru", 0.70, 0.70), ("rnn", 0.60, 0.60)):
        for threads, asked in ((1, one), (2, two)):
            name = f"epoch/stock-{cell}/threads={threads}"
            t.share(f"epoch of stock-{cell}, {threads} thread{'s' * (threads > 1)}", name, asked)
            t.share(f"the same on AVX2, of its own P", f"avx2:{name}", asked - 0.05)
        t.ratio(f"stock-{cell}, two threads against one", f"epoch/stock-{cell}/threads=1",
                f"epoch/stock-{cell}/threads=2", 1.85, at_most=False)
    for kind in ("recurrent_dropout", "mask", "relu", "hard_sigmoid"):
        t.ratio(f"stock-lstm with {kind}, time against plain", f"epoch/stock-lstm-{kind}/threads=1",
                "epoch/stock-lstm/threads=1", 1.25, at_most=True)
    for kind in ("Bidirectional", "stateful-LSTM"):
        t.shares_ratio(f"{kind}, H = D = 64, against LSTM",
                       f"layer/{kind}/H=64,D=64,batch=32/threads=1",
                       "layer/LSTM/H=64,D=64,batch=32/threads=1", 0.8)
    sizes = "/H=64,D=64,batch=64/threads=1"
    for kind, name in (("", "lengths-LSTM"), (" in buckets", "lengths-LSTM-buckets")):
        t.shares_ratio(f"sequences of 1 to 100 steps{kind}, against whole ones, per unit of work",
                       f"layer/{name}{sizes}", f"layer/whole-LSTM{sizes}", 0.8)
    for H, asked in ((32, .45), (64, .65), (128, .75), (256, .80), (512, .80), (1024, .80)):
        name = f"layer/LSTM/H={H},D={H},batch=32/threads="
        t.share(f"LSTM layer, batch 32, T 100, H = D = {H}", name + "1", asked)
        t.ratio("two threads against one", name + "1", name + "2", 1.85, at_most=False)
    layer = "layer/LSTM/H={},D={},batch={}/threads=1"
    for odd, even in ((33, 48), (65, 80), (100, 112), (130, 144)):
        t.shares_ratio(f"H = D = {odd} against {even}", layer.format(odd, odd, 32),
                       layer.format(even, even, 32), 0.8)
    for D in (1, 3, 5):
        t.shares_ratio(f"D = {D} against 16, H 64", layer.format(64, D, 32),
                       layer.format(64, 16, 32), 0.8)
    for odd, even in ((1, 16), (7, 16), (33, 48), (65, 80)):
        t.shares_ratio(f"batch {odd} against {even}, H 64", layer.format(64, 64, odd),
                       layer.format(64, 64, even), 0.8)
    for batch in (1, 7, 16, 33, 48, 65, 80):
        name = f"layer/LSTM/H=64,D=64,batch={batch}/threads="
        t.ratio(f"batch {batch}, H 64, two threads against one", name + "1", name + "2", 1.85,
                at_most=False)
    for threads in (1, 2):
        t.share(f"prediction of 2,066 windows, stock-lstm, {threads} thread{'s' * (threads > 1)}",
                f"predict/stock-lstm/rows=2066/threads={threads}", 0.78)
    t.time("one window of 60, stock-lstm", "window/stock-lstm/rows=1/threads=1", 145e-6,
           4 * 80 * 2 + 4 * 100 * 81 + 60 * (4 * 80 * 80 + 4 * 100 * 100))  # x's once, h's each step
    for cell, gates, asked in (("lstm", 4, (50, 155, 800)), ("gru", 3, (45, 125, 620))):
        for H, nanoseconds in zip((8, 32, 64), asked):
            t.time(f"one step, {cell} H = D = {H}", f"step/{cell}/H=D={H}", nanoseconds * 1e-9,
                   gates * H * (2 * H + 1))
    t.time("one step, stock-lstm", "step/stock-lstm", 2.7e-6, 4 * 80 * 82 + 4 * 100 * 181)
    single = t.bench.get("single_rows/SimpleRNN(6)+Dense(1)/threads=1")
    if single:
        seconds = single["seconds"] / 1000  # an epoch of 1,000 rows
        t.row("batch-1 training step, SimpleRNN(6)", text_of(seconds), "at most 1.5 µs",
              seconds <= 1.5e-6)
    t.process("letter program as a process, 100 epochs", "letters", "seconds", 0.03, "s")
    t.process("`engram --help`", "help", "seconds", 0.01, "s")
    t.process("memory, training stock-lstm", "train", "megabytes", 40, "MB")
    t.process("the same, 1 thread", "train 1 thread", "megabytes", 40, "MB")
    t.process("memory, predicting", "predict", "megabytes", 20, "MB")
    t.process("memory, an epoch over 10^7 windows of one series", f"series {SERIES[-1]}",
              "megabytes", 200, "MB")
    times = [t.processes[f"series {windows}"]["seconds"] for windows in SERIES]
    t.row("time of a window in series of 10^4, 10^5, 10^6, 10^7, 1 thread", ", ".join(map(text_of, times)),
          "flat", max(times) <= 1.25 * min(times))
    return t.lines


def products_table(figures):
    """Kernels alone: our product, oneDNN's sgemm, a plain loop, as shares of P."""
    shapes, rates = {}, {}
    for name, row in figures["bench"].items():
        found = re.match(r"(product|gradient)/([^/]+)/(M=.*)", name)
        if found and "of_hot" in row:
            shapes.setdefault((found[1], found[3]), {})[found[2]] = row["of_hot"]
            if found[2] == "engram":
                M, K, N = map(int, re.findall(r"\d+", found[3]))
                size = 4 * (M * K + M * N + K * N)
                rates[found[1], found[3]] = f"{size / 1e3:.0f} KB, {size / row['seconds'] / 1e9:.0f} GB/s"
    lines = sorted({line for row in shapes.values() for line in row})
    result = ["| product | " + " | ".join(lines) + " | moved by engram |",
              "|---" * (len(lines) + 2) + "|"]
    for (kind, shape), row in shapes.items():
        cells = " | ".join(f"{100 * row[line]:.0f} %" if line in row else "" for line in lines)
        result.append(f"| {kind} {shape} | {cells} | {rates.get((kind, shape), '')} |")
    return result


def rivals_table(rivals, asked):
    names = {"keras": "Keras", "torch": "PyTorch", "onnx": "ONNX Runtime"}
    lines = ["; ".join(f"{name} {version}" for name, version in rivals["versions"].items()) +
             ". In brackets how many times longer it takes than engram.", "",
             "| work | engram | " + " | ".join(names.values()) + " |", "|---" * 5 + "|"]
    for work, row in rivals["rows"].items():
        cells = []
        for who in names:
            if who in row:
                ratio = row[who][0] / row["engram"][0]
                wanted = asked.get((work.split()[0], who)) or asked.get((work, who))
                mark = f", asked {wanted}" if wanted and ratio < wanted else ""
                cells.append(f"{text_of(row[who][0])} ({ratio:.3g} x{mark})")
            else:
                cells.append("")
        lines.append(f"| {work} | {text_of(row['engram'][0])} | " + " | ".join(cells) + " |")
    return lines


RATIOS_ASKED = {
    ("epoch lstm", "keras"): 3.5, ("epoch lstm", "torch"): 3.5,
    **{(f"epoch {cell}", who): 5.5 for cell in ("gru", "rnn") for who in ("keras", "torch")},
    **{("predict", who): 1.6 for who in ("keras", "torch", "onnx")},
    ("window", "onnx"): 1.5, ("window", "torch"): 4,
    ("step-8", "onnx"): 100, ("step-32", "onnx"): 35, ("step-64", "onnx"): 8,
    ("single_row", "keras"): 300, ("single_row", "torch"): 300,
    ("letters", "keras"): 100, ("letters", "torch"): 100}


def page(figures):
    peak = statistics.median(row["P_hot"] for name, row in figures["bench"].items()
                             if "P_hot" in row and "threads=2" not in name and ":" not in name)
    lines = [BEGIN, "",
             f"Machine: {figures['machine']}; measured on {figures['date']}. P, the FMA peak fed by "
             f"loads, measured beside each figure: {peak:.0f} GFLOP/s a core (median). Medians of "
             f"{figures['repetitions']} interleaved repetitions.", "", *speed_table(figures), "",
             "Kernels alone, shares of P on one thread:", "", *products_table(figures), ""]
    if figures.get("rivals"):
        lines += ["Beside rivals, by turns (`script/bench-rivals`), each at its better one of 1 and "
                  "2 threads:", "", *rivals_table(figures["rivals"], RATIOS_ASKED), ""]
    return "\n".join(lines + [END])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--rivals", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--from", dest="source", type=pathlib.Path)
    options = parser.parse_args()
    if options.source:
        figures = json.loads(options.source.read_text())
    else:
        figures = {"machine": machine(), "date": datetime.date.today().isoformat(),
                   "repetitions": options.repetitions,
                   "bench": run_benchmarks(options.build, options.repetitions),
                   "processes": run_processes(options.build)}
    if options.rivals:
        figures["rivals"] = json.loads(options.rivals.read_text())
    if options.keep:
        options.keep.write_text(json.dumps(figures, indent=1))
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + page(figures) + after, encoding="utf-8")


main()

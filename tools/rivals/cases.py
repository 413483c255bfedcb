# SPDX-License-Identifier: Apache-2.0
"""The work that engram and its rivals are timed at: names, sizes, and engram's benchmark of each."""
import collections

Case = collections.namedtuple("Case", "work cell engram rivals")

ROWS, STEPS, BATCH = 2066, 60, 64
CELLS = ("lstm", "gru", "rnn")


def cases():
    """Every row of the table; rivals: who can do it. engram: (program, benchmark names)."""
    found = []
    for cell in CELLS:
        found.append(Case("epoch", cell, ("training_bench", [
            f"epoch/stock-{cell}/threads={n}/real_time" for n in (1, 2)]), ("keras", "torch")))
    for cell in CELLS:
        found.append(Case("predict", cell, ("inference_bench", [
            f"predict/stock-{cell}/rows={ROWS}/threads={n}/real_time" for n in (1, 2)]),
            ("keras", "torch", "onnx")))
    for cell in CELLS:
        found.append(Case("window", cell, ("inference_bench", [
            f"window/stock-{cell}/rows=1/threads=1/real_time"]), ("keras", "torch", "onnx")))
    for units in (8, 32, 64):
        for cell in ("lstm", "gru"):
            found.append(Case(f"step-{units}", cell, (
                "inference_bench", [f"step/{cell}/H=D={units}"]), ("torch", "onnx")))
    found.append(Case("step-stock", "lstm", ("inference_bench", ["step/stock-lstm"]),
                      ("torch", "onnx")))
    found.append(Case("single_row", "rnn", ("training_bench", [
        "single_rows/SimpleRNN(6)+Dense(1)/threads=1/real_time"]), ("keras", "torch")))
    return found

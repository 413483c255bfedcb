#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the chapter's seven programs with engram over several seeds, beside recorded runs of Keras.

Usage: tools/chapter_table.py [--engram build/release/engram] [--letters-seeds 20]
                              [--data SH600519.csv] [--stock-seeds 3] [--epochs 50]
                              [--keras-letters FILE] [--keras-stock FILE]
Prints Markdown tables. The Keras files come from tools/keras_letters.py and tools/keras_stock.py.
"""
import argparse
import csv
import json
import pathlib
import statistics
import subprocess
import tempfile

LETTERS = ("letters-onehot-1", "letters-onehot-4", "letters-embedding-1", "letters-embedding-4")
STOCK = {"stock-rnn": "rnn", "stock-lstm": "lstm", "stock-gru": "gru"}


def run(engram, recipe, seed, *options):
    """One training; gives run.json and the rows of history.csv."""
    with tempfile.TemporaryDirectory() as folder:
        command = [engram, "train", recipe, "--seed", str(seed), "--output", folder, *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        folder = pathlib.Path(folder)
        with open(folder / "history.csv", encoding="utf-8", newline="") as file:
            return json.loads((folder / "run.json").read_text()), list(csv.DictReader(file))


def letters_table(arguments):
    keras = (json.loads(pathlib.Path(arguments.keras_letters).read_text())
             if arguments.keras_letters else None)
    seeds = range(arguments.letters_seeds)
    print(f"| program | engram: seeds with 100 % of {len(seeds)} | Keras | worst engram | worst Keras |")
    print("|---|---|---|---|---|")
    for recipe in LETTERS:
        ours = [run(arguments.engram, recipe, seed)[0]["letters_right"] for seed in seeds]
        theirs = [r["best_accuracy"] for r in keras["programs"][recipe]["runs"]] if keras else []
        cells = [recipe, sum(a == 1 for a in ours), sum(a == 1 for a in theirs) if theirs else "",
                 f"{min(ours):.2f}", f"{min(theirs):.2f}" if theirs else ""]
        print("| " + " | ".join(map(str, cells)) + " |")
    print()


def stock_row(name, errors):
    return f"{name} | {errors['mse']:.1f} | {errors['rmse']:.2f} | {errors['mae']:.2f} |"


def stock_table(arguments):
    keras = json.loads(pathlib.Path(arguments.keras_stock).read_text()) if arguments.keras_stock else []
    print("| program | run | best val_loss (epoch) | val_loss median | MSE | RMSE | MAE |")
    print("|---|---|---|---|---|---|---|")
    naive = None
    for recipe, cell in STOCK.items():
        for seed in range(arguments.stock_seeds):
            facts, rows = run(arguments.engram, recipe, seed, "--data", arguments.data,
                              "--epochs", str(arguments.epochs))
            losses = [float(row["val_loss"]) for row in rows]
            naive = facts["test"]["naive"]
            print(f"| {recipe} | engram, seed {seed} | {min(losses):.6f} ({facts['best_epoch']}) | "
                  f"{statistics.median(losses):.6f} | {stock_row('', facts['test']['model'])[3:]}")
        for r in (r for r in keras if r["cell"] == cell):
            print(f"| {recipe} | Keras, seed {r['seed']} | {min(r['val_loss']):.6f} "
                  f"({r['best_epoch']}) | {statistics.median(r['val_loss']):.6f} | "
                  f"{stock_row('', r['best'])[3:]}")
    print(f"| naive forecast | | | | {stock_row('', naive)[3:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engram", default="build/release/engram")
    parser.add_argument("--letters-seeds", type=int, default=20)
    parser.add_argument("--data")
    parser.add_argument("--stock-seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--keras-letters")
    parser.add_argument("--keras-stock")
    arguments = parser.parse_args()
    if arguments.letters_seeds:
        letters_table(arguments)
    if arguments.data:
        stock_table(arguments)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Checks that engram and Keras train alike, for every optimizer with every loss.

Usage: python tools/interop_trainings.py --engram build/release/engram [--all]
       (script/interop --trainings finds or makes an interpreter with Keras)

Each case is saved by Keras, trained three epochs by both, and compared in history, weights,
optimizer slots and compile options, within 1e-4 of their size. A table of the largest difference of
each case follows. Without --all each loss meets two of the optimizers, each optimizer several
losses; --optimizers names some.
"""

import argparse
import pathlib
import sys
import tempfile

import interop
import keras
import numpy as np

SAMPLES, STEPS, FEATURES, CLASSES, BATCH, EPOCHS = 24, 5, 2, 3, 8, 3

# Of each loss: its options, what its targets are, and the activation of the outputs.
LOSSES = (
    ("MeanSquaredError", {}, "values", None),
    ("MeanSquaredError", {"reduction": "sum"}, "values", None),
    ("MeanAbsoluteError", {"reduction": "none"}, "values", None),
    ("MeanAbsolutePercentageError", {}, "positive", "softplus"),
    ("MeanSquaredLogarithmicError", {}, "positive", "softplus"),
    ("Huber", {"reduction": "mean_with_sample_weight"}, "values", None),
    ("LogCosh", {"reduction": "mean"}, "values", None),
    ("CosineSimilarity", {}, "values", None),
    ("Poisson", {}, "positive", "softplus"),
    ("KLDivergence", {}, "one_hot", "softmax"),
    ("Hinge", {}, "one_hot", None),
    ("SquaredHinge", {}, "one_hot", None),
    ("CategoricalHinge", {}, "one_hot", None),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, "one_hot", "sigmoid"),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True}, "one_hot", "sigmoid"),
    ("CategoricalCrossentropy", {"from_logits": True}, "one_hot", None),
    ("CategoricalFocalCrossentropy", {}, "one_hot", "softmax"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "classes", "softmax"),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, "classes", "softmax"),
    ("Dice", {}, "one_hot", "softmax"),
    ("Tversky", {"alpha": 0.3, "beta": 0.6, "axis": -1}, "one_hot", "sigmoid"),
    ("Circle", {"gamma": 4.0}, "classes", "unit"),
    ("CTC", {}, "texts", None),
)
# Rates at which the epochs of Keras in float32 and in float64 stay within the tolerance, too.
OPTIMIZERS = {
    "SGD": {"learning_rate": 0.01, "momentum": 0.5},
    "RMSprop": {"learning_rate": 0.001},
    "Adam": {"learning_rate": 0.001},
    "AdamW": {"learning_rate": 0.001},
    "Adagrad": {"learning_rate": 0.01},
    "Adadelta": {"learning_rate": 0.5},
    "Adamax": {"learning_rate": 0.001},
    "Nadam": {"learning_rate": 0.001},
    "Ftrl": {"learning_rate": 0.01},
    "Lion": {"learning_rate": 0.0003},
    "Lamb": {"learning_rate": 0.001},
    "Adafactor": {"learning_rate": 0.001},
    "ScheduleFreeAdamW": {"learning_rate": 0.001},
    "Muon": {"learning_rate": 0.001, "adam_lr_ratio": 1.0,  # by default a whole number
             "exclude_layers": ["dense"]},
    "LossScaleOptimizer": {"inner_optimizer": "Adam", "dynamic_growth_steps": 4},
    "MultiOptimizer": {"default_optimizer": "RMSprop",
                       "optimizer_map": {".*lstm_cell/.*": "Nadam", ".*dense/bias": "SGD"}},
}


def targets(kind, random):
    values = random.uniform(0.1, 2, (SAMPLES, CLASSES)).astype("float32")
    ids = np.arange(SAMPLES, dtype="float32") % CLASSES
    texts = np.stack([ids % 2 + 1, (ids + 1) % CLASSES], axis=1)
    return {"values": values - 1, "texts": texts, "positive": values, "classes": ids,
            "one_hot": np.eye(CLASSES, dtype="float32")[ids.astype(int)]}[kind]


def make_optimizer(name):
    options = dict(OPTIMIZERS[name])
    if "inner_optimizer" in options:
        options["inner_optimizer"] = make_optimizer(options["inner_optimizer"])
    if "optimizer_map" in options:
        inner = {key: make_optimizer(name) for key, name in options["optimizer_map"].items()}
        default = make_optimizer(options["default_optimizer"])
        options = {"optimizer_map": keras.optimizers.OptimizerMap(default, inner)}
    return getattr(keras.optimizers, name)(**options)


def make_model(loss, options, activation, optimizer):
    model = keras.Sequential([keras.layers.Input((STEPS, FEATURES)),
                              keras.layers.LSTM(4, return_sequences=loss == "CTC")])
    model.add(keras.layers.Dense(CLASSES, None if activation == "unit" else activation))
    if activation == "unit":
        model.add(keras.layers.UnitNormalization())
    model.compile(make_optimizer(optimizer), getattr(keras.losses, loss)(**options))
    if optimizer == "ScheduleFreeAdamW":  # fit's own build loses the first value of its momentum
        model.optimizer.build(model.trainable_variables)
    return model


def check(command, folder, seed, loss, optimizer):
    name, options, kind, activation = loss
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (SAMPLES, STEPS, FEATURES)).astype("float32")
    y = targets(kind, random)
    model = make_model(name, options, activation, optimizer)
    model.save(folder / "model.keras")
    interop.save_arrays(folder, "x", [x])
    interop.save_arrays(folder, "y", [y])
    history = interop.Engram(command, folder).train("model.keras", "out.keras", EPOCHS, BATCH)
    expected = interop.fit(model, {"words": 0, "batch_size": BATCH}, [x], [y], EPOCHS)
    written = interop.load(folder / "out.keras")
    worst = max(interop.same_history(history, expected),
                interop.same_variables("weights", written.weights, model.weights),
                interop.same_slots(written, model))
    ours, theirs = (m.get_compile_config()["loss"] for m in (written, model))
    if ours["class_name"] != theirs["class_name"] or not equal(ours["config"], theirs["config"]):
        raise interop.Failure(f"the loss became {ours}, Keras has {theirs}")
    return worst


def table(results):
    """A row for each loss, a column for each optimizer: the largest difference, or FAIL."""
    optimizers = list(dict.fromkeys(optimizer for _, optimizer in results))
    losses = list(dict.fromkeys(loss for loss, _ in results))
    width = max(map(len, losses)) + 1
    print(" " * width + " ".join(f"{name:>17}" for name in optimizers))
    for loss in losses:
        cells = [results.get((loss, optimizer), "") for optimizer in optimizers]
        print(f"{loss:<{width}}" + " ".join(
            f"{cell:>17.1e}" if isinstance(cell, float) else f"{cell:>17}" for cell in cells))


def equal(ours, theirs):
    """The same options; floats as float32, which files of engram hold."""
    def plain(value):
        return float(np.float32(value)) if isinstance(value, float) else value
    return {k: plain(ours.get(k)) for k in theirs} == {k: plain(v) for k, v in theirs.items()}


def pairs(takes_all, chosen):
    names = list(OPTIMIZERS)
    for loss in LOSSES if chosen else ():
        yield from ((loss, optimizer) for optimizer in chosen)
    if chosen:
        return
    for i, loss in enumerate(LOSSES):
        for optimizer in names if takes_all else (names[i % len(names)], names[-1 - i % len(names)]):
            yield loss, optimizer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engram", type=pathlib.Path, required=True)
    parser.add_argument("--all", action="store_true", help="every optimizer with every loss")
    parser.add_argument("--optimizers", nargs="+", choices=OPTIMIZERS, default=[])
    arguments = parser.parse_args()
    failures = count = 0
    results = {}
    cases = list(pairs(arguments.all, arguments.optimizers))
    for seed, (loss, optimizer) in enumerate(cases):
        count += 1
        case = (" ".join([loss[0], *(f"{k}={v}" for k, v in loss[1].items())]), optimizer)
        with tempfile.TemporaryDirectory() as folder:
            try:
                results[case] = check(arguments.engram, pathlib.Path(folder), seed, loss, optimizer)
            except Exception as problem:  # one bad case must not hide the rest
                failures += 1
                results[case] = "FAIL"
                print(f"{loss[0]} {loss[1]} with {optimizer}: {problem}", flush=True)
        print(f"{count}/{len(cases)} {' with '.join(case)}: {results[case]}", file=sys.stderr)
    table(results)
    print(f"{count - failures} of {count} trainings agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

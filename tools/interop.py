# SPDX-License-Identifier: Apache-2.0
"""Checks that the engram command and Keras mean the same by a .keras file.

Usage: python tools/interop.py --engram build/release/engram [--models 40] [--seed 0]
       (script/interop finds or makes an interpreter with Keras)

For every random model, made and saved by Keras (half of them trained before, so that the
optimizer's slots are not zero; with cells, nested models and stateful layers among them):
  predict   `engram predict` equals Keras within 2e-5
  train     `engram train --model` for two epochs equals Keras's fit from the same file: weights
            within 1e-4 of their norm, losses and metrics too (not where dropout is active)
  slots     the file that engram wrote opens in Keras, compiled, with the same optimizer variables
  reopen    Keras predicts from that file what engram predicts from it
  resume    one more epoch from that file is the same in Keras and in engram
  extra     Keras's own file, with engram's extra members added, loads and predicts as before
Models of texts are compared by predict and reopen.
Then every shipped recipe, and a random one for every four models, is trained by engram for an
epoch and opened in Keras, with the options that the recipe names.
"""

import argparse
import contextlib
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile

for name, value in (("KERAS_BACKEND", "tensorflow"), ("TF_CPP_MIN_LOG_LEVEL", "3")):
    os.environ.setdefault(name, value)

import keras
import numpy as np
import tensorflow as tf

from interop_graphs import FREE, describe_graph, graph_data, graph_spec, make_graph
from interop_models import (
    describe,
    make_data,
    make_model,
    optimizer,
    random_recipe,
    random_spec,
    recipe_text,
    snake,
)
from interop_texts import check_texts, describe_texts, text_spec

PREDICT_TOLERANCE = 2e-5
TRAIN_TOLERANCE = 1e-4
STEP = 1e-2  # what a step of the usual rates moves a weight: one that comes to rest near 0 has no less
KERAS_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
STATE_MEMBERS = {"engram/state.json": b"{}", "engram/x.npy": b"\x93NUMPY not for Keras"}
RECIPES = (
    "letters-onehot-1",
    "letters-onehot-4",
    "letters-embedding-1",
    "letters-embedding-4",
    "stock-rnn",
    "stock-lstm",
    "stock-gru",
)
COLUMNS = ("predict", "train", "losses", "slots", "reopen", "resume", "extra")


class Failure(Exception):
    """A check that did not hold; the text says what."""


# ---- both sides --------------------------------------------------------------------------------


class Engram:
    """The command under test, run in one folder."""

    def __init__(self, command, folder):
        self.command, self.folder = str(pathlib.Path(command).resolve()), folder

    def run(self, *arguments, timeout=600):
        result = subprocess.run([self.command, *map(str, arguments)], cwd=self.folder,
                                capture_output=True, text=True, timeout=timeout, check=False)
        if result.returncode != 0:
            words = " ".join(map(str, arguments[:2]))
            lines = (result.stderr.strip() or "no message").splitlines()
            raise Failure(f"`engram {words}` ended with {result.returncode}: {lines[-1]}")
        return result.stdout

    def arrays(self, option, name):
        """The option for each array that save_arrays wrote under this name."""
        files = sorted(path.name for path in self.folder.glob(f"{name}[0-9].npy"))
        return [word for file in files for word in (option, file)]

    def predict(self, model):
        outputs = [f"predicted{i}.npy" for i in range(len(self.arrays("--y", "y")) // 2 or 1)]
        self.run("predict", model, *self.arrays("--input", "x"),
                 *(word for file in outputs for word in ("--output", file)))
        return [np.load(self.folder / file) for file in outputs]

    def train(self, model, output, epochs, batch_size):
        self.run("train", "--model", model, *self.arrays("--x", "x"), *self.arrays("--y", "y"),
                 "--epochs", epochs, "--batch-size", batch_size, "--no-shuffle", "--output", output,
                 "--history", "history.csv")
        return read_history(self.folder / "history.csv")


def read_history(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    keys = [key for key in rows[0] if key != "epoch" and rows[0][key] != "NA"]
    return {key: [float(row[key]) for row in rows] for key in keys}


def sum_repeated_rows(optimizer):
    """Hands the optimizer dense gradients, as Keras does on JAX and PyTorch.

    On TensorFlow an Embedding's gradient keeps one slice for each occurrence of a word, which Keras
    3.15 squares (Adam) and clips one by one, and which makes RMSprop fail now and then.
    """
    apply_gradients = optimizer.apply_gradients
    optimizer.apply_gradients = lambda pairs: apply_gradients(
        [(gradient if gradient is None else tf.convert_to_tensor(gradient), variable)
         for gradient, variable in pairs]  # None: of a weight that no call has used
    )


def alone(arrays):
    """What Keras takes of a list of one array: the array."""
    return arrays[0] if len(arrays) == 1 else arrays


def without_xla(model):
    """It compiles a small model for longer than the model runs."""
    if model.compiled:
        model.jit_compile = False


def fit(model, spec, x, y, epochs):
    if spec["words"] and "apply_gradients" not in vars(model.optimizer):
        sum_repeated_rows(model.optimizer)
    without_xla(model)
    reset_states(model)
    return model.fit(alone(x), alone(y), batch_size=spec["batch_size"], epochs=epochs, shuffle=False,
                     verbose=0).history


def keras_predict(model, x):
    """The outputs, as a list."""
    without_xla(model)
    reset_states(model)
    rows = model.inputs[0].shape[0] or len(x[0])
    predicted = model.predict(alone(x), batch_size=rows, verbose=0)
    return predicted if isinstance(predicted, list) else [predicted]


def save_arrays(folder, name, arrays):
    for i, array in enumerate(arrays):
        np.save(folder / f"{name}{i}.npy", array)


def reset_states(model):
    """The command begins with states of zero each time. The reset_state of Keras 3.15 fails where
    the cell of an RNN is a stack."""
    for layer in model._flatten_layers():
        for state in keras.tree.flatten(getattr(layer, "states", None) or []):
            state.assign(keras.ops.zeros_like(state))


# ---- comparisons -------------------------------------------------------------------------------


def within(label, worst, allowed):
    if not worst <= allowed:  # also true for NaN
        raise Failure(f"{label} differ by {worst:.3g}, allowed {allowed:.3g}")
    return worst


def same_predictions(label, ours, theirs):
    if len(ours) != len(theirs):
        raise Failure(f"{label}: {len(ours)} and {len(theirs)} outputs")
    worst = 0.0
    for mine, other in zip(ours, theirs):
        if mine.shape != other.shape:
            raise Failure(f"{label}: shapes {mine.shape} and {other.shape}")
        scale = np.maximum(1.0, np.abs(other))
        worst = max(worst, float(np.max(np.abs(mine - other) / scale)))
    return within(label, worst, PREDICT_TOLERANCE)


def same_variables(label, ours, theirs, least=1e-3):
    """The norm of each difference, against the variable's norm, or against `least`."""
    if len(ours) != len(theirs):
        raise Failure(f"{label}: {len(ours)} and {len(theirs)} tensors")
    worst = 0.0
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if any(name in b.path for name in FREE):
            continue
        a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
        if a.shape != b.shape:
            raise Failure(f"{label} {i}: shapes {a.shape} and {b.shape}")
        error = np.linalg.norm(a - b) / max(np.linalg.norm(b), least)
        worst = max(worst, within(f"{label} {i} {theirs[i].path}", float(error), TRAIN_TOLERANCE))
    return worst


def same_history(ours, theirs):
    if sorted(ours) != sorted(theirs):
        raise Failure(f"history has {sorted(ours)}, Keras has {sorted(theirs)}")
    worst = 0.0
    for key, values in theirs.items():
        a, b = np.array(ours[key]), np.array(values)
        if a.shape != b.shape:
            raise Failure(f"history of {key} has {len(a)} epochs, Keras has {len(b)}")
        error = float(np.max(np.abs(a - b) / np.maximum(np.abs(b), 1e-2)))
        worst = max(worst, within(f"history of {key}", error, TRAIN_TOLERANCE))
    return worst


def same_slots(ours, theirs):
    """The step counter and the learning rate exactly, the slots as weights are compared."""
    if ours.optimizer is None:
        raise Failure("the file opens without an optimizer")
    mine, other = ours.optimizer.variables, theirs.optimizer.variables
    if type(ours.optimizer) is not type(theirs.optimizer):
        raise Failure(f"the optimizer became {type(ours.optimizer).__name__}")
    if int(mine[0]) != int(other[0]):
        raise Failure(f"iteration is {int(mine[0])}, Keras's is {int(other[0])}")
    if float(mine[1]) != float(other[1]):
        raise Failure(f"learning rate is {float(mine[1])}, Keras's is {float(other[1])}")
    if json.dumps(ours.optimizer.get_config()) != json.dumps(theirs.optimizer.get_config()):
        raise Failure("the optimizer's options changed")
    return same_variables("optimizer slots", mine[2:], other[2:])


def same_layers(ours, theirs):
    """The options of every layer, but for Python's ids."""
    def options(model):
        configs = [layer.get_config() for layer in model.layers]
        return json.loads(json.dumps(configs))  # where tuples are lists

    if options(ours) != options(theirs):
        raise Failure("the layers' options changed")


# ---- one model ---------------------------------------------------------------------------------


def save_from_keras(spec, folder):
    keras.utils.set_random_seed(spec["seed"])
    if spec.get("is_graph"):
        model = make_graph(spec)
        x, y = graph_data(spec, model)
    else:
        model = make_model(spec)
        x, y = ([array] for array in make_data(spec, model))
    if spec["trained_before"]:
        fit(model, spec, x, y, 2)
    model.save(folder / "model.keras")
    save_arrays(folder, "x", x)
    save_arrays(folder, "y", y)
    return x, y


def load(path):
    """Opens a file that engram wrote; a warning (slots skipped, say) is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*does not support masking")
        return keras.saving.load_model(path)


def load_own(path):
    """Opens a file that Keras wrote: one that never trained has no slots, which it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return keras.saving.load_model(path)


def add_members(source, target, members):
    shutil.copy(source, target)
    with zipfile.ZipFile(target, "a") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def extra_members(path):
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n not in KERAS_MEMBERS]
        return {name: archive.read(name) for name in names} or STATE_MEMBERS


def check_extra(folder, x, expected):
    """Keras's file plus what engram adds to its own is still Keras's file."""
    add_members(folder / "model.keras", folder / "extra.keras",
                extra_members(folder / "out.keras"))
    again = keras_predict(load_own(folder / "extra.keras"), x)
    if not all(map(np.array_equal, again, expected)):
        raise Failure("extra members change what Keras predicts")
    return 0.0


def in_float64(path):
    """Keras's model of a file, with float64 for all that is float32 in it."""
    wide = path.with_name("float64.keras")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(wide, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            wider = data.replace(b'"float32"', b'"float64"')
            target.writestr(name, wider if name == "config.json" else data)
    return load_own(wide)


def distances_from_float64(spec, folder, written, theirs, x, y):
    """How far the weights and slots of engram's training, and of Keras's, are from Keras's in float64."""
    keras.config.set_floatx("float64")
    try:
        exact = in_float64(folder / "model.keras")
        fit(exact, spec, x, y, 2)
    finally:
        keras.config.set_floatx("float32")

    def distance(model):
        pairs = zip([*model.weights, *model.optimizer.variables],
                    [*exact.weights, *exact.optimizer.variables])
        arrays = [(np.asarray(a, "float64"), np.asarray(b)) for a, b in pairs]
        return max(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-3) for a, b in arrays)

    return f"from Keras in float64: engram {distance(written):.1e}, Keras {distance(theirs):.1e}"


def check_training(spec, engram, theirs, x, y, report):
    """Two epochs on both sides from the same file; what engram wrote, opened by Keras."""
    history = engram.train("model.keras", "out.keras", 2, spec["batch_size"])
    written = load(engram.folder / "out.keras")
    same_layers(written, theirs)
    if spec["dropout"]:
        return written
    expected = fit(theirs, spec, x, y, 2)
    try:
        report["train"] = same_variables("weights", written.weights, theirs.weights, STEP)
        report["losses"] = same_history(history, expected)
        report["slots"] = same_slots(written, theirs)
    except Failure as difference:
        far = distances_from_float64(spec, engram.folder, written, theirs, x, y)
        raise Failure(f"{difference}; {far}") from None
    return written


def check_resume(spec, engram, written, x, y):
    """One more epoch of the file that engram wrote, on both sides."""
    engram.train("out.keras", "more.keras", 1, spec["batch_size"])
    fit(written, spec, x, y, 1)
    more = load(engram.folder / "more.keras")
    same_slots(more, written)
    return same_variables("weights after one more epoch", more.weights, written.weights, STEP)


def check_model(spec, command, folder, report):
    keras.backend.clear_session()
    engram = Engram(command, folder)
    x, y = save_from_keras(spec, folder)
    theirs = load_own(folder / "model.keras")
    expected = keras_predict(theirs, x)
    report["predict"] = same_predictions("predictions", engram.predict("model.keras"), expected)
    written = check_training(spec, engram, theirs, x, y, report)
    report["reopen"] = same_predictions("predictions of engram's file",
                                        engram.predict("out.keras"), keras_predict(written, x))
    if not spec["dropout"]:
        report["resume"] = check_resume(spec, engram, written, x, y)
    report["extra"] = check_extra(folder, x, expected)


# ---- models that engram makes from a recipe -----------------------------------------------------


def plain(value):
    """An option as the recipe writes it: initializers by name, numbers as they are."""
    return snake(value["class_name"]) if isinstance(value, dict) else value


def same_recipe(model, recipe):
    """Every option that the recipe names is what Keras reads in the file."""
    kinds = [type(layer).__name__ for layer in model.layers]
    if kinds != [kind for kind, _ in recipe["layers"]]:
        raise Failure(f"the recipe's layers became {kinds}")
    for layer, (kind, options) in zip(model.layers, recipe["layers"]):
        config = layer.get_config()
        for key, value in options.items():
            if plain(config[key]) != value:
                raise Failure(f"{kind}.{key} is {config[key]!r}, the recipe says {value!r}")
    for key, value in recipe["optimizer"].items():
        found = model.optimizer.get_config().get(key)
        if key != "class" and not np.isclose(float(found), float(value), rtol=1e-6):
            raise Failure(f"the optimizer's {key} is {found}, the recipe says {value}")


def recipe_input(model):
    rng = np.random.default_rng(1)
    shape = (7, *model.input_shape[1:])
    if isinstance(model.layers[0], keras.layers.Embedding):
        return rng.integers(0, model.layers[0].input_dim, shape).astype("int32")
    return rng.uniform(0, 1, shape).astype("float32")


def check_recipe(recipe, command, folder, report):
    """One epoch of a recipe, a shipped one by its name; both of its files open, compiled."""
    keras.backend.clear_session()
    engram = Engram(command, folder)
    name = recipe
    if isinstance(recipe, dict):
        name = "recipe.toml"
        (folder / name).write_text(recipe_text(recipe), encoding="utf-8")
    engram.run("train", name, "--epochs", 1, "--seed", 1, "--output", folder / "run")
    for file in ("model.keras", "last.keras"):
        model = load(folder / "run" / file)
        if model.optimizer is None or int(model.optimizer.iterations) == 0:
            raise Failure(f"{file} opens without a trained optimizer")
        if isinstance(recipe, dict):
            same_recipe(model, recipe)
        x = recipe_input(model)
        save_arrays(folder, "x", [x])
        report["reopen"] = same_predictions(
            f"predictions of {file}", engram.predict(folder / "run" / file),
            keras_predict(model, [x]))


# ---- the run -----------------------------------------------------------------------------------


@contextlib.contextmanager
def work_folder(keep, label):
    if keep:
        folder = pathlib.Path(keep) / label
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder)


def show(label, text, report, failure):
    cells = [f"{report[c]:8.1e}" if c in report else "       -" for c in COLUMNS]
    print(f"{label:>20} {' '.join(cells)} {'FAILED' if failure else 'ok':6} {text}", flush=True)
    if failure:
        print(f"{'':>20} {failure}", flush=True)


def attempt(label, text, keep, check):
    report, failure = {}, None
    with work_folder(keep, label) as folder:
        try:
            check(folder, report)
        except Failure as error:
            failure = str(error)
        except Exception as error:  # a file that Keras refuses is a failed check, not the end
            failure = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    show(label, text, report, failure)
    return failure is None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engram", required=True, help="the command to test")
    parser.add_argument("--models", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--graphs", type=int, default=40, help="random graphs of layers")
    parser.add_argument("--texts", type=int, default=20, help="random models of texts")
    parser.add_argument("--only", help="the label of one model or recipe")
    parser.add_argument("--keep", help="keep the files of every model in this folder")
    return parser.parse_args()


def checks(options):
    """(label, text, check) of everything that is to be done"""
    for i in range(options.models):
        spec = random_spec(options.seed * 1000 + i)
        yield str(i), describe(spec), lambda *to, spec=spec: check_model(
            spec, options.engram, *to)
    for i in range(options.graphs):
        spec = graph_spec(options.seed * 1000 + i, optimizer)
        yield f"graph-{i}", describe_graph(spec), lambda *to, spec=spec: check_model(
            spec, options.engram, *to)
    for i in range(options.texts):
        spec = text_spec(options.seed * 1000 + i)
        yield f"texts-{i}", describe_texts(spec), lambda folder, report, spec=spec: check_texts(
            spec, Engram(options.engram, folder), folder, load, same_predictions, report)
    for name in RECIPES:
        yield name, "recipe", lambda *to, name=name: check_recipe(
            name, options.engram, *to)
    for i in range(options.models // 4):
        recipe = random_recipe(options.seed * 1000 + i)
        text = " ".join(kind for kind, _ in recipe["layers"])
        yield f"recipe-{i}", text, lambda *to, recipe=recipe: check_recipe(
            recipe, options.engram, *to)


def main():
    options = arguments()
    keras.utils.disable_interactive_logging()
    tf.get_logger().setLevel("ERROR")  # it warns of every new model that it has to trace
    print(f"Keras {keras.__version__}, {options.models} random models from seed {options.seed}")
    print(f"{'model':>20} {' '.join(f'{c:>8}' for c in COLUMNS)}")
    results = [
        attempt(label, text, options.keep, check)
        for label, text, check in checks(options)
        if options.only in (None, label)
    ]
    failed = results.count(False)
    print(f"{len(results) - failed} of {len(results)} agree")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())

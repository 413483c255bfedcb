#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/keras-compatibility.md: every public name of Keras beside what engram knows of it.

Usage: tools/keras_compatibility.py --engram build/release/engram [--check]
       PYTHON_WITH_KERAS tools/keras_compatibility.py --introspect

The Keras side lies in tests/golden/keras_public.json, which --introspect writes; the other side is
what `engram info --keras` prints. --check writes nothing and fails where the page is not up to
date, but for its column of tests.
"""
import argparse
import inspect
import json
import pathlib
import re
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PUBLIC = ROOT / "tests/golden/keras_public.json"
PAGE = ROOT / "docs/keras-compatibility.md"
FAMILIES = {
    "keras.layers": "Layers", "keras.activations": "Activations",
    "keras.initializers": "Initializers", "keras.regularizers": "Regularizers",
    "keras.constraints": "Constraints", "keras.losses": "Losses", "keras.metrics": "Metrics",
    "keras.optimizers": "Optimizers", "keras.optimizers.schedules": "Learning rate schedules",
    "keras.callbacks": "Callbacks",
}
# Options that all layers have, and what stands for them here.
COMMON = {"self", "name", "trainable", "dtype", "kwargs", "args"}
# Hints of speed and storage, which files may hold and nothing here depends on.
HINTS = {"implementation", "use_cudnn", "time_major", "input_length", "unroll"}

# What stands for an option that is missing.
INSTEAD = {
    ("Embedding", "weights"): "`Model::set_weights` gives them once the model is built",
    ("Bidirectional", "weights"): "`Model::set_weights` gives them once the model is built",
    ("CategoryEncoding", "sparse"): "tensors here are dense",
}

# Why names are missing; the first pattern that fits a name speaks.
REASONS = [
    (r"keras\.layers\.(Layer|Wrapper|InputSpec|Input|AbstractRNNCell)$",
     "a base class or a function, which files do not hold"),
    (r"keras\.layers\.(Random\w+|Aug\w+|AutoContrast|CutMix|Equalization|MixUp|RandAugment|Pipeline"
     r"|Solarization|CenterCrop|Resizing|MaxNumBoundingBoxes|STFTSpectrogram|MelSpectrogram"
     r"|ContrastLimitedAdaptiveHistogramEqualization)$",
     "prepares images or sound"),
    (r"keras\.layers\.\w*(3D|3DTranspose)$", "images in time as three dimensions"),
    (r"keras\.layers\.(TFSMLayer|TorchModuleWrapper|JaxLayer|FlaxLayer|Lambda)$",
     "code in a file, which is never run here"),
    (r"keras\.(losses|metrics)\.(Loss|Metric|Mean|Sum|MeanMetricWrapper|.*Wrapper)$",
     "a base class"),
    (r"keras\.\w+(\.\w+)?\.(Optimizer|LearningRateSchedule|Initializer|Regularizer|Constraint"
     r"|Callback)$", "a base class"),
    (r"keras\.callbacks\.CallbackList$", "in another form: FitOptions::callbacks is the list"),
    (r"keras\.callbacks\.History$", "in another form: fit returns it"),
    (r"keras\.callbacks\.ProgbarLogger$",
     "in another form: FitOptions::progress, with verbose, shows the same bar"),
    (r"keras\.callbacks\.RemoteMonitor$",
     "sends logs to a server; nothing here opens a connection. A LambdaCallback can"),
    (r"keras\.callbacks\.OrbaxCheckpoint\w*$",
     "writes JAX's own format; ModelCheckpoint and BackupAndRestore write Keras's"),
    (r"keras\.activations\.(serialize|deserialize|get)$", "a function about functions"),
    (r"keras\.activations\.sparsemax$",
     "Keras 3.15 takes the sum of running sums for its threshold, so that most rows are all zeros"),
    (r"keras\.activations\.glu$",
     "halves the last axis, which the layers of Keras 3.15 that name it do not know"),
    (r"keras\.activations\.threshold$", "takes two numbers, which no layer's option can hold"),
    (r"keras\.initializers\.STFT$", "the waves of a spectrogram, for sound"),
    (r"keras\.layers\.SpectralNormalization$",
     "each training step puts another kernel in place of the layer's before it begins"),
    (r".*", "not there"),
]


# ---- Keras -------------------------------------------------------------------------------------


def public_names(module, is_kind):
    """{name: arguments} of each class or function once, under its own name."""
    found = {}
    for name in sorted(vars(module)):
        thing = getattr(module, name)
        if name.startswith("_") or not is_kind(thing):
            continue
        own = thing.__name__ if thing.__name__ in vars(module) else name
        arguments = inspect.signature(thing.__init__ if inspect.isclass(thing) else thing)
        found[own] = [a for a in arguments.parameters if a not in COMMON]
    return found


def introspect():
    import keras

    modules = {}
    for path in FAMILIES:
        module = keras
        for part in path.split(".")[1:]:
            module = getattr(module, part)
        is_kind = inspect.isfunction if path == "keras.activations" else inspect.isclass
        modules[path] = public_names(module, is_kind)
    for name in ("get", "serialize", "deserialize"):
        modules["keras.activations"].pop(name, None)
    data = {"script": "tools/keras_compatibility.py", "keras": keras.__version__,
            "modules": modules}
    PUBLIC.write_text(json.dumps(data, indent=0, sort_keys=False) + "\n", encoding="ascii")
    print(f"{PUBLIC}: {sum(map(len, modules.values()))} names of Keras {keras.__version__}")


# ---- engram ------------------------------------------------------------------------------------


def engram_names(command):
    result = subprocess.run([command, "info", "--keras"], capture_output=True, text=True,
                            check=True)
    return json.loads(result.stdout)


def callbacks():
    """Callbacks have no table: they are the structs of their header."""
    header = (ROOT / "include/engram/callbacks.hpp").read_text(encoding="utf-8")
    return {name: {} for name in re.findall(r"^(?:struct|class) (\w+)", header, re.M)}


def golden_words():
    """{golden file: the words in it} of all that real Keras computed for the tests."""
    words = {}
    for path in sorted((ROOT / "tests/golden").rglob("*")):
        if path.suffix == ".keras":
            try:
                with zipfile.ZipFile(path) as archive:
                    text = archive.read("config.json").decode()
            except (KeyError, zipfile.BadZipFile):
                continue
        elif path.suffix == ".json" and path != PUBLIC:
            text = path.read_text(encoding="utf-8")
        else:
            continue
        words[path.name] = set(re.findall(r'"(\w+)"', text))
    return words


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def tests_of(name, module, words):
    names = {name} if module == "keras.layers" else {name, snake(name)}
    found = [file for file, words_of in words.items() if names & words_of]
    rank = sorted(found, key=lambda file: (file.endswith(".keras"), file))
    text = ", ".join(rank[:2]) + (f" and {len(rank) - 2} more" if len(rank) > 2 else "")
    if module == "keras.layers":
        text = "contract" + (", " + text if text else "")
    return text


# ---- the page ----------------------------------------------------------------------------------


def reason(module, name):
    full = f"{module}.{name}"
    return next(text for pattern, text in REASONS if re.fullmatch(pattern, full))


def limits(name, arguments, options):
    """What does not go as far as in Keras."""
    notes = []
    for argument in arguments:
        support = "ignored" if argument in HINTS else options.get(argument)
        instead = INSTEAD.get((name, argument))
        instead = f" ({instead})" if instead else ""
        if support is None:
            notes.append(f"no `{argument}`" + instead)
        elif support.startswith("only"):
            notes.append(f"`{argument}` {support}" + instead)
        elif support == "ignored":
            notes.append(f"`{argument}` ignored")
    return ", ".join(notes)


def family_rows(module, public, known, words):
    for name, arguments in public.items():
        if name not in known:
            form, text = "no", reason(module, name)
            if text.startswith("in another form: "):
                form, text = text.split(": ", 1)
            yield False, f"| {name} | {form} | {text} | |"
            continue
        has_options = name != "InputLayer" and module not in ("keras.callbacks", "keras.initializers",
                                     "keras.activations")
        text = limits(name, arguments, known[name]) if has_options else ""
        yield True, f"| {name} | yes | {text} | {tests_of(name, module, words)} |"


def page(command):
    public = json.loads(PUBLIC.read_text(encoding="ascii"))
    known = {**engram_names(command), "keras.callbacks": callbacks()}
    words = golden_words()
    out = [
        "# Compatibility with Keras",
        "",
        f"Every public name of Keras {public['keras']} of these families, and whether engram has it.",
        "Made by `tools/keras_compatibility.py` out of engram's own tables; a test fails when this",
        "page is not up to date. Options that are not named work as in Keras; another value than an",
        "`only` is refused by name, as is what has a `no`. Tests: the golden data of real Keras that",
        "name it, and `contract` for what holds for every layer: gradients, shapes, threads, files.",
        "",
    ]
    for module, title in FAMILIES.items():
        rows = list(family_rows(module, public["modules"][module], known.get(module, {}), words))
        count = sum(is_known for is_known, _ in rows)
        out += [f"## {title}: {count} of {len(rows)}", "", "| Keras | here | limits, or why not | tests |",
                "|---|---|---|---|", *(row for _, row in rows), ""]
    return "\n".join(out + beyond(known))


def beyond(known):
    """The options of layers that Keras does not have."""
    out = ["## Beyond Keras", "",
           "Options of layers that Keras does not have. At their defaults files are Keras's; with other",
           "values files hold them too, engram reads them, and Keras refuses them by name. Sequences of",
           "different lengths (`pack_sequences`) are no part of a model or its file.", "",
           "| layer | options |", "|---|---|"]
    for name, options in sorted(known["keras.layers"].items()):
        extras = [f"`{option}`" for option, support in options.items() if support == "extra"]
        if extras:
            out.append(f"| {name} | {', '.join(extras)} |")
    return out + [""]


def without_tests(text):
    """The page without its last column, which changes with every golden file."""
    return [line.split("|")[:4] for line in text.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engram", help="the command")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--introspect", action="store_true")
    options = parser.parse_args()
    if options.introspect:
        introspect()
        return
    text = page(options.engram)
    if not options.check:
        PAGE.write_text(text, encoding="utf-8")
        print(f"{PAGE}: {len(text.splitlines())} lines")
    elif without_tests(PAGE.read_text(encoding="utf-8")) != without_tests(text):
        sys.exit(f"{PAGE} is not up to date: run tools/keras_compatibility.py --engram COMMAND")


if __name__ == "__main__":
    main()

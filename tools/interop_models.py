# SPDX-License-Identifier: Apache-2.0
"""Random models, data and recipes for interop.py, as plain data that a seed decides."""

import json
import random

import keras
import numpy as np


def initializers(rng):
    kernel = ["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform",
              "lecun_normal", "random_uniform", "random_normal", "truncated_normal"]
    return {
        "kernel_initializer": rng.choice(kernel),
        "bias_initializer": rng.choice(["zeros", "zeros", "ones", "random_normal"]),
    }


def recurrent_layer(rng, sequences, dropout):
    kind = rng.choice(["SimpleRNN", "LSTM", "GRU"])
    options = {
        "units": rng.choice([1, 2, 3, 5, 7, 8, 16, 17, 33]),
        "activation": rng.choice(["tanh"] * 4 + ["relu", "sigmoid", "hard_sigmoid", "linear"]),
        "use_bias": rng.random() < 0.85,
        "go_backwards": rng.random() < 0.25,
        "return_sequences": sequences,
        "recurrent_initializer": rng.choice(["orthogonal", "orthogonal", "glorot_uniform"]),
        **initializers(rng),
    }
    if kind != "SimpleRNN":
        options["recurrent_activation"] = rng.choice(["sigmoid", "sigmoid", "hard_sigmoid"])
    if kind == "LSTM":
        options["unit_forget_bias"] = rng.random() < 0.7
    if kind == "GRU":
        options["reset_after"] = rng.random() < 0.6
    if dropout:
        options["dropout"] = rng.choice([0.0, 0.2])
        options["recurrent_dropout"] = rng.choice([0.0, 0.3])
    return kind, options


def rnn_layer(rng, sequences, dropout):
    """An RNN of one cell, or of several that make a stack."""
    kinds = [recurrent_layer(rng, False, dropout) for _ in range(rng.choice([1, 1, 2, 3]))]
    cells = []
    for kind, options in kinds:
        of_layers = ("go_backwards", "return_sequences")
        cells.append((f"{kind}Cell", {k: v for k, v in options.items() if k not in of_layers}))
    return "RNN", {"cells": cells, "return_sequences": sequences,
                   "go_backwards": rng.random() < 0.25}


def nest(rng, layers):
    """Makes a model of some neighbours among the layers, now and then one more inside that."""
    first = rng.randrange(len(layers))
    last = rng.randint(first + 1, len(layers))
    inner = layers[first:last]
    if rng.random() < 0.3:
        inner = nest(rng, inner)
    kind = rng.choice(["Sequential", "Functional"])
    return [*layers[:first], (kind, {"layers": inner}), *layers[last:]]


def sequence_layer(rng, steps, features):
    """A layer on sequences of known length, and the (steps, features) that it leaves."""
    kernel = rng.randint(1, min(3, steps))
    stride = rng.choice([1, 1, 2])
    groups = rng.choice([g for g in (1, 2, 3) if features % g == 0])
    filters = groups * rng.randint(1, 5)
    same = -(-steps // stride)
    valid = (steps - kernel) // stride + 1
    padding = rng.choice(["same", "causal"])
    pool = {"pool_size": kernel, "strides": rng.choice([None, stride])}
    pooled = (steps - kernel) // (pool["strides"] or kernel) + 1
    before, after = rng.randint(0, 2), rng.randint(0, 2)
    cut = rng.randint(0, (steps - 1) // 2)
    conv = {"filters": filters, "kernel_size": kernel, "groups": groups,
            "activation": rng.choice(["linear", "relu", "tanh"]), "use_bias": rng.random() < 0.8,
            **initializers(rng)}
    dense = {"activation": rng.choice(["linear", "tanh", "softmax"]), **initializers(rng)}
    bias = rng.random() < 0.8
    pieces = min(max(kernel, 2), steps)  # of one piece Keras's TensorFlow takes more steps than there are
    # As in golden/einsum_dense.py.
    steps_bias = ["b"] if steps != filters else []
    return rng.choice([
        (("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (steps, filters),
                          "bias_axes": rng.choice(["d", "bd", *steps_bias]) if bias else None, **dense}),
         steps, filters),
        (("EinsumDense", {"equation": "abc,bd->adc", "output_shape": (filters, features),
                          "bias_axes": "d" if bias and filters != features else None, **dense}),
         filters, features),
        (("EinsumDense", {"equation": "abc,cbd->abd", "output_shape": (steps, filters),
                          "bias_axes": "bd" if bias else None, **dense}), steps, filters),
        (("EinsumDense", {"equation": "...c,dc->...d", "output_shape": filters,
                          "bias_axes": "d" if bias else None, **dense}), steps, filters),
        (("Conv1D", {**conv, "padding": padding, "strides": stride}), same, filters),
        (("Conv1D", {**conv, "padding": padding, "dilation_rate": 2}), steps, filters),
        (("Conv1D", {**conv, "strides": stride}), valid, filters),
        (("MaxPooling1D", pool), pooled, features),
        (("AveragePooling1D", pool), pooled, features),
        (("AveragePooling1D", {"pool_size": kernel, "strides": stride, "padding": "same"}), same,
         features),
        (("DepthwiseConv1D", {"kernel_size": kernel, "padding": "same", "strides": stride,
                              "depth_multiplier": 2}), same, 2 * features),
        (("SeparableConv1D", {"filters": filters, "kernel_size": kernel, "strides": stride,
                              "use_bias": rng.random() < 0.8}), valid, filters),
        (("Conv1DTranspose", {"filters": filters, "kernel_size": kernel, "strides": stride,
                              "padding": "same", "activation": "tanh"}), steps * stride, filters),
        *([(("AdaptiveAveragePooling1D", {"output_size": pieces}), pieces, features)] if steps > 1 else []),
        (("ZeroPadding1D", {"padding": (before, after)}), steps + before + after, features),
        (("Cropping1D", {"cropping": (cut, cut)}), steps - 2 * cut, features),
        (("UpSampling1D", {"size": 2}), 2 * steps, features),
        (("Permute", {"dims": (2, 1)}), features, steps),
        (("Reshape", {"target_shape": (-1, steps)}), features, steps),
        (("Activation", {"activation": rng.choice(["tanh", "relu", "softmax"])}), steps, features),
        (("ReLU", {"negative_slope": rng.choice([0.0, 0.1])}), steps, features),
        (("LeakyReLU", {}), steps, features),
        (("ELU", {"alpha": 0.5}), steps, features),
        (("PReLU", {"shared_axes": rng.choice([None, [1], [1, 2]])}), steps, features),
        (("Softmax", {}), steps, features),
        (("LayerNormalization", {"scale": rng.random() < 0.8}), steps, features),
        (("BatchNormalization", {"momentum": 0.9, "center": rng.random() < 0.8}), steps, features),
        (("UnitNormalization", {}), steps, features),
        (("RMSNormalization", {}), steps, features),
        (("GroupNormalization", {"groups": rng.choice([1, -1])}), steps, features),
        (("ActivityRegularization", {"l1": 0.01, "l2": rng.choice([0.0, 0.02])}), steps, features),
        (("Identity", {}), steps, features),
        (("Rescaling", {"scale": 0.5, "offset": 0.25}), steps, features),
        (("Normalization", {}), steps, features),
        (("SpatialDropout1D", {"rate": 0.0}), steps, features),
        (("GaussianNoise", {"stddev": 0.0}), steps, features),
        (("GaussianDropout", {"rate": 0.0}), steps, features),
        (("AlphaDropout", {"rate": 0.0}), steps, features),
    ])


def end_of_sequence(rng):
    """Layers that make one vector of a sequence."""
    return rng.choice([
        [("GlobalMaxPooling1D", {})],
        [("GlobalAveragePooling1D", {})],
        [("Flatten", {})],
        [("GlobalMaxPooling1D", {}), ("RepeatVector", {"n": 3}),
         ("GRU", {"units": 3})],
    ])


def head_and_loss(rng):
    """(Dense options, loss class, loss options, kind of target)"""
    classes = rng.randint(2, 6)
    return rng.choice(
        [
            ({"units": rng.randint(1, 4)}, "MeanSquaredError", {}, "values"),
            ({"units": 1, "activation": "tanh"}, "MeanSquaredError", {}, "values"),
            ({"units": rng.randint(1, 3)}, "MeanAbsoluteError", {}, "values"),
            ({"units": classes, "activation": "softmax"}, "SparseCategoricalCrossentropy", {},
             "ids"),
            ({"units": classes}, "SparseCategoricalCrossentropy", {"from_logits": True}, "ids"),
            ({"units": classes, "activation": "softmax"}, "CategoricalCrossentropy", {},
             "one_hot"),
            ({"units": classes}, "CategoricalCrossentropy", {"from_logits": True}, "one_hot"),
            ({"units": rng.choice([1, 3]), "activation": "sigmoid"}, "BinaryCrossentropy", {},
             "binary"),
            ({"units": 1}, "BinaryCrossentropy", {"from_logits": True}, "binary"),
        ]
    )


def optimizer(rng):
    clip = rng.choice([{}, {}, {"clipnorm": 0.1}, {"global_clipnorm": 0.2}, {"clipvalue": 0.02}])
    rate = rng.choice([0.001, 0.003, 0.01])
    kind = rng.choice(["Adam", "Adam", "SGD", "RMSprop"])
    if kind == "Adam":
        more = rng.choice([{}, {}, {"beta_1": 0.8, "beta_2": 0.99}, {"epsilon": 1e-4}])
    elif kind == "SGD":
        more = rng.choice([{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
    else:
        more = {"momentum": rng.choice([0.0, 0.9]), "centered": rng.random() < 0.5,
                "rho": rng.choice([0.9, 0.8])}
    return kind, {"learning_rate": rate, **more, **clip}


def metrics(rng, target):
    if target == "values":
        return rng.choice([None, ["mae"], ["mse", "root_mean_squared_error"]])
    return rng.choice([None, ["accuracy"]])


def lookup(rng, words):
    """Sometimes a layer that gives other ids below `words` for such ids."""
    if words and rng.random() < 0.25:
        known = rng.sample(range(words), words - 1)
        return [("IntegerLookup", {"vocabulary": known})]
    if words and rng.random() < 0.25:
        bins = sorted(rng.randint(-64, 64 * words) / 64 for _ in range(rng.randint(1, words - 1)))
        return [("Discretization", {"bin_boundaries": bins})]
    if words and rng.random() < 0.25:
        return [("Hashing", {"num_bins": words, "salt": rng.choice([None, [3, 7]]),
                             "mask_value": rng.choice([None, 0])})]
    return []


def random_spec(seed):
    rng = random.Random(seed)
    dropout = rng.random() < 0.25
    words = rng.choice([0, 0, rng.randint(3, 30)])
    depth = rng.choice([1, 1, 2, 2, 3])
    last_sequences = rng.random() < 0.2
    layers = []
    steps, features = rng.randint(1, 12), rng.randint(1, 8)
    width = rng.randint(1, 7) if words else features
    if words:
        layers.append(("Embedding", {"input_dim": words, "output_dim": width}))
    length = steps
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        front, length, width = sequence_layer(rng, length, width)
        # A bias that the mean takes away again has a gradient of roundings only.
        for _, options in layers if front[0].endswith("Normalization") else []:
            options.update({"use_bias": False} if "use_bias" in options else {})
            options.update({"bias_axes": None} if "bias_axes" in options else {})
        layers.append(front)
    pools = not last_sequences and rng.random() < 0.3
    last_sequences = last_sequences or pools
    for i in range(depth):
        make = rnn_layer if rng.random() < 0.25 else recurrent_layer
        layers.append(make(rng, i + 1 < depth or last_sequences, dropout))
        if dropout or rng.random() < 0.15:
            layers.append(("Dropout", {"rate": 0.2 if dropout else 0.0}))
    layers += end_of_sequence(rng) if pools else []
    stateful = rng.random() < 0.25
    for kind, options in layers if stateful else []:
        if kind in ("SimpleRNN", "LSTM", "GRU", "RNN"):
            options["stateful"] = rng.random() < 0.8
    dense, loss, loss_options, target = head_and_loss(rng)
    layers.append(("Dense", {**dense, **initializers(rng)}))
    layers = lookup(random.Random(seed + 1_000_000), words) + layers
    if rng.random() < 0.3:
        layers = nest(rng, layers)
    batch_size = rng.randint(2, 16)
    samples = batch_size * rng.randint(1, 4) if stateful else rng.randint(5, 40)
    return {
        "seed": seed, "words": words, "layers": layers, "dropout": dropout,
        "samples": samples, "stateful": stateful, "steps": steps,
        "features": features, "loss": (loss, loss_options),
        "loss_as_string": not loss_options and rng.random() < 0.5,
        "target": target, "optimizer": optimizer(rng), "metrics": metrics(rng, target),
        "batch_size": batch_size, "trained_before": rng.random() < 0.5,
        "wide_types": rng.random() < 0.2,
    }


def describe_layer(kind, options):
    if inner := options.get("layers", options.get("cells")):
        return f"{kind}({' '.join(describe_layer(*part) for part in inner)})"
    size = next((options[key] for key in ("units", "output_dim", "rate", "filters", "equation")
                 if key in options), "")
    return f"{kind}({size})"


def describe(spec):
    short = [describe_layer(*layer) for layer in spec["layers"]]
    loss, loss_options = spec["loss"]
    logits = " logits" if loss_options else ""
    stateful = " stateful" if spec["stateful"] else ""
    return f"{' '.join(short)}{stateful} | {spec['optimizer'][0]} | {loss}{logits}"


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


def make_layer(kind, options, shape):
    """The layer for an input of this shape, with the batch; nested models are told it if
    they are Functional or have an odd number of layers."""
    if kind == "RNN":
        cells = [getattr(keras.layers, name)(**of_cell) for name, of_cell in options["cells"]]
        rest = {key: value for key, value in options.items() if key != "cells"}
        return keras.layers.RNN(cells if len(cells) > 1 else cells[0], **rest)
    if kind not in ("Sequential", "Functional"):
        return getattr(keras.layers, kind)(**options)
    x = y = keras.layers.Input(batch_shape=shape)
    inner = []
    for part in options["layers"]:
        inner.append(make_layer(*part, y.shape))
        y = inner[-1](y)
    if kind == "Functional":
        return keras.Model(x, y)
    return keras.Sequential([x, *inner] if len(inner) % 2 else inner)


def make_model(spec):
    shape = (spec["steps"],) if spec["words"] else (spec["steps"], spec["features"])
    rows = spec["batch_size"] if spec["stateful"] else None
    model = keras.Sequential([keras.layers.Input(shape, batch_size=rows)])
    for kind, options in spec["layers"]:
        before = model.output_shape if model.layers else (rows, *shape)
        model.add(make_layer(kind, options, before))
    kind, options = spec["optimizer"]
    loss, loss_options = spec["loss"]
    made_loss = snake(loss) if spec["loss_as_string"] else getattr(keras.losses, loss)(
        **loss_options)
    model.compile(optimizer=getattr(keras.optimizers, kind)(**options), loss=made_loss,
                  metrics=spec["metrics"])
    return model


def make_data(spec, model):
    rng = np.random.default_rng(spec["seed"])
    rows = spec["samples"]
    if spec["words"]:
        x = rng.integers(0, spec["words"], (rows, spec["steps"])).astype("int32")
    else:
        x = rng.uniform(-1, 1, (rows, spec["steps"], spec["features"])).astype("float32")
    shape = (rows, *model.output_shape[1:])
    if spec["target"] == "values":
        y = rng.uniform(-1, 1, shape).astype("float32")
    elif spec["target"] == "binary":
        y = rng.integers(0, 2, shape).astype("float32")
    else:
        y = rng.integers(0, shape[-1], shape[:-1]).astype("int32")
        if spec["target"] == "one_hot":
            y = np.eye(shape[-1], dtype="float32")[y]
    if spec["wide_types"]:
        x, y = (a.astype("int64" if a.dtype == np.int32 else "float64") for a in (x, y))
    return x, y


# ---- recipes ---------------------------------------------------------------------------------


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return json.dumps(value)


def table(heading, values):
    return "\n".join([heading, *(f"{key} = {toml(value)}" for key, value in values.items()), ""])


def random_recipe(seed):
    """A recipe as plain data: random layers and optimizer on prices or on letters."""
    rng = random.Random(seed)
    encoding = rng.choice([None, "id", "one_hot"])
    layers = [("Embedding", {"input_dim": 5, "output_dim": 3})] if encoding == "id" else []
    depth = rng.randint(1, 3)
    layers += [recurrent_layer(rng, i + 1 < depth, True) for i in range(depth)]
    layers.append(("Dropout", {"rate": 0.25}))
    if encoding:
        data = {"letters": "abcde", "window": 3, "cycle": True, "encoding": encoding}
        layers.append(("Dense", {"units": 5, "activation": "softmax"}))
        loss = {"class": "SparseCategoricalCrossentropy", "from_logits": False}
    else:
        data = {"csv": "simulated", "column": "open", "window": 7, "test_rows": 60,
                "scaler": rng.choice(["minmax", "standard"])}
        layers.append(("Dense", {"units": 1}))
        loss = rng.choice(["mean_squared_error", "mean_absolute_error"])
    kind, options = optimizer(rng)
    return {"name": f"random-{seed}", "data": data, "layers": layers, "loss": loss,
            "optimizer": {"class": kind, **options}}


def recipe_text(recipe):
    compiled = {"optimizer": recipe["optimizer"], "loss": recipe["loss"]}
    fit_options = {"batch_size": 32, "epochs": 1, "validation": "none", "monitor": "loss"}
    return "\n".join(
        [
            f"name = {toml(recipe['name'])}\n",
            table("[data]", recipe["data"]),
            *(table("[[layers]]", {"class": k, **options}) for k, options in recipe["layers"]),
            table("[compile]", compiled),
            table("[fit]", fit_options),
        ]
    )

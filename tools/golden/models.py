# SPDX-License-Identifier: Apache-2.0
"""Keras models described by plain data and filled from the streams."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from golden.streams import SEED, integers, stream, weight_scale


@contextlib.contextmanager
def precision(dtype):
    keras.backend.clear_session()
    keras.utils.set_random_seed(SEED)
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx("float32")


def layer(class_name, **config):
    return {"class_name": class_name, "config": config}


def made(value):
    """A layer out of its description, those inside it too; other values as they are."""
    if isinstance(value, list):
        return [made(item) for item in value]
    if not (isinstance(value, dict) and "class_name" in value):
        return value
    config = {key: made(item) for key, item in value["config"].items()}
    name = value["class_name"]
    modules = (keras.layers, keras.regularizers, keras.constraints)
    return getattr(next(m for m in modules if hasattr(m, name)), name)(**config)


def add_features_first(model, spec, input_shape):
    """Adds a layer with data_format channels_first, which TensorFlow's CPU kernels do not take, as
    one with features last between two that turn its input and its result."""
    rank = len(model.output_shape if model.layers else input_shape)
    axes = next((n for n in (1, 2) if f"{n}D" in spec["class_name"]), rank - 2)
    before = list(range(1, rank))
    before.append(before.pop(len(before) - 1 - axes))
    model.add(keras.layers.Permute(before))
    model.add(made({**spec, "config": {**spec["config"], "data_format": "channels_last"}}))
    after = list(range(1, len(model.output_shape)))
    if len(after) > axes:
        after.insert(len(after) - 1 - axes, after.pop())
        model.add(keras.layers.Permute(after))


def build(layers, input_shape, words):
    """A Sequential with the stream's weights is built by fill() afterwards."""
    dtype = "int32" if words else keras.config.floatx()
    model = keras.Sequential([keras.layers.Input(input_shape[1:], dtype=dtype)])
    for spec in layers:
        if spec["config"].get("data_format") == "channels_first":
            add_features_first(model, spec, input_shape)
        else:
            model.add(made(spec))
    return model


def describe_weights(model):
    result = []
    for variable in model.weights:
        shape = list(variable.shape)
        weight = {"name": variable.name, "shape": shape, "scale": weight_scale(variable.name, shape)}
        if variable.name.endswith("variance"):
            weight.update(scale=0.5, offset=1.0)  # positive
        result.append(weight)
    return result


def fill(model, case_seed):
    model.set_weights(
        [
            stream(case_seed * 1000 + 2 + i, weight["shape"], weight["scale"])
            + np.float32(weight.get("offset", 0))
            for i, weight in enumerate(describe_weights(model))
        ]
    )
    for model_layer in model.layers:
        if hasattr(model_layer, "finalize_state"):
            model_layer.finalize_state()  # Normalization keeps copies of its weights


def make_x(case_seed, shape, words, index=0):
    seed = case_seed * 1000 + index
    return integers(seed, shape, words) if words else stream(seed, shape)


def sum_repeated_rows(optimizer):
    """Hands the optimizer dense gradients, as Keras does on JAX and PyTorch.

    On TensorFlow an Embedding's gradient keeps one slice for each occurrence of a word, and Keras 3
    squares (Adam, RMSprop) and clips the slices one by one instead of their sum.
    """
    apply_gradients = optimizer.apply_gradients
    optimizer.apply_gradients = lambda pairs: apply_gradients(
        [(tf.convert_to_tensor(gradient), variable) for gradient, variable in pairs]
    )
    return optimizer

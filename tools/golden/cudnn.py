# SPDX-License-Identifier: Apache-2.0
"""keras/cudnn.keras: a file as tf.keras 2 left it of CuDNNLSTM and CuDNNGRU, and what Keras's LSTM
and GRU of the same weights predict. TensorFlow's own reader of such weights turns them around."""

import io
import json
import zipfile

import h5py
import keras
import numpy as np

from golden.keras_files import members, write_zip
from golden.models import fill, precision
from golden.streams import header, numbers, stream

CUDNN = {"LSTM": ("CuDNNLSTM", "cu_dnnlstm"), "GRU": ("CuDNNGRU", "cu_dnngru")}
NOT_OF_CUDNN = ("activation", "recurrent_activation", "use_bias", "dropout", "recurrent_dropout",
                "seed", "reset_after", "unroll", "zero_output_for_mask")


def cudnn_weights(class_name, weights):
    """By TensorFlow's copy of Keras 2, from the layer of this class to cuDNN's."""
    from tensorflow.python.keras.saving.hdf5_format import _convert_rnn_weights

    target = type(CUDNN[class_name][0], (), {})()
    return [np.asarray(w, "float32") for w in _convert_rnn_weights(target, weights)]


def cudnn_config(layer):
    """The layer's object as CuDNNLSTM.get_config and CuDNNGRU.get_config have it."""
    config = dict(layer["config"])
    for key in ("layer", "backward_layer"):
        if config.get(key):
            config[key] = cudnn_config(config[key])
    if layer["class_name"] not in CUDNN or config["name"] == "plain":
        return dict(layer, config=config)
    config = {k: v for k, v in config.items() if k not in NOT_OF_CUDNN}
    config["time_major"] = False
    return dict(layer, class_name=CUDNN[layer["class_name"]][0], config=config)


def write_layer(file, group, layer):
    """The arrays of a layer: those of a cuDNN layer are its own, those of others in its cell."""
    weights, kind = layer.get_weights(), type(layer).__name__
    if kind in CUDNN and layer.name == "plain":
        group += "/cell"
    elif kind in CUDNN:
        weights = cudnn_weights(kind, weights)
    for i, weight in enumerate(weights):
        file.create_dataset(f"{group}/vars/{i}", data=weight)


def cudnn_file(model, path):
    """Groups count the classes, as in Keras 2."""
    model.save(path)
    parts = members(path)
    config = json.loads(parts["config.json"])
    config["config"]["layers"] = [cudnn_config(layer) for layer in config["config"]["layers"]]
    image, counts = io.BytesIO(), {}
    with h5py.File(image, "w") as file:
        for layer in model.layers:
            kind = type(layer).__name__
            name = CUDNN[kind][1] if kind in CUDNN and layer.name != "plain" else kind.lower()
            counts[name] = counts.get(name, -1) + 1
            group = f"layers/{name}_{counts[name]}" if counts[name] else f"layers/{name}"
            if kind == "Bidirectional":
                write_layer(file, group + "/forward_layer", layer.forward_layer)
                write_layer(file, group + "/backward_layer", layer.backward_layer)
            else:
                write_layer(file, group, layer)
    parts["config.json"] = json.dumps(config).encode()
    parts["model.weights.h5"] = image.getvalue()
    write_zip(path, parts, zipfile.ZIP_STORED)


def make_cudnn(folder):
    with precision("float32"):
        layers = keras.layers
        both = layers.Bidirectional(layers.LSTM(2, return_sequences=True))
        model = keras.Sequential([
            keras.Input((5, 3)), layers.LSTM(4, return_sequences=True),
            layers.LSTM(3, return_sequences=True, name="plain"), both,
            layers.GRU(3, return_sequences=True), layers.LSTM(2, go_backwards=True),
            layers.Dense(1)])
        fill(model, 2301)
        x = stream(2301 * 1000, (6, 5, 3))
        predicted = model.predict(x, verbose=0)
        path = folder / "keras" / "cudnn.keras"
        cudnn_file(model, path)
    expected = {
        "name": "cudnn", "file": path.name,
        "x": {"shape": list(x.shape), "values": numbers(x)},
        "weights": [{"name": v.name, "shape": list(v.shape), "values": numbers(v)}
                    for v in model.weights],
        "predict": {"shape": list(predicted.shape), "values": numbers(predicted)},
    }
    text = json.dumps(header())[:-1] + ", " + json.dumps(expected)[1:] + "\n"
    path.with_suffix(".json").write_text(text, encoding="ascii")
    print(f"{path}: {path.stat().st_size} + {len(text)} bytes")

# SPDX-License-Identifier: Apache-2.0
"""keras/*.keras: small files written by Keras, and what they hold and do next."""

import io
import json
import zipfile

import h5py
import keras
import numpy as np

from golden.models import build, fill, layer, precision, sum_repeated_rows
from golden.parts import COSINE
from golden.streams import header, number, numbers
from golden.training import (
    ADAM,
    SPARSE,
    case_data,
    classes,
    dense,
    letters_model,
    make_optimizer,
    recurrent,
    stack,
    thing,
    values,
)


def file_cases():
    small = {"input_shape": (6, 5, 2), "y": values(6, 1), "loss": "mean_squared_error"}
    for name, class_name, options in (
        ("simple_rnn", "SimpleRNN", {}),
        ("lstm", "LSTM", {}),
        ("gru", "GRU", {}),
        ("gru_before", "GRU", {"reset_after": False}),
    ):
        layers = [recurrent(class_name, 3, **options), layer("Dropout", rate=0.0), dense(1)]
        yield dict(small, name=name, layers=layers, optimizer=ADAM, metrics=["mae"])
    yield {"name": "embedding", "layers": letters_model(5, 3), "input_shape": (6, 4), "words": 5,
           "y": classes(5, 6), "loss": thing(SPARSE, from_logits=False), "optimizer": ADAM,
           "metrics": ["sparse_categorical_accuracy"]}
    yield dict(small, name="stack_rmsprop", layers=stack("GRU", 2, 3, dense(1)),
               optimizer=thing("RMSprop", learning_rate=0.003, momentum=0.5, centered=True,
                               clipnorm=1.0))
    yield dict(small, name="sgd_nesterov", layers=[recurrent("LSTM", 3, go_backwards=True),
                                                   dense(1)],
               optimizer=thing("SGD", learning_rate=0.05, momentum=0.9, nesterov=True))
    yield dict(small, name="deflated", layers=[recurrent("LSTM", 3), dense(1)], optimizer=ADAM)
    yield dict(small, name="minimal", layers=[recurrent("GRU", 3), dense(1)], optimizer=ADAM)
    yield dict(small, name="nadam", layers=[recurrent("GRU", 3), dense(1)],
               optimizer=thing("Nadam", learning_rate=0.01))
    yield dict(small, name="adafactor", layers=[recurrent("GRU", 3), dense(1)],
               optimizer=thing("Adafactor", learning_rate=0.05))
    yield dict(small, name="muon_ema_accumulate", layers=[recurrent("GRU", 3), dense(1)],
               optimizer=thing("Muon", learning_rate=COSINE, use_ema=True, ema_momentum=0.8,
                               gradient_accumulation_steps=2))


def wrapper_file_cases():
    small = {"input_shape": (6, 5, 2), "y": values(6, 1), "loss": "mean_squared_error"}
    both = layer("Bidirectional", layer=recurrent("LSTM", 3, return_sequences=True))
    last = layer("Bidirectional", layer=recurrent("GRU", 2), merge_mode="sum",
                 backward_layer=recurrent("SimpleRNN", 2, go_backwards=True))
    yield dict(small, name="bidirectional", layers=[both, last, dense(1)], optimizer=ADAM)
    steps = layer("TimeDistributed", layer=dense(3, activation="relu"))
    yield dict(small, name="time_distributed", layers=[steps, recurrent("LSTM", 2), dense(1)],
               optimizer=ADAM)
    yield dict(small, name="loss_scale", layers=[recurrent("LSTM", 2), dense(1)],
               optimizer=thing("LossScaleOptimizer", inner_optimizer=thing("Adam", amsgrad=True),
                               initial_scale=1024.0, dynamic_growth_steps=3))
    yield dict(small, name="muon_exclude", layers=[recurrent("GRU", 3), dense(2), dense(1)],
               optimizer=thing("Muon", learning_rate=0.01,
                               exclude_layers=["dense/k", "gru.*/recu?r+ent_kernel$"]))


def graph(input_shape):
    """A Functional model: the last state beside the mean of the sequence."""
    x = keras.Input(input_shape[1:])
    sequence, h, _ = keras.layers.LSTM(3, return_sequences=True, return_state=True)(x)
    mean = keras.layers.GlobalAveragePooling1D()(sequence)
    joined = keras.layers.Concatenate()([h, mean])
    return keras.Model(x, keras.layers.Dense(1)(joined))


def version_file_cases():
    """Of whatever Keras 3 runs this: layouts differ between releases. What the model does next is
    recorded of the model itself: Keras 3.0 cannot read its own Bidirectional."""
    small = {"input_shape": (6, 5, 2), "y": values(6, 1), "loss": "mean_squared_error",
             "is_release": True}
    release = "_".join(keras.__version__.split(".")[:2])
    both = layer("Bidirectional", layer=recurrent("LSTM", 2, return_sequences=True))
    yield dict(small, name=f"release_{release}_sequential", optimizer=ADAM,
               layers=[layer("Masking"), both, recurrent("GRU", 2, reset_after=False), dense(1)])
    yield dict(small, name=f"release_{release}_functional", optimizer=ADAM, graph=graph)


def file_model(case):
    if "graph" in case:
        model = case["graph"](case["input_shape"])
    else:
        model = build(case["layers"], case["input_shape"], case.get("words", 0))
    loss, optimizer = case["loss"], case["optimizer"]
    if isinstance(loss, dict):
        loss = getattr(keras.losses, loss["class_name"])(**loss["config"])
    model.compile(optimizer=sum_repeated_rows(make_optimizer(optimizer)), loss=loss, metrics=case.get("metrics"))
    fill(model, case["seed"])
    return model


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def write_zip(path, parts, method):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)


def bare_weights(data):
    """The same h5 without attributes, with groups that nobody knows."""
    image = io.BytesIO()
    with h5py.File(io.BytesIO(data), "r") as old, h5py.File(image, "w") as new:

        def copy(name, item):
            if isinstance(item, h5py.Dataset):
                new.create_dataset(name, data=item[()])

        old.visititems(copy)
        new.create_dataset("metrics/mean/vars/0", data=np.float32(1.0))
        new.create_group("unknown/vars")
    return image.getvalue()


def minimal_layer(config):
    """The options that differ from nothing: names and sizes, initializers as plain words."""
    kept = {k: v for k, v in config["config"].items() if k in ("batch_shape", "units", "name")}
    if "kernel_initializer" in config["config"]:
        kept["kernel_initializer"] = "glorot_uniform"
    return {"class_name": config["class_name"], "config": kept}


def minimal_parts(parts):
    full = json.loads(parts["config.json"])
    config = {"name": "minimal", "layers": [minimal_layer(x) for x in full["config"]["layers"]]}
    short = {"module": "keras", "class_name": "Sequential", "config": config,
             "compile_config": {"optimizer": "adam", "loss": "mse"}}
    return {"config.json": json.dumps(short).encode(),
            "model.weights.h5": bare_weights(parts["model.weights.h5"])}


def save_variant(model, path, name):
    model.save(path)
    if name == "deflated":
        write_zip(path, members(path), zipfile.ZIP_DEFLATED)
    if name == "minimal":
        write_zip(path, minimal_parts(members(path)), zipfile.ZIP_STORED)


def variables(model, which):
    return [{"name": v.name, "shape": list(v.shape), "values": numbers(v)} for v in which]


def file_case(folder, seed, case):
    """Trains two epochs, saves, and records predictions and one more step of the LOADED model."""
    with precision("float32"):
        case["seed"] = seed
        model = file_model(case)
        x, y = case_data(case, "float32")
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        path = folder / f"{case['name']}.keras"
        save_variant(model, path, case["name"])
        loaded = model if case.get("is_release") else keras.saving.load_model(path)
        weights = variables(loaded, loaded.weights)
        state = variables(loaded, loaded.optimizer.variables)
        predicted = loaded.predict(x, verbose=0)
        sum_repeated_rows(loaded.optimizer)
        loaded.reset_metrics()
        result = loaded.train_on_batch(x, y, return_dict=True)
    counting = getattr(loaded.optimizer, "inner_optimizer", loaded.optimizer)
    if hasattr(counting, "_iterations"):
        assert counting._iterations == 5  # batches, not updates
    expected = {
        "name": case["name"], "file": path.name,
        "x": {"shape": list(x.shape), "values": numbers(x)},
        "y": {"shape": list(y.shape), "values": numbers(y)},
        "weights": weights, "optimizer_variables": state,
        "predict": {"shape": list(predicted.shape), "values": numbers(predicted)},
        "train_on_batch": {key: number(value) for key, value in result.items()},
        "weights_after": variables(loaded, loaded.weights),
        "optimizer_variables_after": variables(loaded, loaded.optimizer.variables),
    }
    text = json.dumps(header())[:-1] + ", " + json.dumps(expected)[1:] + "\n"
    path.with_suffix(".json").write_text(text, encoding="ascii")
    print(f"{path}: {path.stat().st_size} + {len(text)} bytes")


def make_release(folder):
    """The files of the Keras that is installed: pip install --target DIR 'keras==3.N.*' of each
    release, and PYTHONPATH=DIR before this."""
    for seed, case in enumerate(version_file_cases(), 2201):
        file_case(folder / "keras", seed, case)


def make_keras(folder):
    folder = folder / "keras"
    folder.mkdir(exist_ok=True)
    for start, cases in ((2001, file_cases()), (2101, wrapper_file_cases())):
        for seed, case in enumerate(cases, start):
            file_case(folder, seed, case)

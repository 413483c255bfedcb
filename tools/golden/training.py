# SPDX-License-Identifier: Apache-2.0
"""training.json: one step and three epochs of fit for models, losses and optimizers."""

import itertools

import keras
import numpy as np
import tensorflow as tf

from golden.models import (
    build,
    describe_weights,
    fill,
    layer,
    make_x,
    precision,
    sum_repeated_rows,
)
from golden.streams import (
    DOT_INDEX,
    WEIGHT,
    WEIGHT_VALIDATION,
    X_VALIDATION,
    Y_VALIDATION,
    header,
    integers,
    number,
    rounded,
    stored,
    stream,
    write_json,
)


def recurrent(class_name, units, **options):
    return layer(class_name, units=units, **options)


def stack(class_name, first, second, *head, **options):
    return [
        recurrent(class_name, first, return_sequences=True, **options),
        recurrent(class_name, second, **options),
        *head,
    ]


def dense(units, **options):
    return layer("Dense", units=units, **options)


def letters_model(words, units):
    return [
        layer("Embedding", input_dim=words, output_dim=3),
        recurrent("SimpleRNN", units),
        dense(words, activation="softmax"),
    ]


def thing(class_name, **config):
    return {"class_name": class_name, "config": config}


SPARSE, CATEGORICAL = "SparseCategoricalCrossentropy", "CategoricalCrossentropy"
BINARY, MSE, MAE = "BinaryCrossentropy", "MeanSquaredError", "MeanAbsoluteError"
ADAM = thing("Adam", learning_rate=0.01)
FAST = thing("Adam", learning_rate=0.1)


def training(name, layers, input_shape, loss, optimizer, batch, y, **more):
    return {"name": name, "layers": layers, "input_shape": list(input_shape), "loss": loss,
            "optimizer": optimizer, "batch_size": batch, "y": y, **more}


def values(*shape):
    return {"kind": "values", "shape": list(shape)}


def classes(count, *shape):
    return {"kind": "classes", "classes": count, "shape": list(shape)}


def one_hot(count, *shape):
    return {"kind": "one_hot", "classes": count, "shape": list(shape)}


def binary(*shape):
    return {"kind": "binary", "shape": list(shape)}


def stacked_cases():
    regression = {"metrics": ["mae", "root_mean_squared_error"]}
    for name, class_name, options in (
        ("rnn", "SimpleRNN", {}),
        ("lstm", "LSTM", {}),
        ("gru", "GRU", {}),
        ("gru_before", "GRU", {"reset_after": False}),
    ):
        yield training(f"{name}_stack_adam_mse", stack(class_name, 7, 5, dense(1), **options),
                       (23, 9, 3), thing(MSE), ADAM, 8, values(23, 1),
                       validation=11, **regression)
        yield training(f"{name}_stack_rmsprop_mae", stack(class_name, 3, 17, dense(3), **options),
                       (10, 12, 1), thing(MAE), thing("RMSprop", learning_rate=0.003), 4,
                       values(10, 3), metrics=["mse"])


def classification_cases():
    accuracy = {"metrics": ["accuracy"]}
    yield training("letters_sparse", letters_model(11, 7), (22, 4), thing(SPARSE), FAST, 32,
                   classes(11, 22), words=11, metrics=["sparse_categorical_accuracy"])
    yield training("letters_sparse_batches", letters_model(26, 10), (65, 4), thing(SPARSE), FAST,
                   32, classes(26, 65, 1), words=26, validation=9, **accuracy)
    yield training("letters_rmsprop", letters_model(7, 5), (13, 4), thing(SPARSE),
                   thing("RMSprop", learning_rate=0.01, global_clipnorm=0.5), 8, classes(7, 13),
                   words=7, **accuracy)
    yield training("letters_tensorflow_slices", letters_model(11, 7), (22, 4), thing(SPARSE), FAST,
                   32, classes(11, 22), words=11, tensorflow_slices=True, note="Keras on "
                   "TensorFlow as it is: Adam's v sums the squares of every occurrence of a word")
    yield training("lstm_sparse_logits", [recurrent("LSTM", 7), dense(5)], (13, 6, 3),
                   thing(SPARSE, from_logits=True), ADAM, 5, classes(5, 13), **accuracy)
    yield training("gru_categorical", [recurrent("GRU", 7), dense(4, activation="softmax")],
                   (13, 6, 3), thing(CATEGORICAL), ADAM, 5, one_hot(4, 13), **accuracy)
    yield training("rnn_categorical_logits", [recurrent("SimpleRNN", 7), dense(4)], (13, 6, 3),
                   thing(CATEGORICAL, from_logits=True), ADAM, 5, one_hot(4, 13), **accuracy)
    yield training("categorical_bare_probabilities",
                   [recurrent("SimpleRNN", 5, activation="hard_sigmoid")], (13, 6, 3),
                   thing(CATEGORICAL), ADAM, 5, one_hot(5, 13), **accuracy)
    yield training("sparse_bare_probabilities",
                   [recurrent("SimpleRNN", 5, activation="sigmoid")], (13, 6, 3),
                   thing(SPARSE), ADAM, 5, classes(5, 13), **accuracy)
    yield training("lstm_binary", [recurrent("LSTM", 5), dense(1, activation="sigmoid")],
                   (17, 5, 1), thing(BINARY), ADAM, 8, binary(17, 1), **accuracy)
    yield training("gru_binary_logits", [recurrent("GRU", 5), dense(3)], (17, 5, 1),
                   thing(BINARY, from_logits=True), ADAM, 8, binary(17, 3),
                   metrics=["binary_accuracy"])
    yield training("tagging_sparse", [recurrent("LSTM", 5, return_sequences=True),
                                      dense(4, activation="softmax")], (7, 5, 2), thing(SPARSE),
                   ADAM, 3, classes(4, 7, 5), **accuracy)
    yield training("sequence_mse", [recurrent("GRU", 5, return_sequences=True), dense(2)],
                   (7, 5, 2), thing(MSE), ADAM, 3, values(7, 5, 2),
                   metrics=["mse", "mae", "root_mean_squared_error"])
    yield training("sigmoid_into_categorical",
                   [recurrent("SimpleRNN", 3), dense(4, activation="sigmoid")], (9, 3, 2),
                   thing(CATEGORICAL), ADAM, 4, one_hot(4, 9), note="Keras takes the sigmoid's "
                   "inputs for the softmax's logits", **accuracy)


OPTIMIZERS = {
    "adam_options": thing("Adam", learning_rate=0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4),
    "adam_clipnorm": thing("Adam", learning_rate=0.01, clipnorm=0.05),
    "adam_global_clipnorm": thing("Adam", learning_rate=0.01, global_clipnorm=0.1),
    "adam_clipvalue": thing("Adam", learning_rate=0.01, clipvalue=0.01),
    "sgd": thing("SGD", learning_rate=0.1),
    "sgd_momentum": thing("SGD", learning_rate=0.05, momentum=0.9),
    "sgd_nesterov": thing("SGD", learning_rate=0.05, momentum=0.9, nesterov=True),
    "sgd_clipnorm": thing("SGD", learning_rate=0.5, clipnorm=0.05),
    "sgd_global_clipnorm": thing("SGD", learning_rate=0.5, momentum=0.5, global_clipnorm=0.1),
    "sgd_clipvalue": thing("SGD", learning_rate=0.5, clipvalue=0.01),
    "rmsprop": thing("RMSprop", learning_rate=0.01, rho=0.8, epsilon=1e-5),
    "rmsprop_momentum": thing("RMSprop", learning_rate=0.003, momentum=0.9),
    "rmsprop_centered": thing("RMSprop", learning_rate=0.003, centered=True),
    "rmsprop_all": thing("RMSprop", learning_rate=0.003, momentum=0.5, centered=True,
                         global_clipnorm=0.2),
}


def optimizer_cases():
    cells = itertools.cycle(("LSTM", "GRU", "SimpleRNN"))
    for name, optimizer in OPTIMIZERS.items():
        yield training(name, [recurrent(next(cells), 7), dense(1)], (11, 6, 2), thing(MSE),
                       optimizer, 4, values(11, 1))


def make_y(seed, y, rows=None):
    shape = [rows, *y["shape"][1:]] if rows else y["shape"]
    if y["kind"] == "values":
        return stream(seed, shape)
    if y["kind"] == "binary":
        return integers(seed, shape, 2).astype(np.float32)
    ids = integers(seed, shape, y["classes"])
    return np.eye(y["classes"], dtype=np.float32)[ids] if y["kind"] == "one_hot" else ids


def weight_options(case, index, rows):
    """sample_weight or class_weight for fit; weights are the sizes of a stream's values."""
    if "class_weight" in case:
        return {"class_weight": {int(k): v for k, v in case["class_weight"].items()}}
    if "sample_weight" not in case:
        return {}
    shape = [rows, *case["sample_weight"][1:]]
    return {"sample_weight": np.abs(stream(case["seed"] * 1000 + index, shape))}


def one_step(model, x, y, sample_weight=None):
    """Loss and gradients of the first batch, before any update."""
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True),
                                  sample_weight=sample_weight)
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    return float(tf.reduce_mean(loss)), [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]


def make_optimizer(optimizer):
    """An optimizer out of a thing(), whose learning rate may be a thing() too, or of a function."""
    if callable(optimizer):
        return optimizer()
    config = dict(optimizer["config"])
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        schedules = keras.optimizers.schedules
        config["learning_rate"] = getattr(schedules, rate["class_name"])(**rate["config"])
    if "inner_optimizer" in config:
        config["inner_optimizer"] = make_optimizer(config["inner_optimizer"])
    return getattr(keras.optimizers, optimizer["class_name"])(**config)


def compiled(case):
    model = build(case["layers"], case["input_shape"], case.get("words", 0))
    loss, made = case["loss"], make_optimizer(case["optimizer"])
    model.compile(
        loss=getattr(keras.losses, loss["class_name"])(**loss["config"]),
        optimizer=made if case.get("tensorflow_slices") else sum_repeated_rows(made),
        metrics=case.get("metrics"), weighted_metrics=case.get("weighted_metrics"),
    )
    fill(model, case["seed"])
    return model


def case_data(case, dtype, x_index=0, y_index=1, rows=None):
    shape, words = list(case["input_shape"]), case.get("words", 0)
    shape[0] = rows or shape[0]
    x = make_x(case["seed"], shape, words, x_index)
    y = make_y(case["seed"] * 1000 + y_index, case["y"], rows)
    return (x if words else x.astype(dtype)), (y if y.dtype == np.int32 else y.astype(dtype))


def run_training(case, dtype):
    with precision(dtype):
        model = compiled(case)
        case["weights"] = describe_weights(model)
        x, y = case_data(case, dtype)
        batch = case["batch_size"]
        more = weight_options(case, WEIGHT, len(x))
        first = [more["sample_weight"][:batch]] if "sample_weight" in more else []
        loss, gradients = one_step(model, tf.constant(x[:batch]), tf.constant(y[:batch]), *first)
        if "validation" in case:
            rows = case["validation"]
            of_rows = {} if "class_weight" in case else weight_options(case, WEIGHT_VALIDATION, rows)
            more["validation_data"] = (
                *case_data(case, dtype, X_VALIDATION, Y_VALIDATION, rows), *of_rows.values())
        history = model.fit(x, y, batch_size=batch, epochs=case["epochs"], shuffle=False,
                            verbose=0, **more).history
        weights = model.get_weights()
    return loss, gradients, history, weights


def stored_history(single, double):
    return {
        key: {"values": [number(v) for v in single[key]],
              "error": rounded(np.abs(np.subtract(single[key], double[key])).max())}
        for key in single
    }


def training_case(seed, case):
    case = {"name": case.pop("name"), "seed": seed, "epochs": 3, **case}
    loss, gradients, history, weights = run_training(case, "float32")
    loss64, gradients64, history64, weights64 = run_training(case, "float64")
    case["loss_value"] = {"value": number(loss), "error": rounded(abs(loss - loss64))}
    dots = itertools.count(seed * 1000 + DOT_INDEX)
    case["gradients"] = [
        stored(single, double, next(dots)) for single, double in zip(gradients, gradients64)
    ]
    case["history"] = stored_history(history, history64)
    case["final_weights"] = [
        stored(single, double, next(dots)) for single, double in zip(weights, weights64)
    ]
    return case


def make_training(folder):
    specs = itertools.chain(stacked_cases(), classification_cases(), optimizer_cases())
    cases = [training_case(seed, case) for seed, case in enumerate(specs, start=1001)]
    write_json(folder / "training.json", header(), cases)

# SPDX-License-Identifier: Apache-2.0
"""callbacks.json: learning rates and texts of Keras's callbacks for given values of epochs."""

import contextlib
import io

import keras

from golden.streams import header, number, write_json

LOSSES = [4.0, 3.0, 3.0, 2.9999, 3.5, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
PLATEAUS = [
    {},
    {"patience": 2},
    {"patience": 2, "factor": 0.5, "min_delta": 0.0, "verbose": 1},
    {"patience": 1, "factor": 0.3, "cooldown": 2, "verbose": 1},
    {"patience": 0, "factor": 0.2, "min_lr": 0.001, "verbose": 1},
    {"patience": 3, "mode": "max", "factor": 0.1, "verbose": 1},
]


def watched(callback, rate):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    callback.set_model(model)
    rates, shown, text = [], [], io.StringIO()
    with contextlib.redirect_stdout(text):
        callback.on_train_begin()
        for epoch, loss in enumerate(LOSSES):
            logs = {"val_loss": loss}
            callback.on_epoch_begin(epoch)
            callback.on_epoch_end(epoch, logs)
            shown.append(number(logs["learning_rate"]))
            rates.append(number(model.optimizer.learning_rate))
    return {"rate": rate, "losses": LOSSES, "rates": rates, "shown": shown, "text": text.getvalue()}


def make_callbacks(folder):
    cases = [
        {"name": "ReduceLROnPlateau", "options": options,
         **watched(keras.callbacks.ReduceLROnPlateau(**options), 0.1)}
        for options in PLATEAUS
    ]
    cases.append({"name": "LearningRateScheduler", **watched(
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.75, verbose=1), 0.1)})
    write_json(folder / "callbacks.json", header(), cases)

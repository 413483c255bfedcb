# SPDX-License-Identifier: Apache-2.0
"""Runs one of the chapter's three stock programs in real Keras and prints one JSON.

Usage: python tools/keras_stock.py --data SH600519.csv --cell lstm --seed 0

As the chapter does: opening prices, the last 300 days are the test set, a MinMaxScaler fitted on
the training days only, windows of 60 days, the training windows shuffled with numpy seed 7, two
recurrent layers (80 and 100 units) with Dropout 0.2, 50 epochs of batch 64, the checkpoint with
the best val_loss. Errors are in prices, beside those of the naive forecast (yesterday's price)
on the same days.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

TEST_DAYS = 300
WINDOW = 60
CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}


def read_column(path, name):
    with open(path, newline="", encoding="utf-8") as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])


class MinMaxScaler:
    def __init__(self, values):
        self.low, self.high = values.min(), values.max()

    def transform(self, values):
        return (values - self.low) / (self.high - self.low)

    def inverse(self, values):
        return values * (self.high - self.low) + self.low


def windows(series):
    x = [series[i - WINDOW : i] for i in range(WINDOW, len(series))]
    return x, list(series[WINDOW:])


def shuffle(values):
    np.random.seed(7)
    np.random.shuffle(values)


def as_arrays(x, y):
    return np.array(x).reshape(len(x), WINDOW, 1), np.array(y)


def build(cell):
    layers = keras.layers
    model = keras.Sequential(
        [
            cell(80, return_sequences=True),
            layers.Dropout(0.2),
            cell(100),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.001), loss="mean_squared_error")
    return model


def errors(predicted, real):
    difference = np.asarray(predicted, "float64").ravel() - real
    mse = float(np.mean(difference**2))
    return {"mse": mse, "rmse": mse**0.5, "mae": float(np.mean(np.abs(difference)))}


def run(prices, cell, seed, epochs):
    train, test = prices[:-TEST_DAYS], prices[-TEST_DAYS:]
    scaler = MinMaxScaler(train)
    x, y = windows(scaler.transform(train))
    keras.utils.set_random_seed(seed)
    shuffle(x)
    shuffle(y)
    x, y = as_arrays(x, y)
    x_test, y_test = as_arrays(*windows(scaler.transform(test)))
    model = build(CELLS[cell])
    real = test[WINDOW:]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "best.weights.h5")
        checkpoint = keras.callbacks.ModelCheckpoint(
            path, monitor="val_loss", save_weights_only=True, save_best_only=True
        )
        start = time.time()
        history = model.fit(
            x, y, batch_size=64, epochs=epochs, validation_data=(x_test, y_test),
            validation_freq=1, callbacks=[checkpoint], verbose=0,
        ).history
        seconds = time.time() - start
        final = errors(scaler.inverse(model.predict(x_test, verbose=0)), real)
        model.load_weights(path)
        best = errors(scaler.inverse(model.predict(x_test, verbose=0)), real)
    return {
        "params": model.count_params(),
        "seconds": seconds,
        "loss": history["loss"],
        "val_loss": history["val_loss"],
        "best_epoch": int(np.argmin(history["val_loss"])) + 1,
        "final": final,
        "best": best,
        "naive": errors(test[WINDOW - 1 : -1], real),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a CSV of daily bars with a column 'open'")
    parser.add_argument("--cell", choices=sorted(CELLS), required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=50)
    arguments = parser.parse_args()
    result = {"keras": keras.__version__, "cell": arguments.cell, "seed": arguments.seed}
    prices = read_column(arguments.data, "open")
    result.update(run(prices, arguments.cell, arguments.seed, arguments.epochs))
    json.dump(result, sys.stdout)
    print()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""keras/custom_*.keras: files that name things which Keras does not have."""

import json

import keras

from golden.models import fill, precision
from golden.streams import header, numbers
from golden.training import case_data, values


@keras.saving.register_keras_serializable(package="golden")
class Spread(keras.initializers.Initializer):
    def __init__(self, width):
        self.width = width

    def __call__(self, shape, dtype=None):
        return self.width * keras.ops.ones(shape, dtype)

    def get_config(self):
        return {"width": self.width}


@keras.saving.register_keras_serializable(package="golden")
class Penalty(keras.regularizers.Regularizer):
    def __call__(self, x):
        return 0.25 * keras.ops.sum(keras.ops.abs(x) ** 3)

    def get_config(self):
        return {}


@keras.saving.register_keras_serializable(package="golden")
class Halved(keras.constraints.Constraint):
    def __call__(self, w):
        return w / 2


@keras.saving.register_keras_serializable(package="golden")
class Fourth(keras.losses.Loss):
    def __init__(self, scale=2.0, name="fourth", reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.scale = scale

    def call(self, y_true, y_pred):
        return self.scale * keras.ops.mean((y_true - y_pred) ** 4, axis=-1)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="golden")
def fourth_power(y_true, y_pred):
    return keras.ops.mean((y_true - y_pred) ** 4, axis=-1)


@keras.saving.register_keras_serializable(package="golden")
class Biggest(keras.metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(keras.ops.max(keras.ops.abs(y_true - y_pred)))


@keras.saving.register_keras_serializable(package="golden")
class Warm(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.01 * (keras.ops.cast(step, "float32") + 1)

    def get_config(self):
        return {}


@keras.saving.register_keras_serializable(package="golden")
class Slow(keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate / 2)


def file_cases():
    dense = keras.layers.Dense
    lstm = keras.layers.LSTM
    yield {"name": "custom_rules", "optimizer": keras.optimizers.Adam(0.01), "loss": "mse",
           "layers": [lstm(3, kernel_initializer=Spread(0.5)),
                      dense(1, kernel_regularizer=Penalty(), bias_constraint=Halved())]}
    yield {"name": "custom_initializer", "optimizer": keras.optimizers.Adam(0.01), "loss": "mse",
           "layers": [lstm(3, kernel_initializer=Spread(0.5)), dense(1)]}
    yield {"name": "custom_loss", "optimizer": keras.optimizers.Adam(0.01), "loss": Fourth(3.0),
           "layers": [lstm(3), dense(1)], "metrics": ["mae"]}
    yield {"name": "custom_functions", "optimizer": keras.optimizers.Adam(0.01),
           "loss": fourth_power, "layers": [lstm(3), dense(1)], "metrics": [fourth_power, "mae"]}
    yield {"name": "custom_metric", "optimizer": keras.optimizers.Adam(0.01), "loss": "mse",
           "layers": [lstm(3), dense(1)], "metrics": [Biggest(name="biggest"), "mae"]}
    yield {"name": "custom_schedule", "optimizer": keras.optimizers.Adam(Warm()), "loss": "mse",
           "layers": [lstm(3), dense(1)], "metrics": ["mae"]}
    yield {"name": "custom_optimizer", "optimizer": Slow(0.01, momentum=0.9), "loss": "mse",
           "layers": [lstm(3), dense(1)], "metrics": ["mae"]}


def write_model(path, model, x, y):
    """Saves the model, and records what it predicts, how it is judged and one step of training."""
    model.save(path)
    predicted = model.predict(x, verbose=0)
    logs = model.evaluate(x, y, batch_size=4, return_dict=True, verbose=0)
    model.reset_metrics()
    trained = model.train_on_batch(x, y, return_dict=True)
    expected = {
        "name": path.stem, "file": path.name,
        "x": {"shape": list(x.shape), "values": numbers(x)},
        "y": {"shape": list(y.shape), "values": numbers(y)},
        "predict": {"shape": list(predicted.shape), "values": numbers(predicted)},
        "evaluate": {key: numbers(value) for key, value in logs.items()},
        "train_on_batch": {key: numbers(value) for key, value in trained.items()},
        "weights_after": [{"name": v.name, "shape": list(v.shape), "values": numbers(v)}
                          for v in model.weights],
    }
    text = json.dumps(header())[:-1] + ", " + json.dumps(expected)[1:] + "\n"
    path.with_suffix(".json").write_text(text, encoding="ascii")
    print(f"{path}: {path.stat().st_size} + {len(text)} bytes")


def write_case(folder, seed, case):
    with precision("float32"):
        keras.backend.clear_session()
        case.update(seed=seed, input_shape=(6, 5, 2), y=values(6, 1))
        model = keras.Sequential([keras.Input((5, 2)), *case["layers"]])
        model.compile(case["optimizer"], case["loss"], metrics=case.get("metrics"))
        fill(model, seed)
        x, y = case_data(case, "float32")
        model.fit(x, y, batch_size=4, epochs=1, shuffle=False, verbose=0)
        write_model(folder / f"{case['name']}.keras", model, x, y)


def make_custom_objects(folder):
    folder = folder / "keras"
    folder.mkdir(exist_ok=True)
    for seed, case in enumerate(file_cases(), 2301):
        write_case(folder, seed, case)

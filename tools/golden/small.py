# SPDX-License-Identifier: Apache-2.0
"""losses_metrics.json, optimizers.json and initializers.json: values small enough to store."""

import itertools

import keras
import numpy as np
import tensorflow as tf

from golden.parts import MORE_OPTIMIZERS
from golden.streams import SEED, header, number, numbers, rounded, stream, write_json
from golden.training import BINARY, CATEGORICAL, MAE, MSE, OPTIMIZERS, SPARSE, thing


PROBABILITIES = [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1], [1.0, 0.0, 0.0], [0.2, 0.3, 0.1]]
LOGITS = [[-0.7, -0.6, 2.9], [40.0, -50.0, 0.5], [0.0, 0.0, 0.0], [-103.5, 88.0, 3.0]]
ONE_HOT = [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
SOFT = [[0.2, 0.5, 0.3], [0.0, 0.0, 1.0], [0.6, 0.4, 0.0], [1.0, 0.0, 0.0]]
IDS = [1, 2, 1, 0]
REGRESSION = ([[1.5, -2.0, 0.25], [0.0, 3.0, -1.0]], [[1.0, -2.0, 0.75], [0.5, -3.0, 1e4]])


def loss_inputs():
    """(loss class, options, y_true, y_pred)"""
    for name in (MSE, MAE):
        yield name, {}, *REGRESSION
        yield name, {}, [[[1.0], [2.0]], [[0.5], [-1.0]]], [[[0.5], [4.0]], [[0.5], [3.0]]]
    for target in (ONE_HOT, SOFT):
        yield CATEGORICAL, {}, target, PROBABILITIES
        yield CATEGORICAL, {"from_logits": True}, target, LOGITS
    for target in (IDS, [[i] for i in IDS]):
        yield SPARSE, {}, target, PROBABILITIES
        yield SPARSE, {"from_logits": True}, target, LOGITS
    yield SPARSE, {}, [IDS, IDS[::-1]], [PROBABILITIES, PROBABILITIES[::-1]]
    yield SPARSE, {"from_logits": True}, [IDS, IDS[::-1]], [LOGITS, LOGITS[::-1]]
    for target in (ONE_HOT, SOFT):
        yield BINARY, {}, target, PROBABILITIES
        yield BINARY, {"from_logits": True}, target, LOGITS


POSITIVE = ([[0.2, 1.5, 0.0], [2.0, 0.3, 0.7]], [[0.5, 1.25, 0.125], [0.75, 3.0, 0.0]])
SIGNS = ([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]], [[0.3, 0.2, 2.5], [-0.4, 1.7, -0.6]])


def more_loss_inputs():
    """Losses and options beyond the first ones."""
    for name in ("MeanAbsolutePercentageError", "CosineSimilarity"):
        yield name, {}, *REGRESSION
    for name in ("MeanSquaredLogarithmicError", "Poisson"):
        yield name, {}, *POSITIVE
    yield "CosineSimilarity", {}, [[0.0, 0.0], [1.0, 2.0]], [[1.0, 2.0], [0.0, 0.0]]
    for target in (ONE_HOT, SOFT):
        yield "KLDivergence", {}, target, PROBABILITIES
        yield "CategoricalHinge", {}, target, LOGITS
        for options in ({}, {"from_logits": True, "alpha": 0.5, "gamma": 1.5},
                        {"label_smoothing": 0.2}):
            values = LOGITS[:1] if "from_logits" in options else PROBABILITIES
            yield "CategoricalFocalCrossentropy", options, target[:len(values)], values
            yield ("BinaryFocalCrossentropy", {**options, "apply_class_balancing": True},
                   target[:len(values)], values)
        yield "BinaryFocalCrossentropy", {}, target, PROBABILITIES
        for name in (CATEGORICAL, BINARY):
            yield name, {"label_smoothing": 0.1}, target, PROBABILITIES
            yield name, {"label_smoothing": 0.1, "from_logits": True}, target, LOGITS
    for name in ("Hinge", "SquaredHinge"):
        yield name, {}, *SIGNS
        yield name, {}, ONE_HOT, LOGITS
    for target in (IDS, [IDS, IDS[::-1]]):
        shares = PROBABILITIES if target is IDS else [PROBABILITIES, PROBABILITIES[::-1]]
        yield SPARSE, {"ignore_class": 1}, target, shares
    yield SPARSE, {"ignore_class": -1, "from_logits": True}, [1, -1, 0, -1], LOGITS
    for options in ({}, {"axis": -1}):
        yield "Dice", options, SOFT, PROBABILITIES
        yield "Tversky", {"alpha": 0.3, "beta": 0.6, **options}, SOFT, PROBABILITIES
    unit = [[0.6, 0.8], [0.8, -0.6], [-1.0, 0.0], [0.28, 0.96], [0.0, 1.0]]
    for options in ({}, {"gamma": 2.0, "margin": 0.25}, {"gamma": 3.0, "remove_diagonal": False}):
        yield "Circle", options, [0, 1, 1, 0, 1], unit
    for q in (0.5, 0.9):
        yield "CategoricalGeneralizedCrossEntropy", {"q": q}, IDS, [
            [0.05, 0.9, 0.05], [0.1, 0.8, 0.1], [0.7, 0.1, 0.2], [0.3, 0.3, 0.4]]


def loss_case(name, options, y_true, y_pred):
    predicted = tf.constant(y_pred, "float32")
    loss = getattr(keras.losses, name)(**options)
    each = getattr(keras.losses, name)(reduction=None, **options)
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        value = loss(tf.constant(y_true, "float32"), predicted)
    return {
        "loss": thing(name, **options), "y_true": y_true, "y_pred": y_pred,
        "value": number(value),
        "each": numbers(each(tf.constant(y_true, "float32"), predicted)),
        "gradient": numbers(tape.gradient(value, predicted)),
    }


def metric_inputs():
    """(metric as given to compile, list of (y_true, y_pred) updates)"""
    yield "accuracy", [(ONE_HOT, PROBABILITIES), (SOFT[:2], LOGITS[:2])]
    yield "accuracy", [(IDS, PROBABILITIES), (IDS[:1], LOGITS[:1])]
    yield "accuracy", [([[i] for i in IDS], LOGITS)]
    yield "acc", [([IDS, IDS[::-1]], [PROBABILITIES, PROBABILITIES[::-1]])]
    yield "accuracy", [([[1.0], [0.0], [1.0], [0.0]], [[0.5], [0.5], [0.51], [0.2]])]
    yield "accuracy", [([1.0, 0.0, 1.0], [[0.7], [0.8], [0.9]]), ([1.0], [[0.1]])]
    yield "binary_accuracy", [(ONE_HOT, PROBABILITIES)]
    yield "categorical_accuracy", [(ONE_HOT, [[1.0, 1.0, 0.0]] * 4)]
    yield "sparse_categorical_accuracy", [(IDS, PROBABILITIES), (IDS, LOGITS)]
    for name in ("mse", "mae", "mean_squared_error", "mean_absolute_error",
                 "root_mean_squared_error"):
        true, predicted = REGRESSION
        yield name, [(true, predicted), ([[1.0, 2.0, 3.0]], [[0.0, 0.0, 0.0]])]


def more_metric_inputs():
    true, predicted = REGRESSION
    for name in ("mape", "cosine_similarity", "log_cosh_error", "r2_score"):
        yield name, [(true, predicted), ([[1.0, 2.0, 3.0]], [[0.5, 0.25, 0.0]])]
    for name in ("msle", "poisson"):
        yield name, [POSITIVE, ([[1.0, 2.0, 3.0]], [[0.5, 0.25, 0.0]])]
    for name in ("hinge", "squared_hinge"):
        yield name, [SIGNS]
    for name in ("kl_divergence", "categorical_crossentropy", "binary_crossentropy", "precision", "recall",
                 "auc", "true_positives", "true_negatives", "false_positives", "false_negatives"):
        yield name, [(ONE_HOT, PROBABILITIES), (ONE_HOT[1:], PROBABILITIES[:3])]
    yield "precision", [([[0.0]], [[0.1]])]  # 0 of 0
    yield "categorical_hinge", [(ONE_HOT, LOGITS)]
    yield "sparse_categorical_crossentropy", [(IDS, PROBABILITIES)]
    seven = [[0.1, 0.3, 0.2, 0.5, 0.3, 0.7, 0.05], [0.9, 0.3, 0.2, 0.5, 0.3, 0.7, 0.05]]
    one_hot = np.eye(7)[[2, 0]].tolist()
    yield "top_k_categorical_accuracy", [(one_hot, seven)]
    yield "sparse_top_k_categorical_accuracy", [([6, 0], seven), ([1, 1], seven)]


def metric_case(name, updates):
    from keras.src.trainers.compile_utils import get_metric  # what compile() itself calls

    arrays = [(np.array(t, "float32"), np.array(p, "float32")) for t, p in updates]
    metric = get_metric(name, *arrays[0])
    for y_true, y_pred in arrays:
        metric.update_state(y_true, y_pred)
    return {
        "metric": name, "resolves_to": type(metric).__name__, "name": metric.name,
        "updates": [{"y_true": t, "y_pred": p} for t, p in updates],
        "result": number(metric.result()),
    }


def make_losses_metrics(folder):
    cases = [loss_case(*spec) for spec in itertools.chain(loss_inputs(), more_loss_inputs())]
    cases += [
        metric_case(*spec) for spec in itertools.chain(metric_inputs(), more_metric_inputs())
    ]
    write_json(folder / "losses_metrics.json", header(), cases)


OPTIMIZER_VALUES = [[1.0, -2.0, 0.5], [0.25, -0.125]]
OPTIMIZER_GRADIENTS = [
    [[0.1, -0.2, 0.0], [3.0, -4.0]],
    [[0.3, 0.05, -1.0], [0.01, 0.02]],
    [[-0.2, 0.4, 1e-4], [0.0, 0.0]],
    [[1e-6, -5.0, 2.0], [-1.0, 0.5]],
    [[0.7, 0.7, -0.3], [1.0, -1.0]],
]
# For those that look at shapes: a tall and a wide matrix, a vector and a stack of matrices.
MATRIX_SHAPES = ((4, 2), (2, 3), (3,), (2, 2, 2))


def eighths(seed):
    """Values of few digits for each shape."""
    return [(np.round(stream(seed + i, shape) * 16) / 8).tolist()
            for i, shape in enumerate(MATRIX_SHAPES)]


MATRIX_VALUES = eighths(11)
MATRIX_GRADIENTS = [eighths(100 * step) for step in range(1, 4)]
GOLDEN_OPTIMIZERS = {
    "adam": thing("Adam", learning_rate=0.01),
    "adam_default": thing("Adam"),
    "sgd_default": thing("SGD"),
    "rmsprop_default": thing("RMSprop"),
    **OPTIMIZERS,
    **MORE_OPTIMIZERS,
    "adam_clipnorm_loose": thing("Adam", learning_rate=0.01, clipnorm=100.0),
    "rmsprop_centered_momentum": thing("RMSprop", learning_rate=0.01, momentum=0.9, centered=True),
}


def optimizer_case(name, optimizer):
    made = getattr(keras.optimizers, optimizer["class_name"])(**optimizer["config"])
    values, all_gradients = OPTIMIZER_VALUES, OPTIMIZER_GRADIENTS
    if optimizer["class_name"] in ("Adafactor", "Lamb", "Muon"):
        values, all_gradients = MATRIX_VALUES, MATRIX_GRADIENTS
    variables = [keras.Variable(np.array(v, "float32")) for v in values]
    made.build(variables)
    steps = []
    for gradients in all_gradients:
        made.apply_gradients(
            [(tf.constant(g, "float32"), v) for g, v in zip(gradients, variables)]
        )
        steps.append([numbers(v) for v in variables])
    state = [{"name": v.name, "values": numbers(v)} for v in made.variables[2:]]
    return {"name": name, "optimizer": optimizer, "values": values,
            "gradients": all_gradients, "steps": steps, "state": state}


def make_optimizers(folder):
    keras.backend.clear_session()
    cases = [optimizer_case(*item) for item in GOLDEN_OPTIMIZERS.items()]
    write_json(folder / "optimizers.json", header(), cases)


INITIALIZERS = {
    "uniform_limits": ("GlorotUniform", "HeUniform", "LecunUniform"),
    "truncated_normal": ("GlorotNormal", "HeNormal", "LecunNormal"),
}
TRUNCATION = 0.87962566103423978  # the standard deviation of a unit normal cut at two sigma
SHAPES = {"dense": (7, 5), "lstm_kernel": (3, 28), "lstm_recurrent": (7, 28), "gru_kernel": (3, 21)}


def variance(name, fan_in, fan_out):
    if name.startswith("Glorot"):
        return 2.0 / (fan_in + fan_out)
    return (2.0 if name.startswith("He") else 1.0) / fan_in


def draw_seed():
    """A generator: with a plain integer every call of an initializer gives the same numbers."""
    return keras.random.SeedGenerator(SEED)


def sample_limits(initializer, shape):
    """Keras's own numbers for many draws: mean, standard deviation, smallest and largest."""
    drawn = np.stack([np.asarray(initializer(shape)) for _ in range(2000)]).astype("float64")
    return {"mean": rounded(drawn.mean()), "std": rounded(drawn.std()),
            "min": rounded(drawn.min()), "max": rounded(drawn.max())}


def fan_case(kind, name, place, shape):
    sigma = variance(name, *shape) ** 0.5
    case = {"initializer": thing(name), "place": place, "shape": list(shape), "mean": 0.0,
            "std": sigma}
    if kind == "uniform_limits":
        case.update(distribution="uniform", low=-(3**0.5) * sigma, high=3**0.5 * sigma)
    else:
        cut = 2 * sigma / TRUNCATION
        case.update(distribution="truncated_normal", low=-cut, high=cut)
    case["keras_sample"] = sample_limits(getattr(keras.initializers, name)(seed=draw_seed()), shape)
    assert abs(case["keras_sample"]["std"] / sigma - 1) < 0.02, case
    assert case["low"] <= case["keras_sample"]["min"] * 0.995, case
    return case


def plain_cases():
    """Initializers whose limits do not depend on the shape."""
    cut = 0.05 * TRUNCATION
    for name, config, limits in (
        ("RandomUniform", {}, ("uniform", -0.05, 0.05, 0.0, 0.05 / 3**0.5)),
        ("RandomUniform", {"minval": 1.0, "maxval": 3.0}, ("uniform", 1.0, 3.0, 2.0, 3**-0.5)),
        ("RandomNormal", {}, ("normal", None, None, 0.0, 0.05)),
        ("RandomNormal", {"mean": 1.0, "stddev": 2.0}, ("normal", None, None, 1.0, 2.0)),
        ("TruncatedNormal", {}, ("truncated_normal", -0.1, 0.1, 0.0, cut)),
        ("Zeros", {}, ("constant", 0.0, 0.0, 0.0, 0.0)),
        ("Ones", {}, ("constant", 1.0, 1.0, 1.0, 0.0)),
        ("Constant", {"value": 0.3}, ("constant", 0.3, 0.3, 0.3, 0.0)),
    ):
        distribution, low, high, mean, std = limits
        kwargs = {"seed": draw_seed()} if name.startswith(("Random", "Trunc")) else {}
        made = getattr(keras.initializers, name)(**config, **kwargs)
        yield {"initializer": thing(name, **config), "place": "dense", "shape": [7, 5],
               "distribution": distribution, "low": low, "high": high, "mean": mean, "std": std,
               "keras_sample": sample_limits(made, (7, 5))}


def orthogonal_case(shape, gain):
    """The shorter side is orthonormal: rows when rows <= columns, else columns; times gain."""
    drawn = np.asarray(keras.initializers.Orthogonal(gain=gain, seed=draw_seed())(shape), "float64")
    small = drawn if shape[0] <= shape[1] else drawn.T
    error = np.abs(small @ small.T - gain**2 * np.eye(len(small))).max()
    return {"initializer": thing("Orthogonal", gain=gain), "place": "any", "shape": list(shape),
            "distribution": "orthogonal", "orthonormal": "rows" if small is drawn else "columns",
            "gram_diagonal": gain**2, "keras_error": rounded(error)}


def make_initializers(folder):
    cases = [
        fan_case(kind, name, place, shape)
        for kind, names in INITIALIZERS.items()
        for name in names
        for place, shape in SHAPES.items()
    ]
    cases += plain_cases()
    cases += [orthogonal_case(shape, gain)
              for shape, gain in (((7, 28), 1.0), ((7, 7), 1.0), ((17, 3), 1.0), ((3, 21), 0.5))]
    write_json(folder / "initializers.json", header(), cases)

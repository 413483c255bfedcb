# SPDX-License-Identifier: Apache-2.0
"""metrics.json: metrics with their options, over several batches, with and without weights; and
keras/metrics_*.keras: files that hold them."""

import keras
import numpy as np

from golden.custom_objects import write_model
from golden.models import fill, precision
from golden.streams import header, integers, numbers, stream, write_json


def shares(seed, rows, outputs):
    """Numbers in [0, 1] with few digits, some of them equal."""
    return np.round((stream(seed, (rows, outputs)) + 1) * 8) / 16


def binary(seed, rows, outputs):
    return integers(seed, (rows, outputs), 2).astype("float32")


def one_hot(seed, rows, outputs):
    return np.eye(outputs, dtype="float32")[integers(seed, (rows,), outputs)]


def weights(seed, rows):
    return np.round(stream(seed, (rows,)) * 4 + 4) / 4


def yes_or_no_cases():
    """(class, options)"""
    for name in ("Precision", "Recall"):
        yield from ((name, options) for options in (
            {}, {"thresholds": 0.25}, {"thresholds": [0.75, 0.25]},
            {"thresholds": [0.0, 0.5, 1.0]}, {"top_k": 2}, {"class_id": 1},
            {"top_k": 1, "class_id": 2}, {"thresholds": [0.5, 0.1], "top_k": 2}))
    for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"):
        yield name, {}
        yield name, {"thresholds": [0.25, 0.5, 0.875]}
    for curve in ("ROC", "PR", "PRGAIN"):
        for method in ("interpolation", "minoring", "majoring"):
            yield "AUC", {"curve": curve, "summation_method": method}
    for options in ({"num_thresholds": 5}, {"thresholds": [0.7, 0.2, 0.5]},
                    {"thresholds": [0.25, 0.5, 0.75]}, {"multi_label": True, "curve": "PR"},
                    {"multi_label": True, "num_labels": 3, "label_weights": [0.5, 2.0, 1.0]},
                    {"label_weights": [0.5, 2.0, 1.0]}, {"from_logits": True}):
        yield "AUC", options
    for name, value in (("PrecisionAtRecall", "recall"), ("RecallAtPrecision", "precision"),
                        ("SensitivityAtSpecificity", "specificity"),
                        ("SpecificityAtSensitivity", "sensitivity")):
        yield name, {value: 0.5}
        yield name, {value: 0.75, "num_thresholds": 9}
        yield name, {value: 0.25, "num_thresholds": 1, "class_id": 1}
    yield "BinaryAccuracy", {"threshold": 0.25}
    yield "BinaryIoU", {}
    yield "BinaryIoU", {"target_class_ids": [1], "threshold": 0.75}
    for average in (None, "micro", "macro", "weighted"):
        yield "F1Score", {"average": average, "threshold": 0.4}
        yield "FBetaScore", {"average": average, "beta": 2.0, "threshold": 0.5}
    yield "BinaryCrossentropy", {"label_smoothing": 0.2}
    yield "BinaryCrossentropy", {"from_logits": True}


def class_cases():
    """(class, options), targets one-hot"""
    for average in (None, "micro", "macro", "weighted"):
        yield "F1Score", {"average": average}
        yield "FBetaScore", {"average": average, "beta": 0.5}
    yield "TopKCategoricalAccuracy", {"k": 2}
    yield "CategoricalCrossentropy", {"label_smoothing": 0.1, "from_logits": True}
    yield "OneHotIoU", {"num_classes": 4, "target_class_ids": [0, 2]}
    yield "OneHotMeanIoU", {"num_classes": 4, "ignore_class": 1}


def number_cases():
    """(class, options), targets class numbers"""
    yield "SparseTopKCategoricalAccuracy", {"k": 3}
    yield "SparseCategoricalCrossentropy", {"from_logits": True}
    yield "SparseCategoricalCrossentropy", {"ignore_class": 1}
    yield "IoU", {"num_classes": 4, "target_class_ids": [1, 3], "sparse_y_pred": False}
    yield "MeanIoU", {"num_classes": 4, "sparse_y_pred": False, "ignore_class": 0}
    yield "MeanIoU", {"num_classes": 3, "sparse_y_pred": False}


def regression_cases():
    yield "PearsonCorrelation", {}
    yield "ConcordanceCorrelation", {}
    for aggregation in ("uniform_average", "variance_weighted_average", None):
        yield "R2Score", {"class_aggregation": aggregation}
        yield "R2Score", {"class_aggregation": aggregation, "num_regressors": 2}


def cases():
    for name, options in yes_or_no_cases():
        yield name, options, binary, lambda s, n: shares(s, n, 3), 3
    for name, options in class_cases():
        yield name, options, one_hot, lambda s, n: shares(s, n, 4), 4
    for name, options in number_cases():
        def ids(seed, rows, outputs):
            return integers(seed, (rows,), outputs).astype("float32")

        yield name, options, ids, lambda s, n: shares(s, n, 4), 4
    for name, options in regression_cases():
        yield name, options, lambda s, n, k: stream(s, (n, k)), lambda s, n: stream(s, (n, 3)), 3
    for options in ({"num_classes": 3}, {"num_classes": 4, "ignore_class": 2}):
        yield ("MeanIoU", options, lambda s, n, k: integers(s, (n, k), 4).astype("float32"),
               lambda s, n: integers(s, (n, 2), 4).astype("float32") + 0.25, 2)


def metric_case(seed, name, options, target, predicted, outputs):
    result = {"metric": name, "options": options, "runs": []}
    for has_weights in (False, True):
        if has_weights and "IoU" in name and outputs > 1 and name in ("BinaryIoU", "MeanIoU"):
            continue  # Keras has no weights of rows there
        metric = getattr(keras.metrics, name)(**options)
        updates = []
        for batch, rows in enumerate((7, 4)):
            y = target(seed * 100 + batch, rows, outputs)
            p = predicted(seed * 100 + 10 + batch, rows).astype("float32")
            w = weights(seed * 100 + 20 + batch, rows) if has_weights else None
            metric.update_state(y, p, sample_weight=w)
            updates.append({"y_true": y.tolist(), "y_pred": p.tolist(),
                            "weight": None if w is None else w.tolist()})
        values = np.asarray(metric.result())
        result["runs"].append({"updates": updates, "result": numbers(values)})
    result["name"] = metric.name
    return result


def make_metrics(folder):
    made = [metric_case(seed, *case) for seed, case in enumerate(cases(), 2501)]
    write_json(folder / "metrics.json", header(), made)


def file_models():
    m = keras.metrics
    yield ("metrics_binary", 3, "sigmoid", "binary_crossentropy", binary, [
        m.Precision(thresholds=[0.25, 0.5], name="p"), m.Recall(top_k=2), m.AUC(curve="PR"),
        m.AUC(multi_label=True, label_weights=[1.0, 2.0, 3.0], name="by_label"),
        m.AUC(thresholds=[0.2, 0.6], name="few"), m.PrecisionAtRecall(0.5, num_thresholds=11),
        m.SpecificityAtSensitivity(0.25, class_id=1), m.F1Score(threshold=0.5),
        m.FBetaScore(average="weighted", beta=2.0), m.BinaryIoU(threshold=0.3),
        m.BinaryAccuracy(threshold=0.6), m.BinaryCrossentropy(label_smoothing=0.1)])
    yield ("metrics_classes", 4, "softmax", "categorical_crossentropy", one_hot, [
        m.F1Score(average="macro"), m.OneHotMeanIoU(num_classes=4),
        m.OneHotIoU(num_classes=4, target_class_ids=[1, 2]), m.TopKCategoricalAccuracy(k=2),
        m.CategoricalCrossentropy(label_smoothing=0.2), "categorical_accuracy"])
    yield ("metrics_numbers", 4, "softmax", "sparse_categorical_crossentropy",
           lambda s, n, k: integers(s, (n, 1), k).astype("float32"), [
               m.MeanIoU(num_classes=4, sparse_y_pred=False), m.SparseTopKCategoricalAccuracy(k=2),
               m.SparseCategoricalCrossentropy(ignore_class=1)])
    yield ("metrics_regression", 3, "linear", "mse", lambda s, n, k: stream(s, (n, k)), [
        m.PearsonCorrelation(), m.ConcordanceCorrelation(), m.CosineSimilarity(name="angle"),
        m.R2Score(class_aggregation=None), "r2_score"])


def make_metric_files(folder):
    for seed, (name, outputs, activation, loss, target, metrics) in enumerate(file_models(), 2601):
        with precision("float32"):
            keras.backend.clear_session()
            model = keras.Sequential([keras.Input((5, 2)), keras.layers.GRU(3),
                                      keras.layers.Dense(outputs, activation=activation)])
            model.compile(keras.optimizers.SGD(0.05), loss, metrics=metrics)
            fill(model, seed)
            x, y = stream(seed * 1000, (6, 5, 2)), target(seed * 1000 + 1, 6, outputs)
            write_model(folder / "keras" / f"{name}.keras", model, x, y)

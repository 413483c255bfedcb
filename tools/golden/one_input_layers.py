# SPDX-License-Identifier: Apache-2.0
"""one_input_layers.json: outputs and gradients of the layers beside the recurrent ones."""

from golden.layers import write_layers
from golden.models import layer

SEQUENCE, IMAGE = (3, 7, 6), (2, 6, 5, 4)


def activation_cases():
    for shape in ((5, 3), SEQUENCE):
        rank = f"rank{len(shape)}"
        yield f"relu_{rank}", layer("ReLU"), shape, 0
        yield f"relu_all_{rank}", layer(
            "ReLU", max_value=0.5, negative_slope=0.2, threshold=0.125), shape, 0
        yield f"leaky_relu_{rank}", layer("LeakyReLU", negative_slope=0.1), shape, 0
        yield f"elu_{rank}", layer("ELU", alpha=0.7), shape, 0
        yield f"prelu_{rank}", layer("PReLU"), shape, 0
        yield f"softmax_{rank}", layer("Softmax"), shape, 0
        yield f"activation_tanh_{rank}", layer("Activation", activation="tanh"), shape, 0
        yield f"activation_softmax_{rank}", layer("Activation", activation="softmax"), shape, 0
    yield "relu_max", layer("ReLU", max_value=0.25), (5, 3), 0
    yield "relu_threshold", layer("ReLU", threshold=0.5), (5, 3), 0
    yield "prelu_shared_steps", layer("PReLU", shared_axes=[1]), SEQUENCE, 0
    yield "prelu_shared_features", layer("PReLU", shared_axes=[2]), SEQUENCE, 0
    yield "prelu_one", layer("PReLU", shared_axes=[1, 2]), SEQUENCE, 0


def shape_cases():
    yield "repeat_vector", layer("RepeatVector", n=4), (3, 5), 0
    yield "flatten", layer("Flatten"), SEQUENCE, 0
    yield "flatten_image", layer("Flatten"), IMAGE, 0
    yield "flatten_vector", layer("Flatten"), (5, 3), 0
    for name, shape, target in (
        ("steps", SEQUENCE, (14, 3)), ("open", SEQUENCE, (6, -1)), ("vector", SEQUENCE, (42,)),
        ("to_steps", (3, 12), (4, 3)), ("to_image", (3, 24), (2, 3, 4)), ("image", IMAGE, (5, 24)),
        ("odd", SEQUENCE, (3, 7, 2)),
    ):
        yield f"reshape_{name}", layer("Reshape", target_shape=target), shape, 0
    for shape, dims in (
        (SEQUENCE, (2, 1)), (SEQUENCE, (1, 2)), (IMAGE, (3, 1, 2)), (IMAGE, (2, 1, 3)),
        (IMAGE, (1, 3, 2)), ((5, 3), (1,)),
    ):
        yield f"permute_{''.join(map(str, dims))}", layer("Permute", dims=dims), shape, 0
    yield "zero_padding", layer("ZeroPadding1D", padding=(2, 3)), SEQUENCE, 0
    yield "cropping", layer("Cropping1D", cropping=(1, 3)), SEQUENCE, 0
    yield "up_sampling", layer("UpSampling1D", size=3), SEQUENCE, 0
    for name, options in (
        ("SpatialDropout1D", {"rate": 0.3}), ("GaussianNoise", {"stddev": 0.3}),
        ("GaussianDropout", {"rate": 0.3}), ("AlphaDropout", {"rate": 0.3}),
    ):
        yield f"{name.lower()}_dropout_inference", layer(name, **options), SEQUENCE, 0


def window_cases():
    for name, options in {
        "plain": {},
        "same": {"padding": "same"},
        "causal": {"padding": "causal"},
        "even_same": {"kernel_size": 4, "padding": "same"},
        "strides": {"strides": 2},
        "strides_same": {"strides": 2, "padding": "same"},
        "strides_causal": {"strides": 3, "padding": "causal"},
        "dilation": {"dilation_rate": 2},
        "dilation_same": {"dilation_rate": 2, "padding": "same"},
        "dilation_causal": {"dilation_rate": 3, "padding": "causal"},
        "groups": {"groups": 3, "filters": 9},
        "no_bias": {"use_bias": False},
        "one": {"kernel_size": 1},
        "relu": {"activation": "relu"},
        "softmax": {"activation": "softmax", "padding": "same"},
    }.items():
        yield f"conv1d_{name}", layer("Conv1D", **{"filters": 4, "kernel_size": 3, **options}), (
            SEQUENCE), 0
    yield "conv1d_wide", layer("Conv1D", filters=33, kernel_size=5, padding="same"), (
        17, 40, 20), 0
    for name, options in {
        "plain": {},
        "same": {"padding": "same", "strides": (2, 1)},
        "dilation": {"dilation_rate": (2, 1)},
        "groups": {"groups": 2, "padding": "same", "activation": "tanh"},
    }.items():
        yield f"conv2d_{name}", layer("Conv2D", filters=6, kernel_size=(3, 2), **options), IMAGE, 0
    for kind in ("Max", "Average"):
        for name, options in {
            "plain": {},
            "same": {"pool_size": 3, "padding": "same"},
            "overlap": {"pool_size": 3, "strides": 1},
            "overlap_same": {"pool_size": 4, "strides": 2, "padding": "same"},
            "gaps": {"pool_size": 2, "strides": 3},
        }.items():
            yield f"{kind.lower()}_pooling1d_{name}", layer(f"{kind}Pooling1D", **{"pool_size": 2, **options}), (
                SEQUENCE), 0
        yield f"{kind.lower()}_pooling2d", layer(f"{kind}Pooling2D", pool_size=(2, 3)), IMAGE, 0
        yield f"{kind.lower()}_pooling2d_same", layer(
            f"{kind}Pooling2D", pool_size=3, strides=2, padding="same"), IMAGE, 0
        for rank, shape in ((1, SEQUENCE), (2, IMAGE)):
            name = f"Global{kind}Pooling{rank}D"
            yield name.lower(), layer(name), shape, 0
            yield f"{name.lower()}_keepdims", layer(name, keepdims=True), shape, 0


def id_cases():
    for mode in ("multi_hot", "count", "one_hot"):
        encoding = layer("CategoryEncoding", num_tokens=5, output_mode=mode)
        yield f"category_encoding_{mode}", [encoding, layer("Dense", units=2)], (3, 4), 5
        if mode == "one_hot":
            yield f"category_encoding_{mode}_rank3", [encoding, layer("Dense", units=2)], (
                3, 2, 4), 5
    yield "category_encoding_one", [
        layer("CategoryEncoding", num_tokens=5, output_mode="one_hot"), layer("Dense", units=2)], (
        3, 1), 5


def normalization_cases():
    for shape in ((5, 3), SEQUENCE, IMAGE):
        rank = f"rank{len(shape)}"
        yield f"layer_normalization_{rank}", layer("LayerNormalization"), shape, 0
        yield f"unit_normalization_{rank}", layer("UnitNormalization"), shape, 0
        yield f"rescaling_{rank}", layer("Rescaling", scale=0.25, offset=-0.75), shape, 0
        yield f"normalization_{rank}", layer("Normalization"), shape, 0
        yield f"batch_normalization_{rank}", layer("BatchNormalization"), shape, 0, True
    yield "layer_normalization_plain", layer(
        "LayerNormalization", center=False, scale=False, epsilon=0.01), SEQUENCE, 0
    yield "layer_normalization_wide", layer("LayerNormalization"), (3, 5, 37), 0
    yield "unit_normalization_wide", layer("UnitNormalization", axis=2), (3, 5, 37), 0
    yield "normalization_invert", layer("Normalization", invert=True), SEQUENCE, 0
    yield "normalization_one", layer("Normalization", axis=None), SEQUENCE, 0
    yield "normalization_given", layer("Normalization", mean=0.25, variance=2.0), SEQUENCE, 0
    yield "batch_normalization_plain", layer(
        "BatchNormalization", center=False, scale=False, momentum=0.8, epsilon=0.01), (
        SEQUENCE), 0, True
    yield "batch_normalization_wide", layer("BatchNormalization", scale=False), (33, 5, 37), 0, True
    yield "batch_normalization_frozen", layer("BatchNormalization", trainable=False), (
        SEQUENCE), 0, True


def conv_lstm_cases():
    for name, options in {
        "plain": {},
        "sequences": {"return_sequences": True, "padding": "same"},
        "backwards": {"go_backwards": True, "return_sequences": True, "strides": 2},
        "dilation": {"dilation_rate": 2, "use_bias": False},
        "hard": {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
    }.items():
        yield f"conv_lstm1d_{name}", layer(
            "ConvLSTM1D", **{"filters": 3, "kernel_size": 2, **options}), (2, 4, 5, 2), 0
    yield "conv_lstm1d_wide", layer("ConvLSTM1D", filters=9, kernel_size=3, padding="same"), (
        17, 3, 8, 5), 0
    yield "conv_lstm2d", layer("ConvLSTM2D", filters=3, kernel_size=(2, 3)), (2, 3, 4, 5, 2), 0
    yield "conv_lstm2d_sequences", layer(
        "ConvLSTM2D", filters=2, kernel_size=3, strides=(2, 1), padding="same",
        return_sequences=True, go_backwards=True), (2, 3, 4, 5, 2), 0
    yield "conv_lstm2d_dropout_inference", layer(
        "ConvLSTM2D", filters=2, kernel_size=2, dropout=0.2, recurrent_dropout=0.3), (
        2, 3, 4, 5, 2), 0


def mask_cases():
    """Ids, 0 of which are masked: what becomes of the mask behind each kind of layer."""
    embedding = layer("Embedding", input_dim=4, output_dim=6, mask_zero=True)
    rnn = layer("LSTM", units=3)
    for name, *layers in (
        ("activation", layer("Activation", activation="tanh")),
        ("relu", layer("ReLU")),
        ("prelu", layer("PReLU", shared_axes=[1])),
        ("reshape", layer("Reshape", target_shape=(6, 7))),
        ("permute", layer("Permute", dims=(2, 1))),
        ("conv1d", layer("Conv1D", filters=4, kernel_size=3)),
        ("max_pooling1d", layer("MaxPooling1D", pool_size=2)),
        ("zero_padding", layer("ZeroPadding1D")),
        ("repeat_vector", layer("GlobalMaxPooling1D"), layer("RepeatVector", n=3)),
        ("spatial_dropout", layer("SpatialDropout1D", rate=0.0)),
    ):
        yield f"masked_{name}", [embedding, *layers, rnn], (5, 7), 4
    for name, training in (
        ("BatchNormalization", True), ("LayerNormalization", False), ("Rescaling", False),
        ("Normalization", False), ("UnitNormalization", False),
    ):
        options = {"scale": 0.5} if name == "Rescaling" else {}
        yield f"masked_{name.lower()}", [embedding, layer(name, **options), rnn], (5, 7), 4, training
    yield "masked_globalaveragepooling1d", [embedding, layer("GlobalAveragePooling1D")], (5, 7), 4
    yield "masked_keepdims", [embedding, layer("GlobalAveragePooling1D", keepdims=True)], (5, 7), 4
    yield "masked_flatten", [embedding, layer("Flatten")], (5, 7), 4


def make_one_input_layers(folder):
    write_layers(folder / "one_input_layers.json", 1001, activation_cases, shape_cases,
                 window_cases, normalization_cases, id_cases, conv_lstm_cases,
                 mask_cases)

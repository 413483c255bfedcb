# SPDX-License-Identifier: Apache-2.0
"""windows.json: outputs and gradients of layers on windows of steps and images, features last or
first."""

from golden.layers import write_layers
from golden.models import layer

SEQUENCE, IMAGE = (3, 7, 6), (2, 6, 5, 4)


def convolution_cases():
    for name, options in {
        "plain": {},
        "same": {"padding": "same", "strides": 2},
        "dilation": {"padding": "same", "dilation_rate": 2, "use_bias": False},
        "strides_dilation": {"padding": "same", "strides": 2, "dilation_rate": 2},
        "multiplier": {"depth_multiplier": 3, "activation": "tanh"},
        "sigmoid": {"kernel_size": 4, "padding": "same", "activation": "sigmoid"},
    }.items():
        options = {"kernel_size": 3, **options}
        yield f"depthwise_conv1d_{name}", layer("DepthwiseConv1D", **options), SEQUENCE, 0
        yield f"depthwise_conv2d_{name}", layer("DepthwiseConv2D", **options), IMAGE, 0
        options["filters"] = 5
        yield f"separable_conv1d_{name}", layer("SeparableConv1D", **options), SEQUENCE, 0
        yield f"separable_conv2d_{name}", layer("SeparableConv2D", **options), IMAGE, 0
    yield "depthwise_conv1d_wide", layer("DepthwiseConv1D", kernel_size=5, padding="same"), (
        17, 40, 37), 0
    yield "depthwise_conv1d_wide_multiplier", layer(
        "DepthwiseConv1D", kernel_size=2, depth_multiplier=9), (5, 11, 7), 0
    yield "separable_conv1d_wide", layer(
        "SeparableConv1D", filters=33, kernel_size=5, padding="same", activation="softmax"), (
        17, 40, 20), 0
    yield "separable_conv2d_sizes", layer(
        "SeparableConv2D", filters=3, kernel_size=(2, 3), padding="same"), IMAGE, 0


def transposed_cases():
    for name, options in {
        "plain": {},
        "same": {"padding": "same"},
        "strides": {"strides": 2},
        "wide_strides": {"strides": 4, "kernel_size": 2},
        "strides_same": {"strides": 2, "padding": "same"},
        "even_same": {"strides": 2, "padding": "same", "kernel_size": 4},
        "padding": {"strides": 3, "output_padding": 1},
        "no_padding": {"strides": 3, "output_padding": 0},
        "padding_same": {"strides": 3, "output_padding": 1, "padding": "same"},
        "tanh": {"activation": "tanh", "use_bias": False},
    }.items():
        options = {"filters": 4, "kernel_size": 3, **options}
        yield f"conv1d_transpose_{name}", layer("Conv1DTranspose", **options), SEQUENCE, 0
        yield f"conv2d_transpose_{name}", layer("Conv2DTranspose", **options), IMAGE, 0
    yield "conv1d_transpose_wide", layer(
        "Conv1DTranspose", filters=33, kernel_size=5, strides=2, padding="same",
        activation="softmax"), (17, 20, 20), 0
    yield "conv2d_transpose_sizes", layer(
        "Conv2DTranspose", filters=3, kernel_size=(2, 3), strides=(1, 2)), IMAGE, 0


def pooling_cases():
    for kind in ("Average", "Max"):
        # TensorFlow ends the process in the gradient of Max over a whole axis.
        for size in (1, 3, 4, 7, 12) if kind == "Average" else (3, 4, 7, 12):
            yield f"adaptive_{kind.lower()}_pooling1d_{size}", layer(
                f"Adaptive{kind}Pooling1D", output_size=size), SEQUENCE, 0
        for size in ((1, 1) if kind == "Average" else (5, 3), (3, 2), (4, 5), (8, 3)):
            yield f"adaptive_{kind.lower()}_pooling2d_{size[0]}_{size[1]}", layer(
                f"Adaptive{kind}Pooling2D", output_size=size), IMAGE, 0
    # Equal values, of which one has the gradient.
    yield "adaptive_max_pooling2d_ties", [
        layer("ReLU", max_value=0.125), layer("AdaptiveMaxPooling2D", output_size=(2, 2))], IMAGE, 0


def image_cases():
    yield "cropping2d", layer("Cropping2D", cropping=((1, 2), (0, 3))), IMAGE, 0
    yield "zero_padding2d", layer("ZeroPadding2D", padding=((1, 2), (0, 3))), IMAGE, 0
    yield "up_sampling2d", layer("UpSampling2D", size=(3, 2)), IMAGE, 0
    yield "up_sampling2d_bilinear", layer(
        "UpSampling2D", size=(3, 2), interpolation="bilinear"), IMAGE, 0
    yield "up_sampling2d_bilinear_wide", layer(
        "UpSampling2D", size=(1, 5), interpolation="bilinear"), (3, 1, 2, 33), 0
    yield "spatial_dropout2d_dropout_inference", layer("SpatialDropout2D", rate=0.3), IMAGE, 0


def first_cases():
    """data_format channels_first."""
    for name, shape, options in (
        ("Conv1D", SEQUENCE, {"filters": 4, "kernel_size": 3, "activation": "tanh"}),
        ("Conv2D", IMAGE, {"filters": 4, "kernel_size": (2, 3), "padding": "same"}),
        ("DepthwiseConv1D", SEQUENCE, {"kernel_size": 3}),
        ("SeparableConv2D", IMAGE, {"filters": 3, "kernel_size": 2}),
        ("Conv1DTranspose", SEQUENCE, {"filters": 3, "kernel_size": 2, "strides": 2}),
        ("Conv2DTranspose", IMAGE, {"filters": 3, "kernel_size": 2, "activation": "sigmoid"}),
        ("MaxPooling1D", SEQUENCE, {}),
        ("MaxPooling2D", IMAGE, {"padding": "same"}),
        ("AveragePooling1D", SEQUENCE, {"pool_size": 3}),
        ("AveragePooling2D", IMAGE, {"pool_size": 2}),
        ("GlobalAveragePooling1D", SEQUENCE, {}),
        ("GlobalAveragePooling2D", IMAGE, {"keepdims": True}),
        ("GlobalMaxPooling1D", SEQUENCE, {"keepdims": True}),
        ("GlobalMaxPooling2D", IMAGE, {}),
        ("AdaptiveAveragePooling1D", SEQUENCE, {"output_size": 4}),
        ("AdaptiveMaxPooling2D", IMAGE, {"output_size": (2, 3)}),
        ("Flatten", SEQUENCE, {}),
        ("Flatten", IMAGE, {}),
        ("ZeroPadding1D", SEQUENCE, {"padding": (2, 1)}),
        ("ZeroPadding2D", IMAGE, {"padding": ((1, 2), (0, 1))}),
        ("Cropping2D", IMAGE, {"cropping": ((1, 2), (0, 1))}),
        ("UpSampling2D", IMAGE, {"size": (3, 2), "interpolation": "bilinear"}),
        ("SpatialDropout2D", IMAGE, {"rate": 0.0}),
        ("ConvLSTM1D", (2, 3, 4, 5), {"filters": 3, "kernel_size": 2}),
        ("ConvLSTM2D", (2, 3, 4, 5, 3), {
            "filters": 2, "kernel_size": 2, "return_sequences": True}),
    ):
        yield f"first_{name}_{len(shape)}", layer(
            name, data_format="channels_first", **options), shape, 0


def mask_cases():
    """Ids, 0 of which are masked: these layers drop the mask."""
    embedding = layer("Embedding", input_dim=4, output_dim=6, mask_zero=True)
    rnn = layer("LSTM", units=3)
    for name, options in (
        ("DepthwiseConv1D", {"kernel_size": 2}),
        ("SeparableConv1D", {"filters": 3, "kernel_size": 2}),
        ("Conv1DTranspose", {"filters": 3, "kernel_size": 2}),
        ("AdaptiveMaxPooling1D", {"output_size": 3}),
        ("Cropping1D", {}), ("UpSampling1D", {}), ("AveragePooling1D", {"pool_size": 2}),
    ):
        yield f"masked_{name}", [embedding, layer(name, **options), rnn], (5, 7), 4
    yield "masked_ids_reshape", [embedding, layer("Reshape", target_shape=(3, 12)), rnn], (
        5, 3, 2), 4
    yield "masked_ids_conv2d", [embedding, layer("Conv2D", filters=2, kernel_size=1)], (
        5, 3, 2), 4


def make_windows(folder):
    write_layers(folder / "windows.json", 2001, convolution_cases, transposed_cases, pooling_cases,
                 image_cases, first_cases, mask_cases)

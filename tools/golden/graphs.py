# SPDX-License-Identifier: Apache-2.0
"""keras/graph_*.keras: functional models written by Keras, what they predict, and a step of training."""

import json

import keras
import numpy as np
from keras import layers as L

from golden.models import fill, precision, sum_repeated_rows
from golden.streams import header, integers, number, numbers, stream


def shared_and_masked():
    """Words and series through one LSTM, masks joined, states handed on, two outputs."""
    words, series = L.Input((4,), name="words"), L.Input((4, 2), name="series")
    shared = L.LSTM(3, return_sequences=True, name="shared")
    joined = L.Concatenate()([shared(L.Embedding(5, 2, mask_zero=True)(words)), shared(series)])
    last, h, c = L.LSTM(2, return_state=True, name="encoder")(joined)
    decoded = L.GRU(2)(series, initial_state=h)
    price = L.Dense(1, name="price")(L.Add()([last, decoded]))
    kind = L.Dense(3, activation="softmax", name="kind")(c)
    model = keras.Model([words, series], [price, kind])
    model.compile(keras.optimizers.Adam(0.01), ["mse", "sparse_categorical_crossentropy"],
                  loss_weights=[1.0, 0.5], metrics=[["mae"], ["accuracy"]])
    x = [integers(1, (5, 4), 5), stream(2, (5, 4, 2))]
    return model, x, [stream(3, (5, 1)), integers(4, (5, 1), 3)]


def merges():
    a, b, c = L.Input((4, 3), name="a"), L.Input((4, 3), name="b"), L.Input((1, 3), name="c")
    d = L.Dense(3, activation="tanh")(a)
    parts = [L.Add()([d, b, c]), L.Subtract()([d, b]), L.Multiply()([d, b, d]), L.Average()([a, d]),
             L.Maximum()([d, b, c]), L.Minimum()([d, b])]
    joined = L.Concatenate(axis=1)(parts)
    dotted = L.Dot(axes=(2, 2))([joined, d])
    flat = L.GRU(3)(L.Concatenate()([joined, dotted]))
    last = L.Concatenate()([flat, L.Dot(axes=1)([flat, flat])])
    model = keras.Model([a, b, c], L.Dense(2)(last))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model, [stream(1, (5, 4, 3)), stream(2, (5, 4, 3)), stream(3, (5, 1, 3))], [
        stream(4, (5, 2))]


def encoder_decoder():
    source, target = L.Input((None, 2), name="source"), L.Input((None, 3), name="target")
    both = L.Bidirectional(L.LSTM(2, return_state=True), name="both")
    code, fh, fc, bh, bc = both(L.Masking()(source))
    states = [L.Concatenate()([fh, bh]), L.Concatenate()([fc, bc])]
    sequence, h, c = L.LSTM(4, return_sequences=True, return_state=True)(
        target, initial_state=states)
    forth, back = L.Bidirectional(L.SimpleRNN(2, return_sequences=True), merge_mode=None)(sequence)
    steps = L.TimeDistributed(L.Dense(3, activation="softmax"), name="steps")(
        L.Multiply()([forth, back]))
    model = keras.Model([source, target], [steps, L.Dense(1, name="code")(code)])
    model.compile(keras.optimizers.Adam(0.01), ["categorical_crossentropy", "mse"])
    x = [stream(1, (5, 4, 2)), stream(2, (5, 3, 3))]
    x[0][1, :2] = x[0][2, 3:] = 0
    return model, x, [np.eye(3, dtype="float32")[integers(3, (5, 3), 3)], stream(4, (5, 1))]


def weighted_outputs():
    """Weights of samples and steps, a second batch of fewer rows."""
    x = L.Input((4, 2), name="series")
    states = L.GRU(3, return_sequences=True)(x)
    model = keras.Model(x, [L.Dense(2, name="steps")(states),
                            L.Dense(1, name="last")(L.Flatten()(states))])
    model.compile(keras.optimizers.Adam(0.01), ["mse", "mae"], loss_weights=[0.5, 2.0],
                  metrics=[["mae"], ["mse"]], weighted_metrics=[["mae", "mse"], ["mae"]])
    x, y = [stream(1, (7, 4, 2))], [stream(2, (7, 4, 2)), stream(3, (7, 1))]
    return model, x, y, [np.abs(stream(4, (7, 4))), np.abs(stream(5, (7,)))]


def attentions():
    """Masked queries and values, keys of their own, weights of values handed on."""
    words, series = L.Input((4,), name="words"), L.Input((5, 3), name="series")
    query = L.Embedding(6, 3, mask_zero=True, name="query")(words)
    value = L.Masking()(series)
    key = L.Dense(3, name="key")(series)
    dot, scores = L.Attention(use_scale=True)([query, value], return_attention_scores=True)
    causal = L.Attention()([query, value, key], use_causal_mask=True)
    concat = L.Attention(score_mode="concat", use_scale=True, dropout=0.0)([query, value])
    plain = L.Attention(score_mode="concat")([series, series])
    added = L.AdditiveAttention()([query, value, key])
    free = L.AdditiveAttention(use_scale=False)([query, series], use_causal_mask=True)
    joined = L.Concatenate()([dot, causal, concat, added, free])
    outputs = [L.LSTM(2)(joined), L.GRU(2)(L.Concatenate()([plain, series])), scores]
    model = keras.Model([words, series], outputs)
    model.compile(keras.optimizers.Adam(0.01), ["mse"] * 3)
    x = [integers(1, (5, 4), 6), stream(2, (5, 5, 3))]
    x[0][0] = [0, 3, 0, 2]
    x[1][1, 3:] = x[1][2, 0] = 0
    return model, x, [stream(3, (5, 2)), stream(4, (5, 2)), stream(5, (5, 4, 5))]


def multi_head_attentions():
    """Each reads tensors of its own: Keras takes their masks away for those that come later."""
    words, series = L.Input((4,), name="words"), L.Input((5, 3), name="series")
    queries = [L.Embedding(6, 3, mask_zero=True)(words) for _ in range(3)]
    values = [L.Masking()(series) for _ in range(3)]
    key = L.Dense(2, name="key")(series)
    plain = L.MultiHeadAttention(2, 3)(series, series)
    masked = L.MultiHeadAttention(2, 2, value_dim=3, output_shape=4)(
        queries[0], values[0])
    causal = L.MultiHeadAttention(1, 2, use_bias=False)(
        query=queries[1], value=values[1], key=key, use_causal_mask=True)
    window = L.MultiHeadAttention(3, 2, sliding_window=2)(queries[2], queries[2])
    # Of other inputs than these: Keras puts the masks of scores on the scores.
    scored, scores = L.MultiHeadAttention(3, 2)(series, key, return_attention_scores=True)
    regular = L.MultiHeadAttention(
        2, 1, kernel_regularizer=keras.regularizers.L2(0.02),
        bias_constraint=keras.constraints.NonNeg())(series, values[2])
    joined = L.LayerNormalization()(L.Concatenate()([masked, causal, window]))
    outputs = [L.LSTM(2)(joined), L.GRU(2)(L.Concatenate()([plain, regular, scored])), scores]
    model = keras.Model([words, series], outputs)
    model.compile(keras.optimizers.Adam(0.01), ["mse"] * 3)
    x = [integers(1, (5, 4), 6), stream(2, (5, 5, 3))]
    x[0][0] = [0, 3, 0, 2]
    x[1][1, 3:] = x[1][2, 0] = 0
    return model, x, [stream(3, (5, 2)), stream(4, (5, 2)), stream(5, (5, 3, 5, 5))]


def joined_masks():
    """A step counts when it does in one of two inputs; ids of two axes lose their mask."""
    a, b = L.Input((4, 2), name="a"), L.Input((4, 3), name="b")
    ids = L.Input((4, 2), dtype="int32", name="ids")
    joined = L.Concatenate()([L.Masking()(a), L.Masking()(b)])
    words = L.Reshape((4, 6))(L.Embedding(4, 3, mask_zero=True)(ids))
    ends = L.Concatenate()([L.LSTM(3)(joined), L.GRU(2)(words)])
    model = keras.Model([a, b, ids], L.Dense(2)(ends))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = [stream(1, (5, 4, 2)), stream(2, (5, 4, 3)), integers(3, (5, 4, 2), 4)]
    x[0][0, 1:] = x[0][1, :3] = x[1][0, 2:] = x[1][1, :2] = x[1][3, 3] = 0
    return model, x, [stream(4, (5, 2))]


def images():
    """Layers on images and steps, some with features first, as far as TensorFlow runs them."""
    first = {"data_format": "channels_first"}
    image, steps = L.Input((4, 5, 2), name="image"), L.Input((7, 3), name="steps")
    y = L.ZeroPadding2D(((1, 0), (2, 1)))(image)
    y = L.SeparableConv2D(3, (2, 3), padding="same", activation="tanh")(y)
    y = L.AdaptiveMaxPooling2D((3, 4))(L.DepthwiseConv2D(2, depth_multiplier=2)(y))
    y = L.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1)(y)
    y = L.Cropping2D(((1, 2), (0, 3)))(L.SpatialDropout2D(0.0)(y))
    y = L.UpSampling2D((2, 1), interpolation="bilinear")(y)
    y = L.ZeroPadding2D(1, **first)(L.UpSampling2D(2, **first)(y))
    y = L.Flatten(**first)(L.AdaptiveAveragePooling2D((2, 3), **first)(y))
    z = L.SeparableConv1D(4, 3, depth_multiplier=2)(steps)
    z = L.DepthwiseConv1D(2, **first)(L.Conv1DTranspose(3, 2, strides=2)(z))
    z = L.GRU(3)(L.AdaptiveAveragePooling1D(4)(z))
    model = keras.Model([image, steps], L.Dense(2)(L.Concatenate()([y, z])))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model, [stream(1, (5, 4, 5, 2)), stream(2, (5, 7, 3))], [stream(3, (5, 2))]


def activities():
    """Penalties on states that nobody reads, on parts of a layer, in a nested model, of a layer that
    is called twice."""
    both = keras.regularizers.L1L2(l1=0.02, l2=0.03)
    words, series = L.Input((4,), name="words"), L.Input((5, 3), name="series")
    embedded = L.Embedding(6, 3, mask_zero=True, activity_regularizer="l2")(words)
    last, h, c = L.LSTM(3, return_state=True, activity_regularizer=both)(embedded)
    heads = L.MultiHeadAttention(2, 3, activity_regularizer=both)(series, L.Dense(2)(series))
    forth, fh, bh = L.Bidirectional(L.GRU(2, return_state=True, activity_regularizer=both))(heads)
    shared = L.Dense(2, activity_regularizer="l1", activation="tanh")
    # Not by rows: Keras's fit does not know how many there will be.
    skewed = L.Dense(3, activity_regularizer=keras.regularizers.OrthogonalRegularizer(
        0.5, mode="columns"))
    inner = keras.Sequential([L.Dense(2, activity_regularizer=both), L.Identity()])
    joined = L.Concatenate()([shared(last), shared(skewed(forth)),
                              inner(h), L.ActivityRegularization(l1=0.1)(bh)])
    outputs = [L.Dense(2, name="price")(joined),
               L.Dense(3, activation="softmax", activity_regularizer=both, name="kind")(joined)]
    model = keras.Model([words, series], outputs)
    model.compile(keras.optimizers.Adam(0.01), ["mse", "sparse_categorical_crossentropy"],
                  loss_weights=[0.5, 2.0])
    x = [integers(1, (5, 4), 6), stream(2, (5, 5, 3))]
    x[0][0] = [0, 3, 0, 2]
    return model, x, [stream(3, (5, 2)), integers(4, (5, 1), 3)]


def gated_attentions():
    """Gates, and heads of queries that share those of values."""
    words, series = L.Input((4,), name="words"), L.Input((5, 3), name="series")
    queries = [L.Embedding(6, 3, mask_zero=True)(words) for _ in range(3)]
    values = [L.Masking()(series) for _ in range(2)]
    key = L.Dense(2, name="key")(series)
    gated = L.MultiHeadAttention(2, 2, value_dim=3, use_gate=True)(queries[0], values[0])
    grouped = L.GroupQueryAttention(2, 4, 2)(queries[1], values[1])
    causal = L.GroupQueryAttention(3, 6, 2, use_gate=True, use_bias=False)(
        query=queries[2], value=series, key=key, use_causal_mask=True)
    window = L.GroupQueryAttention(
        1, 3, 1, use_gate=True, sliding_window=2, kernel_regularizer="l2",
        activity_regularizer=keras.regularizers.L1L2(l1=0.02, l2=0.03))(series, series)
    scored, scores = L.GroupQueryAttention(2, 2, 2)(
        L.Dense(3)(series), L.Dense(3)(series), return_attention_scores=True)
    outputs = [L.LSTM(2)(L.Concatenate()([gated, grouped, causal])),
               L.GRU(2)(L.Concatenate()([window, scored])), scores]
    model = keras.Model([words, series], outputs)
    model.compile(keras.optimizers.Adam(0.01), ["mse"] * 3)
    x = [integers(1, (5, 4), 6), stream(2, (5, 5, 3))]
    x[0][0] = [0, 3, 0, 2]
    x[1][1, 3:] = x[1][2, 0] = 0
    return model, x, [stream(3, (5, 2)), stream(4, (5, 2)), stream(5, (5, 2, 5, 5))]


def more_options():
    """Cosines, states of convolutions, and dropout with noise_shape in a model that is at rest."""
    series, film = L.Input((4, 3), name="series"), L.Input((3, 5, 2), name="film")
    both = keras.regularizers.L1L2(l1=0.02, l2=0.03)
    first = L.Dense(2, activation="tanh")(L.Dropout(0.0, noise_shape=(None, 1, 3))(series))
    last, h, c = L.ConvLSTM1D(2, 2, return_state=True, activity_regularizer=both)(film)
    images, h2, _ = L.ConvLSTM1D(2, 2, padding="same", return_sequences=True, return_state=True,
                                 go_backwards=True)(L.AlphaDropout(0.0, noise_shape=(1, 1, 5, 2))(film))
    cosines = L.Dot(axes=(2, 2), normalize=True)([first, h])
    more = L.Dot(axes=1, normalize=True)([last, c])
    one = L.Dot(axes=1, normalize=True)([L.Flatten()(first), L.Flatten()(last)])
    joined = L.Concatenate()([L.Flatten()(part) for part in (cosines, more, one, images, h2)])
    model = keras.Model([series, film], L.Dense(2)(joined))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = [stream(1, (5, 4, 3)), stream(2, (5, 3, 5, 2))]
    return model, x, [stream(3, (5, 2))]


def tied_weights():
    """Embeddings that lead back: with one table or two, capped, masked, back before forth."""
    words, series = L.Input((4,), name="words"), L.Input((4, 3), name="series")
    tied = L.ReversibleEmbedding(6, 3, mask_zero=True, name="tied")
    hidden = L.LSTM(3, return_sequences=True)(tied(words))
    capped = L.ReversibleEmbedding(
        5, 3, logit_soft_cap=0.8, embeddings_regularizer="l2", activity_regularizer="l1")
    back = capped(L.GRU(3)(series), reverse=True)
    pair = L.ReversibleEmbedding(6, 2, tie_weights=False, embeddings_constraint="non_neg")
    forth = L.SimpleRNN(2, return_sequences=True)(pair(words))
    outputs = [tied(hidden, reverse=True), pair(forth, reverse=True),
               L.Concatenate()([back, L.Flatten()(capped(L.Identity()(words)))])]
    model = keras.Model([words, series], outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), [loss, loss, "mse"])
    x = [integers(1, (5, 4), 5), stream(2, (5, 4, 3))]
    x[0][0] = [0, 3, 0, 2]
    return model, x, [integers(3, (5, 4, 1), 6), integers(4, (5, 4, 1), 6), stream(5, (5, 17))]


def unseen_masks():
    """Masks that only a model that runs has: out of models, into them, of embeddings that lead back.
    Concatenate joins those that the graph shows, if it shows any."""
    words, series = L.Input((4,), name="words"), L.Input((4, 3), name="series")
    embedded = L.Embedding(6, 3, mask_zero=True)(words)
    back = L.ReversibleEmbedding(6, 2, mask_zero=True)(words)
    masked = L.Masking()(series)
    a, b = L.Input((4, 3)), L.Input((4, 3))
    joined = L.Concatenate()([L.Masking()(a), L.GRU(2, return_sequences=True)(b)])
    inner = keras.Model([a, b], L.LSTM(2, return_sequences=True)(joined), name="inner")
    steps = L.Dense(2, activation="tanh")(inner([masked, embedded]))
    ends = [L.GRU(2)(L.Concatenate()([masked, steps])), L.LSTM(2)(L.Concatenate()([back, embedded])),
            L.SimpleRNN(2)(L.Concatenate()([steps, back])), L.GRU(3)(L.Add()([steps, back])),
            L.GRU(2)(L.Concatenate(axis=1)([back, steps]))]
    model = keras.Model([words, series], L.Dense(2)(L.Concatenate()(ends)))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = [integers(1, (5, 4), 6), stream(2, (5, 4, 3))]
    x[0][0] = [0, 3, 0, 2]
    x[1][1, 3:] = x[1][2, 0] = x[1][0, 1:3] = 0
    return model, x, [stream(3, (5, 2))]


def stored(array):
    return {"shape": list(array.shape), "values": numbers(np.asarray(array, "float32"))}


def graph_case(folder, seed, make):
    with precision("float32"):
        model, x, y, *weights = make()
        fill(model, seed)
        path = folder / f"graph_{make.__name__}.keras"
        model.save(path)
        expected = {"x": [stored(a) for a in x], "y": [stored(a) for a in y],
                    "weights": [stored(w) for w in model.get_weights()]}
        if weights:
            expected["sample_weight"] = [stored(w) for w in weights[0]]
        predicted = model.predict(x, verbose=0)
        expected["predict"] = [
            stored(p) for p in (predicted if isinstance(predicted, list) else [predicted])]
        sum_repeated_rows(model.optimizer)
        history = model.fit(x, y, sample_weight=(*weights, None)[0], batch_size=5, epochs=1, shuffle=False, verbose=0).history
        expected["history"] = {key: number(value[0]) for key, value in history.items()}
        expected["weights_after"] = [stored(w) for w in model.get_weights()]
    text = json.dumps(header())[:-1] + ", " + json.dumps(expected)[1:] + "\n"
    path.with_suffix(".json").write_text(text, encoding="ascii")
    print(f"{path}: {path.stat().st_size} + {len(text)} bytes")


def make_graphs(folder):
    folder = folder / "keras"
    folder.mkdir(exist_ok=True)
    for seed, make in enumerate((shared_and_masked, merges, encoder_decoder, weighted_outputs,
                                 attentions, multi_head_attentions, joined_masks, images),
                                2201):
        graph_case(folder, seed, make)
    for seed, make in enumerate((activities, gated_attentions, more_options, tied_weights,
                                 unseen_masks), 2207):
        graph_case(folder, seed, make)

// SPDX-License-Identifier: Apache-2.0
/// The chapter's p27_rnn_embedding_1pre1.py: one letter in, as an id, the next letter out.
///
/// Leaves checkpoint/rnn_embedding_1pre1.weights.h5, weights.txt and rnn_embedding_1pre1.png in the
/// current folder, then asks for letters.
#include <algorithm>
#include <filesystem>

#include "console.hpp"
#include "engram/engram.hpp"

using namespace engram;

int main() {
  try {
    const std::string input_word = "abcde";

    // Letters as ids: a 0, b 1, c 2, d 3, e 4; after each letter comes the next, after e comes a.
    Tensor x_train({5, 1}, {0, 1, 2, 3, 4});
    Tensor y_train({5}, {1, 2, 3, 4, 0});

    // The same seed before each shuffle: inputs and answers keep together.
    x_train = take_rows(x_train, NumpyRandom(7).shuffle_order(5));
    y_train = take_rows(y_train, NumpyRandom(7).shuffle_order(5));

    Sequential model({
        Embedding{.input_dim = 5, .output_dim = 2},
        SimpleRNN{.units = 3},
        Dense{.units = 5, .activation = "softmax"},
    });

    model.compile({.optimizer = Adam{.learning_rate = 0.01f},
                   .loss = SparseCategoricalCrossentropy{.from_logits = false},
                   .metrics = {"sparse_categorical_accuracy"}});
    model.build({1});

    const std::string checkpoint_save_path = "checkpoint/rnn_embedding_1pre1.weights.h5";
    if (std::filesystem::exists(checkpoint_save_path)) {
      print("-------------load the model-----------------\n");
      load_weights(model, checkpoint_save_path);
    }
    // There is no test set: the best epoch is the one with the lowest training loss.
    const ModelCheckpoint cp_callback = {.filepath = checkpoint_save_path,
                                         .monitor = "loss",
                                         .save_best_only = true,
                                         .save_weights_only = true,
                                         .min_seconds = 1};

    const History history = model.fit(x_train,
                                      y_train,
                                      {.batch_size = 32,
                                       .epochs = 100,
                                       .callbacks = {cp_callback},
                                       .progress = print,
                                       .is_terminal = is_terminal()});
    print(model.summary());

    write_weights_txt(model, "weights.txt");

    const std::vector<double>& acc = history.history.at("sparse_categorical_accuracy");
    const std::vector<double>& loss = history.history.at("loss");
    write_png(accuracy_loss_figure({.loss = loss, .accuracy = acc}), "rnn_embedding_1pre1.png");

    const int pre_num = std::atoi(input("input the number of test alphabet:").c_str());
    for (int i = 0; i < pre_num; ++i) {
      const std::string alphabet1 = input("input test alphabet:");
      Tensor alphabet({1, 1});
      for (std::size_t step = 0; step < 1; ++step) {
        alphabet.data()[step] = static_cast<float>(input_word.find(alphabet1.at(step)));
      }
      const Tensor result = model.predict(alphabet);
      const auto best = std::max_element(result.values().begin(), result.values().end());
      const auto pred = static_cast<std::size_t>(best - result.values().begin());
      print(alphabet1 + "->" + input_word[pred] + "\n");
    }
  } catch (const std::exception& fault) {
    print(std::string("error: ") + fault.what() + "\n");
    return 1;
  }
}

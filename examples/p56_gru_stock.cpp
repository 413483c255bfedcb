// SPDX-License-Identifier: Apache-2.0
/// The chapter's p56_gru_stock.py: 60 days of opening prices in, the next day's opening price out.
///
/// Usage: p56_gru_stock [FILE.csv]      (default: the simulated series that comes with engram)
/// Leaves checkpoint/gru_stock.weights.h5, weights.txt and two pictures in the current folder.
#include <fmt/format.h>

#include <filesystem>

#include "console.hpp"
#include "engram/engram.hpp"

using namespace engram;

int main(int argc, char** argv) {
  try {
    // The file, and its opening prices: the third column.
    const CsvTable maotai = read_series(argc > 1 ? argv[1] : "simulated");
    const auto [training_set, test_set] = split_last(maotai.column(2), 300);

    // Prices to [0, 1], by the training set alone.
    MinMaxScaler sc;
    sc.fit(training_set);
    const std::vector<double> training_set_scaled = sc.transform(training_set);
    const std::vector<double> test_set_scaled = sc.transform(test_set);

    // Every 60 days, and the day after them; the training samples in random order.
    auto [x_train, y_train] = sliding_windows(training_set_scaled, 60);
    const auto [x_test, y_test] = sliding_windows(test_set_scaled, 60);
    x_train = take_rows(x_train, NumpyRandom(7).shuffle_order(x_train.shape()[0]));
    y_train = take_rows(y_train, NumpyRandom(7).shuffle_order(y_train.shape()[0]));

    Sequential model({
        GRU{.units = 80, .return_sequences = true},
        Dropout{.rate = 0.2f},
        GRU{.units = 100},
        Dropout{.rate = 0.2f},
        Dense{.units = 1},
    });

    model.compile({.optimizer = Adam{.learning_rate = 0.001f}, .loss = "mean_squared_error"});
    model.build({60, 1});

    const std::string checkpoint_save_path = "checkpoint/gru_stock.weights.h5";
    if (std::filesystem::exists(checkpoint_save_path)) {
      print("-------------load the model-----------------\n");
      load_weights(model, checkpoint_save_path);
    }
    const ModelCheckpoint cp_callback = {.filepath = checkpoint_save_path,
                                         .monitor = "val_loss",
                                         .save_best_only = true,
                                         .save_weights_only = true,
                                         .min_seconds = 1};

    const History history = model.fit(x_train,
                                      y_train,
                                      {.batch_size = 64,
                                       .epochs = 50,
                                       .callbacks = {cp_callback},
                                       .validation_data = {x_test, y_test},
                                       .validation_freq = 1,
                                       .progress = print,
                                       .is_terminal = is_terminal()});
    print(model.summary());

    write_weights_txt(model, "weights.txt");

    // Training and validation loss.
    const std::vector<double>& loss = history.history.at("loss");
    const std::vector<double>& val_loss = history.history.at("val_loss");
    write_png(loss_figure({.loss = loss, .val_loss = val_loss}), "gru_stock_loss.png");

    // Predictions, and the real prices of the same days.
    const Tensor predicted = model.predict(x_test);
    const std::vector<double> predicted_stock_price = sc.inverse_transform(predicted.values());
    const std::vector<double> real_stock_price = window_targets(test_set, 60);
    const std::vector<double> yesterdays_price = naive_forecast(test_set, 60);
    write_png(forecast_figure({.real = real_stock_price,
                               .predicted = predicted_stock_price,
                               .naive = yesterdays_price,
                               .title = "Stock price prediction"}),
              "gru_stock_forecast.png");

    // The original prints the first column; beside it: what "as yesterday" reaches on the same
    // days.
    const ForecastErrors model_errors = forecast_errors(predicted_stock_price, real_stock_price);
    const ForecastErrors naive_errors = forecast_errors(yesterdays_price, real_stock_price);
    print(fmt::format(
        "均方误差: {:.6f}  (naive forecast: {:.6f})\n", model_errors.mse, naive_errors.mse));
    print(fmt::format(
        "均方根误差: {:.6f}  (naive forecast: {:.6f})\n", model_errors.rmse, naive_errors.rmse));
    print(fmt::format(
        "平均绝对误差: {:.6f}  (naive forecast: {:.6f})\n", model_errors.mae, naive_errors.mae));
  } catch (const Error& fault) {
    print(fmt::format("error: {}\n", fault.what()));
    return 1;
  }
}

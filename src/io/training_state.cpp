// SPDX-License-Identifier: Apache-2.0
#include "io/training_state.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "formats/bounds.hpp"
#include "formats/hdf5.hpp"
#include "formats/npy.hpp"
#include "io/config.hpp"

namespace engram::io {

using formats::H5File;

namespace {

constexpr const char* kStateMember = "engram/state.json";
constexpr const char* kHistoryMember = "engram/history.h5";  // JSON's limits allow few epochs

constexpr const char* kMasksStop = "up_to_recurrent_layers";

/// JSON has no NaN and no infinities: they are written as texts.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(fmt::format("{}", value));
}

double read_number(const JsonAt& at) {
  if (!at.value().is_string()) {
    return at.as_double();
  }
  const std::string& text = at.as_string();
  if (text == "inf" || text == "-inf") {
    return text == "inf" ? HUGE_VAL : -HUGE_VAL;
  }
  if (text != "nan" && text != "-nan") {
    at.refuse("a number, or 'nan', 'inf' or '-inf'");
  }
  return std::nan("");
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) {
    list.push_back(number(value));
  }
  return list;
}

std::vector<double> read_numbers(const JsonAt& at) {
  std::vector<double> values;
  for (std::size_t i = 0; i < at.size(); ++i) {
    values.push_back(read_number(at[i]));
  }
  return values;
}

constexpr const char* kStatesMember = "engram/states.npy";  // that stateful layers carry

/// The `i`th array of a callback, counted through its names, which are no paths.
std::string tensor_member(std::size_t callback, std::size_t i) {
  return fmt::format("engram/callbacks/{}/{}.npy", callback, i);
}

Json callback_json(const CallbackMemory& memory) {
  Json tensors = Json::object();
  for (const auto& [name, list] : memory.tensors) {
    tensors[name] = list.size();
  }
  Json values = Json::object();
  for (const auto& [name, value] : memory.numbers) {
    values[name] = number(value);
  }
  return {{"numbers", std::move(values)}, {"tensors", std::move(tensors)}};
}

Json training_json(const TrainingState& s) {
  Json history = Json::array();
  for (const auto& [name, values] : s.history) {
    history.push_back(name);
  }
  Json callbacks = Json::array();
  for (const CallbackMemory& memory : s.callbacks) {
    callbacks.push_back(callback_json(memory));
  }
  return {{"epoch", s.epoch},
          {"batch", s.batch},
          {"loss_sum", number(s.sums.loss_sum)},
          {"row_sum", number(s.sums.rows)},
          {"metric_sums", numbers(s.sums.metric_sums)},
          {"rows", s.rows},
          {"batch_size", s.batch_size},
          {"shuffle", s.shuffle},
          {"history", std::move(history)},
          {"callbacks", std::move(callbacks)}};
}

/// The epochs done, and the values of each name in the order of the JSON's list.
std::string history_h5(const TrainingState& s) {
  H5File file;
  const auto put = [&](const std::string& path, const auto& values) {
    file.datasets[path] = {.shape = {static_cast<std::int64_t>(values.size())}, .values = values};
  };
  put("epochs", s.epochs_done);
  std::size_t column = 0;
  for (const auto& [name, values] : s.history) {
    put(std::to_string(column++), values);
  }
  return formats::write_h5(file);
}

void read_history(const JsonAt& names,
                  const formats::ZipReader& zip,
                  const std::string& where,
                  TrainingState& s) {
  if (names.size() == 0) {
    return;  // stopped in the first epoch
  }
  const std::string place = where + ": " + kHistoryMember;
  const std::string bytes = zip.read(kHistoryMember, formats::kLargestArray);
  const H5File file = formats::read_h5(bytes, place);
  const auto take = [&](const std::string& path, auto& values) {
    const auto found = file.datasets.find(path);
    const auto* column = found == file.datasets.end()
                             ? nullptr
                             : std::get_if<std::decay_t<decltype(values)>>(&found->second.values);
    if (column == nullptr) {
      throw error<FileError>(
          {.where = place + ": " + path, .expected = "a column of numbers", .got = "none"});
    }
    values = *column;
  };
  take("epochs", s.epochs_done);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<double>& values = s.history[names[i].as_string()];
    take(std::to_string(i), values);
    if (values.size() > s.epochs_done.size()) {
      names[i].refuse(fmt::format("at most {} values", s.epochs_done.size()));
    }
  }
}

Tensor read_tensor(const std::string& member,
                   const formats::ZipReader& zip,
                   const std::string& where) {
  try {
    return formats::read_npy(zip.read(member, formats::kLargestArray), where + ": " + member);
  } catch (const DataError& problem) {
    throw FileError(problem.what());
  }
}

CallbackMemory read_callback(const JsonAt& at,
                             std::size_t callback,
                             const formats::ZipReader& zip,
                             const std::string& where) {
  CallbackMemory memory;
  std::size_t next = 0;
  for (const auto& [name, value] : at["numbers"].value().items()) {
    memory.numbers[name] = read_number(at["numbers"][name]);
  }
  for (const auto& [name, value] : at["tensors"].value().items()) {
    std::vector<Tensor>& list = memory.tensors[name];
    for (std::int64_t left = at["tensors"][name].as_int(); left > 0; --left) {
      list.push_back(read_tensor(tensor_member(callback, next++), zip, where));
    }
  }
  return memory;
}

/// The states that stateful layers had. Errors: FileError.
std::vector<float> read_states(const formats::ZipReader& zip,
                               const std::string& where,
                               const ModelData& data) {
  if (data.network.carried == 0) {
    return {};
  }
  const Tensor states = read_tensor(kStatesMember, zip, where);
  const std::int64_t wanted = data.network.carried * data.batch_size.value_or(0);
  if (states.size() != wanted) {
    throw error<FileError>({.where = where + ": " + kStatesMember,
                            .expected = fmt::format("{} values", wanted),
                            .got = to_string(states.shape())});
  }
  return {states.values().begin(), states.values().end()};
}

TrainingState read_training(const JsonAt& at,
                            const formats::ZipReader& zip,
                            const std::string& where) {
  TrainingState s{.epoch = at["epoch"].as_int(), .batch = at["batch"].as_int()};
  s.sums = {.loss_sum = read_number(at["loss_sum"]),
            .rows = read_number(at["row_sum"]),
            .metric_sums = read_numbers(at["metric_sums"])};
  s.rows = at["rows"].as_int();
  s.batch_size = at["batch_size"].as_int();
  s.shuffle = at["shuffle"].as_bool();
  if (s.epoch < 0 || s.batch < 0 || s.rows < 1 || s.batch_size < 1) {
    at.refuse("epoch and batch of 0 or more, rows and batch_size of 1 or more");
  }
  read_history(at["history"], zip, where, s);
  const JsonAt callbacks = at["callbacks"];
  for (std::size_t i = 0; i < callbacks.size(); ++i) {
    s.callbacks.push_back(read_callback(callbacks[i], i, zip, where));
  }
  return s;
}

}  // namespace

std::vector<formats::ZipMember> state_members(const ModelData& data) {
  Json state = {{"engram", 1}, {"seed", std::to_string(data.seed)}, {"notes", Json::object()}};
  for (const auto& [key, text] : data.notes) {
    state["notes"][key] = text;
  }
  if (data.network.masks_stop_at_recurrent) {
    state["mask_propagation"] = kMasksStop;
  }
  std::vector<formats::ZipMember> members(1);
  if (const std::optional<TrainingState> training = current_training_state(data)) {
    state["training"] = training_json(*training);
    if (!training->states.empty()) {
      const auto size = static_cast<std::int64_t>(training->states.size());
      members.push_back({kStatesMember, formats::write_npy(Tensor({size}, training->states))});
    }
    if (!training->epochs_done.empty()) {
      members.push_back({kHistoryMember, history_h5(*training)});
    }
    for (std::size_t callback = 0; callback < training->callbacks.size(); ++callback) {
      std::size_t next = 0;
      for (const auto& [name, list] : training->callbacks[callback].tensors) {
        for (const Tensor& tensor : list) {
          members.push_back({tensor_member(callback, next++), formats::write_npy(tensor)});
        }
      }
    }
  }
  members[0] = {kStateMember, json_text(state, kStateMember)};
  return members;
}

void read_state(const formats::ZipReader& zip, const std::string& where, ModelData& data) {
  if (!zip.contains(kStateMember)) {
    return;
  }
  const std::string place = where + ": " + kStateMember;
  const Json json = formats::parse_json(zip.read(kStateMember, formats::kLargestJson), place);
  const JsonAt state(json, place);
  if (state["engram"].as_int() != 1) {
    state["engram"].refuse("version 1", "The file is of a newer engram.");
  }
  const std::string& seed = state["seed"].as_string();
  const char* end = seed.data() + seed.size();
  const auto [stop, failure] = std::from_chars(seed.data(), end, data.seed);
  if (failure != std::errc() || stop != end) {
    state["seed"].refuse("a whole number below 2^64");
  }
  for (const auto& [key, value] : state["notes"].value().items()) {
    data.notes[key] = state["notes"][key].as_string();
  }
  if (state.has("mask_propagation")) {
    if (state["mask_propagation"].as_string() != kMasksStop) {
      state["mask_propagation"].refuse(fmt::format("'{}', or nothing", kMasksStop));
    }
    data.network.masks_stop_at_recurrent = true;
  }
  if (state.has("training")) {
    const JsonAt at = state["training"];
    data.training = read_training(at, zip, where);
    data.training->states = read_states(zip, where, data);
    const std::size_t sums = data.training->sums.metric_sums.size();
    const NetworkShapes shapes = shapes_of(data.network, *data.inputs);
    const std::size_t outputs = data.network.outputs.size();
    std::size_t wanted = outputs > 1 ? 2 * outputs : 0;  // EpochSums says what they are
    for (std::size_t i = 0; data.compiled && i < outputs; ++i) {
      const std::int64_t last = shapes.of(data.network.outputs[i]).back();
      for (const auto* metrics : {&data.metrics_of(i), &data.weighted_metrics_of(i)}) {
        for (const Metric& metric : judged_metrics(*metrics)) {
          wanted += static_cast<std::size_t>(sums_of(metric, last)) + 1;
        }
      }
    }
    if (data.compiled && sums > 0 && sums != wanted) {
      at["metric_sums"].refuse(fmt::format("{} sums", wanted));
    }
  }
}

}  // namespace engram::io

// SPDX-License-Identifier: Apache-2.0
#include "io/training_state.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "formats/bounds.hpp"
#include "formats/json.hpp"
#include "formats/npy.hpp"

namespace engram::io {

using formats::Json;
using formats::JsonAt;

namespace {

constexpr const char* kStateMember = "engram/state.json";

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

std::string tensor_member(std::size_t callback, const std::string& name, std::size_t i) {
  return fmt::format("engram/callbacks/{}/{}/{}.npy", callback, name, i);
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
  Json history = Json::object();
  for (const auto& [name, values] : s.history) {
    history[name] = numbers(values);
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
          {"metric_weight", number(s.sums.metric_weight)},
          {"rows", s.rows},
          {"batch_size", s.batch_size},
          {"shuffle", s.shuffle},
          {"epochs_done", s.epochs_done},
          {"history", std::move(history)},
          {"callbacks", std::move(callbacks)}};
}

CallbackMemory read_callback(const JsonAt& at,
                             std::size_t callback,
                             const formats::ZipReader& zip,
                             const std::string& where) {
  CallbackMemory memory;
  for (const auto& [name, value] : at["numbers"].value().items()) {
    memory.numbers[name] = read_number(at["numbers"][name]);
  }
  for (const auto& [name, value] : at["tensors"].value().items()) {
    const std::int64_t count = at["tensors"][name].as_int();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string member = tensor_member(callback, name, static_cast<std::size_t>(i));
      try {
        memory.tensors[name].push_back(
            formats::read_npy(zip.read(member, formats::kLargestArray), where + ": " + member));
      } catch (const DataError& problem) {
        throw FileError(problem.what());
      }
    }
  }
  return memory;
}

TrainingState read_training(const JsonAt& at,
                            const formats::ZipReader& zip,
                            const std::string& where) {
  TrainingState s{.epoch = at["epoch"].as_int(), .batch = at["batch"].as_int()};
  s.sums = {.loss_sum = read_number(at["loss_sum"]),
            .rows = read_number(at["row_sum"]),
            .metric_sums = read_numbers(at["metric_sums"]),
            .metric_weight = read_number(at["metric_weight"])};
  s.rows = at["rows"].as_int();
  s.batch_size = at["batch_size"].as_int();
  s.shuffle = at["shuffle"].as_bool();
  if (s.epoch < 0 || s.batch < 0 || s.rows < 1 || s.batch_size < 1) {
    at.refuse("epoch and batch of 0 or more, rows and batch_size of 1 or more");
  }
  const JsonAt epochs = at["epochs_done"];
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    s.epochs_done.push_back(epochs[i].as_int());
  }
  for (const auto& [name, value] : at["history"].value().items()) {
    s.history[name] = read_numbers(at["history"][name]);
  }
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
  std::vector<formats::ZipMember> members(1);
  if (const std::optional<TrainingState> training = current_training_state(data)) {
    state["training"] = training_json(*training);
    for (std::size_t callback = 0; callback < training->callbacks.size(); ++callback) {
      for (const auto& [name, list] : training->callbacks[callback].tensors) {
        for (std::size_t i = 0; i < list.size(); ++i) {
          members.push_back({tensor_member(callback, name, i), formats::write_npy(list[i])});
        }
      }
    }
  }
  members[0] = {kStateMember, formats::write_json(state, kStateMember)};
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
  if (seed.empty() || seed.size() > 20 || seed.find_first_not_of("0123456789") != seed.npos) {
    state["seed"].refuse("a seed of 1 to 20 digits");
  }
  data.seed = std::stoull(seed.size() == 20 && seed > "18446744073709551615" ? "0" : seed);
  for (const auto& [key, value] : state["notes"].value().items()) {
    data.notes[key] = state["notes"][key].as_string();
  }
  if (state.has("training")) {
    data.training = read_training(state["training"], zip, where);
  }
}

}  // namespace engram::io

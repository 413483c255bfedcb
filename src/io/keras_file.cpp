// SPDX-License-Identifier: Apache-2.0
/// .keras and .weights.h5 files, whole.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "engram/io.hpp"
#include "formats/bounds.hpp"
#include "formats/files.hpp"
#include "formats/hdf5.hpp"
#include "formats/zip.hpp"
#include "io/config.hpp"
#include "io/cudnn.hpp"
#include "io/keras_file.hpp"
#include "io/training_state.hpp"
#include "io/vocabularies.hpp"
#include "io/weights_h5.hpp"
#include "model/foreign_names.hpp"
#include "model/model_data.hpp"

namespace engram {

using formats::Json;

namespace {

// The Keras whose files these are; a reader of an older one finds nothing that it does not know.
constexpr const char* kKerasVersion = "3.15.1";

void check_built(const ModelData& data, const std::string& filepath) {
  if (!data.is_built()) {
    throw error<StateError>({.where = filepath,
                             .expected = "a built model",
                             .got = "one without weights",
                             .remedy = "Give an Input layer, or train first."});
  }
}

/// The names of all layers, those inside nested models too.
void add_names(const Network& network, std::vector<std::string>& names) {
  for (const NetworkNode& node : network.nodes) {
    names.push_back(node.name);
    if (const NestedModel* nested = nested_model(node.layer)) {
      add_names(nested->network, names);
    }
  }
}

void check_savable(const ModelData& data, const std::string& filepath) {
  check_built(data, filepath);
  std::vector<std::string> names = {data.name};
  add_names(data.network, names);
  for (const std::string& name : names) {
    if (!io::is_plain_name(name)) {
      throw error<OptionError>(
          {.where = filepath,
           .expected = "names of at most 512 bytes without slashes or control characters",
           .got = engram::in_quotes(name)});
    }
  }
}

std::string metadata() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%d@%H:%M:%S", &local);
  const Json json = {{"keras_version", kKerasVersion}, {"date_saved", date.data()}};
  return io::json_text(json, "metadata.json");
}

std::string read_model_file(const std::string& filepath,
                            std::uint64_t largest = formats::kLargestModel) {
  try {
    return formats::read_file(filepath, largest);
  } catch (const DataError& problem) {
    throw FileError(problem.what());  // larger than any model
  }
}

/// A model's building may find sizes that no file could hold weights for.
void check_size(const ModelData& data, const std::vector<Shape>& inputs, const std::string& where) {
  const NetworkShapes shapes = shapes_of(data.network, inputs);
  double floats = 0;
  for (std::size_t i = 0; i < data.network.nodes.size(); ++i) {
    const NetworkNode& node = data.network.nodes[i];
    for (const WeightSpec& weight : node.spec().weights(node.options(), shapes.inputs[i])) {
      double size = 1;
      for (const std::int64_t axis : weight.shape) {
        size *= static_cast<double>(axis);
      }
      floats += size;
    }
  }
  if (floats * sizeof(float) > static_cast<double>(formats::kLargestModel)) {
    throw error<FileError>({.where = where + ": config.json",
                            .expected = "weights of at most 1 GiB",
                            .got = fmt::format("{:.0f} parameters", floats)});
  }
}

/// Builds with zero weights of the sizes that the config says, once the file is known to hold them.
void build_for_reading(ModelData& data,
                       const std::vector<Shape>& inputs,
                       const formats::H5File& weights,
                       const std::string& where) {
  if (inputs.empty()) {
    throw error<FileError>({.where = where + ": config.json",
                            .expected = "the shape of the input",
                            .got = "no InputLayer, build_input_shape or build_config"});
  }
  try {
    check_size(data, inputs, where);
    std::int64_t stored = 0;
    for (const auto& [path, dataset] : weights.datasets) {
      stored += size_of(dataset.shape);
    }
    Network sizes = data.network;
    place_weights(sizes, inputs);
    std::int64_t wanted = 0;
    for (const NetworkWeight& weight : sizes.weights) {
      wanted += weight.size;
    }
    if (stored < wanted) {
      throw error<FileError>({.where = where + ": model.weights.h5",
                              .expected = fmt::format("{} parameters", wanted),
                              .got = fmt::format("{} values in all", stored)});
    }
    build_without_values(data, inputs);
  } catch (const ShapeError& problem) {
    throw FileError(where + ": config.json: " + problem.what());
  } catch (const OptionError& problem) {
    throw FileError(where + ": config.json: " + problem.what());
  }
}

}  // namespace

void save_model(const Model& model, const std::string& filepath) {
  const ModelData& data = model.data();
  check_savable(data, filepath);
  if (!filepath.ends_with(".keras")) {
    throw error<OptionError>({.where = "save_model",
                              .expected = "a file name that ends in .keras",
                              .got = engram::in_quotes(filepath)});
  }
  std::vector<formats::ZipMember> members = {
      {"metadata.json", metadata()},
      {"config.json", io::json_text(io::model_config(data), "config.json")},
      {"model.weights.h5", formats::write_h5(io::weights_h5(data))}};
  for (formats::ZipMember& member : io::state_members(data)) {
    members.push_back(std::move(member));
  }
  const std::string bytes = formats::write_zip(members);
  if (bytes.size() > formats::kLargestModel) {
    throw error<OptionError>({.where = filepath,
                              .expected = "a model of at most 1 GiB with its optimizer's slots",
                              .got = fmt::format("{} bytes", bytes.size())});
  }
  formats::write_file_atomically(filepath, bytes);
}

namespace {

constexpr std::uint64_t kLargestVocabulary = std::uint64_t{64} << 20;

/// The shapes that the Input layers declare, which may depend on vocabularies; none: the config
/// says them otherwise.
std::vector<Shape> inputs_of_file(const ModelData& data, const std::string& place) {
  try {
    return declared_inputs(data.network);
  } catch (const OptionError& problem) {
    throw FileError(place + ": " + problem.what());
  } catch (const ShapeError& problem) {
    throw FileError(place + ": " + problem.what());
  }
}

void read_members(const std::string& filepath,
                  std::string_view config_json,
                  std::string_view h5,
                  const io::MemberReader& member,
                  const LoadOptions& options,
                  ModelData& data) {
  const std::string place = filepath + ": config.json";
  const Json json = formats::parse_json(config_json, place);
  const formats::JsonAt config(json, place);
  const std::string weights_place = filepath + ": model.weights.h5";
  formats::H5File weights = formats::read_h5(h5, weights_place);
  std::vector<Shape> inputs = io::read_model_config(config, data);
  io::take_cudnn_layers(config, weights_place, weights);
  io::read_vocabularies(member, filepath, weights, data.network);
  if (std::vector<Shape> declared = inputs_of_file(data, place); !declared.empty()) {
    inputs = std::move(declared);
  }
  build_for_reading(data, inputs, weights, filepath);
  if (options.compile && config.has("compile_config")) {
    try {
      io::read_compile_config(config["compile_config"], data);
    } catch (const FileError& problem) {
      data.compile_problem = problem.what();  // predictions need no optimizer
    } catch (const OptionError& problem) {
      data.compile_problem = problem.what();
    }
  }
  io::read_weights_h5(weights, weights_place, options.allow_non_finite, data);
  for (const std::string& warning : warnings_of(data)) {
    if (options.warn) {
      options.warn(filepath + ": " + warning);
    }
  }
}

}  // namespace

void io::read_model(const std::string& filepath, const LoadOptions& options, ModelData& data) {
  if (std::filesystem::is_directory(filepath)) {  // by Keras's save(zipped=False)
    read_members(
        filepath,
        read_model_file(filepath + "/config.json", formats::kLargestJson),
        read_model_file(filepath + "/model.weights.h5"),
        [&](const std::string& name) -> std::optional<std::string> {
          const std::string path = filepath + "/" + name;
          if (!std::filesystem::is_regular_file(path)) {
            return std::nullopt;
          }
          return read_model_file(path, kLargestVocabulary);
        },
        options,
        data);
    return;
  }
  const std::string bytes = read_model_file(filepath);
  const formats::ZipReader zip(bytes, filepath);
  read_members(
      filepath,
      zip.read("config.json", formats::kLargestJson),
      zip.read("model.weights.h5", formats::kLargestModel),
      [&](const std::string& name) -> std::optional<std::string> {
        if (!zip.contains(name)) {
          return std::nullopt;
        }
        return zip.read(name, kLargestVocabulary);
      },
      options,
      data);
  io::read_state(zip, filepath, data);
}

Model load_model(const std::string& filepath, const LoadOptions& options) {
  Model model;
  io::read_model(filepath, options, model.data());
  return model;
}

void save_weights(const Model& model, const std::string& filepath) {
  check_savable(model.data(), filepath);
  if (!filepath.ends_with(".weights.h5")) {
    throw error<OptionError>({.where = "save_weights",
                              .expected = "a file name that ends in .weights.h5",
                              .got = engram::in_quotes(filepath)});
  }
  formats::write_file_atomically(filepath, formats::write_h5(io::weights_h5(model.data())));
}

void load_weights(Model& model, const std::string& filepath) {
  check_built(model.data(), filepath);
  const std::string bytes = read_model_file(filepath);
  io::read_weights_h5(formats::read_h5(bytes, filepath), filepath, false, model.data());
}

}  // namespace engram

// SPDX-License-Identifier: Apache-2.0
/// What we write has the form of what Keras writes: members, keys and their order, HDF5 paths.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "engram/engram.hpp"
#include "engram/io.hpp"
#include "formats/hdf5.hpp"
#include "formats/json.hpp"
#include "formats/zip.hpp"
#include "model/chapter_models.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

using formats::Json;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The whole of a .keras file in memory.
struct Parts {
  explicit Parts(const std::string& path)
      : bytes(bytes_of(path)),
        zip(bytes, path),
        config(formats::parse_json(zip.read("config.json", 1 << 20), path)),
        h5(zip.read("model.weights.h5", 1 << 20)),
        weights(formats::read_h5(h5, path)) {}

  std::string bytes;
  formats::ZipReader zip;
  Json config;
  std::string h5;
  formats::H5File weights;
};

/// Without what files may differ in: marks of objects that Keras shares, and two options of its
/// newest initializers, which older Keras would refuse.
Json plain(Json json) {
  if (json.is_object()) {
    for (const char* key : {"shared_object_id", "input_axes", "output_axes"}) {
      json.erase(key);
    }
  }
  if (json.is_structured()) {
    for (Json& item : json) {
      item = plain(std::move(item));
    }
  }
  return json;
}

class FileForm : public ::testing::TestWithParam<const char*> {
 protected:
  FileForm() { save_model(load_model(path()), folder_ / "m.keras"); }

  static std::string path() {
    return std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/" + GetParam() + ".keras";
  }

  TemporaryFolder folder_;
};

TEST_P(FileForm, ConfigIsKerassToTheOrderOfItsKeys) {
  const Parts ours(folder_ / "m.keras"), keras(path());
  Json expected = plain(keras.config);
  // A function's name stands for its class, with the class's defaults.
  Json& loss = expected["compile_config"]["loss"];
  if (loss.is_string()) {
    loss = ours.config["compile_config"]["loss"];
    EXPECT_EQ(loss["config"]["name"], plain(keras.config)["compile_config"]["loss"]);
  }
  EXPECT_EQ(plain(ours.config).dump(1), expected.dump(1));
}

TEST_P(FileForm, WeightsHaveKerassPathsShapesAndTypes) {
  const Parts ours(folder_ / "m.keras"), keras(path());
  EXPECT_EQ(ours.weights.datasets, keras.weights.datasets);
  const auto paths = [](const formats::H5File& file) {
    std::vector<std::string> found;
    for (const auto& [group, texts] : file.groups) {
      found.push_back(group);
    }
    return found;
  };
  EXPECT_EQ(paths(ours.weights), paths(keras.weights));
}

INSTANTIATE_TEST_SUITE_P(
    Golden,
    FileForm,
    ::testing::Values(
        "simple_rnn", "lstm", "gru", "gru_before", "embedding", "stack_rmsprop", "sgd_nesterov"),
    [](const auto& test) { return std::string(test.param); });

TEST(FileForm, MembersAreStoredInKerassOrderThenOurs) {
  const TemporaryFolder folder;
  const testing_models::Data data = testing_models::waves(20, 5);
  Sequential model = testing_models::stock<LSTM>(3, 2, 5);
  model.fit(
      data.x,
      data.y,
      {.epochs = 2, .callbacks = {EarlyStopping{.monitor = "loss", .restore_best_weights = true}}});
  save_model(model, folder / "m.keras");

  const Parts parts(folder / "m.keras");

  std::vector<std::string> names;
  for (const formats::ZipEntry& entry : parts.zip.entries()) {
    names.push_back(entry.name);
    EXPECT_EQ(entry.method, 0) << entry.name;
  }
  std::vector<std::string> expected = {
      "metadata.json", "config.json", "model.weights.h5", "engram/state.json", "engram/history.h5"};
  for (int i = 0; i < 8; ++i) {  // the best weights
    expected.push_back("engram/callbacks/0/" + std::to_string(i) + ".npy");
  }
  EXPECT_EQ(names, expected);
}

TEST(FileForm, GroupsOfWeightsGoByTheClassNotTheName) {
  const TemporaryFolder folder;
  Sequential model({Input{.shape = {4, 1}},
                    LSTM{.units = 1, .return_sequences = true, .name = "lstm_7"},
                    Dropout{.name = "d"},
                    LSTM{.units = 1, .name = "lstm"}});
  save_weights(model, folder / "m.weights.h5");
  const formats::H5File file = formats::read_h5(folder.read("m.weights.h5"), "m");
  std::vector<std::string> paths;
  for (const auto& [path, dataset] : file.datasets) {
    paths.push_back(path);
  }
  EXPECT_EQ(paths,
            (std::vector<std::string>{"layers/lstm/cell/vars/0",
                                      "layers/lstm/cell/vars/1",
                                      "layers/lstm/cell/vars/2",
                                      "layers/lstm_1/cell/vars/0",
                                      "layers/lstm_1/cell/vars/1",
                                      "layers/lstm_1/cell/vars/2"}));
  EXPECT_EQ(file.datasets.at("layers/lstm/cell/vars/0").shape, (Shape{1, 4}));
  EXPECT_TRUE(file.groups.contains("layers/dropout/vars"));
}

/// The keys of the config of the model's only layer beside its Input.
std::vector<std::string> keys_of(const Layer& layer) {
  const TemporaryFolder folder;
  Sequential model({Input{.shape = {4, 1}}, layer});
  save_model(model, folder / "m.keras");
  const Parts parts(folder / "m.keras");
  std::vector<std::string> keys;
  for (const auto& [key, value] : parts.config["config"]["layers"][1]["config"].items()) {
    keys.push_back(key);
  }
  return keys;
}

TEST(FileForm, OptionsThatKerasDoesNotHaveComeLastWhereTheyAreUsed) {
  const std::vector<std::string> usual = keys_of(LSTM{.units = 3});
  EXPECT_EQ(usual.back(), "seed");
  std::vector<std::string> projected = usual, layers = usual;
  for (const char* key :
       {"proj_size", "projection_initializer", "projection_regularizer", "projection_constraint"}) {
    projected.push_back(key);
  }
  EXPECT_EQ(keys_of(LSTM{.units = 3, .proj_size = 2}), projected);
  layers.insert(layers.end(), {"num_layers", "layer_dropout"});
  EXPECT_EQ(keys_of(LSTM{.units = 3, .num_layers = 2}), layers);
}

TEST(FileForm, LayersInOneHaveGroupsOfTheirOwn) {
  const TemporaryFolder folder;
  Sequential model({Input{.shape = {4, 1}},
                    Bidirectional{.layer = GRU{.units = 1, .use_bias = false}, .num_layers = 2}});
  save_weights(model, folder / "m.weights.h5");
  const formats::H5File file = formats::read_h5(folder.read("m.weights.h5"), "m");
  std::vector<std::string> paths;
  for (const auto& [path, dataset] : file.datasets) {
    paths.push_back(path);
  }
  const std::string start = "layers/bidirectional/layer_";
  EXPECT_EQ(paths,
            (std::vector<std::string>{start + "0/backward_layer/cell/vars/0",
                                      start + "0/backward_layer/cell/vars/1",
                                      start + "0/forward_layer/cell/vars/0",
                                      start + "0/forward_layer/cell/vars/1",
                                      start + "1/backward_layer/cell/vars/0",
                                      start + "1/backward_layer/cell/vars/1",
                                      start + "1/forward_layer/cell/vars/0",
                                      start + "1/forward_layer/cell/vars/1"}));
}

TEST(FileForm, MetadataNamesVersionAndDate) {
  const TemporaryFolder folder;
  save_model(testing_models::stock<LSTM>(3, 2, 5), folder / "m.keras");
  const Parts parts(folder / "m.keras");
  const Json metadata = formats::parse_json(parts.zip.read("metadata.json", 1000), "metadata");
  EXPECT_EQ(metadata["keras_version"], "3.15.1");
  EXPECT_EQ(metadata["date_saved"].get<std::string>().size(), 19u);
  EXPECT_EQ(metadata["date_saved"].get<std::string>()[10], '@');
}

TEST(FileForm, TheSameModelGivesTheSameBytes) {
  const TemporaryFolder folder;
  Sequential model = testing_models::stock<LSTM>(3, 2, 5);
  save_weights(model, folder / "a.weights.h5");
  save_weights(model, folder / "b.weights.h5");
  EXPECT_EQ(folder.read("a.weights.h5"), folder.read("b.weights.h5"));
}

}  // namespace
}  // namespace engram

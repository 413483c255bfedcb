// SPDX-License-Identifier: Apache-2.0
/// Damaged and hostile .keras files give a FileError, soon and in little memory, never a crash.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "formats/damage.hpp"
#include "formats/zip_builder.hpp"
#include "io/archive.hpp"

namespace engram {
namespace {

using formats::Json;

/// What loading made of many files.
struct Tally {
  int loaded = 0, refused = 0;
  std::string other = {};  ///< the first error of another kind
  double slowest = 0;      ///< seconds

  int all() const { return loaded + refused; }
};

/// Checks that only FileErrors came, each within a second, and all within 256 MiB.
void expect_refusals_only(const Tally& tally) {
  EXPECT_EQ(tally.other, "");
  EXPECT_LT(tally.slowest, kSlowness);

  struct rusage usage {};

  ::getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss / 1024, 256 * kSlowness);
}

void load(const std::string& path, Tally& tally) {
  const auto begin = std::chrono::steady_clock::now();
  try {
    load_model(path);
    ++tally.loaded;
  } catch (const FileError&) {
    ++tally.refused;
  } catch (const std::exception& problem) {
    tally.other = tally.other.empty() ? problem.what() : tally.other;
  }
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  tally.slowest = std::max(tally.slowest, passed.count());
}

/// Loads the archive with one member replaced by each of `contents`; the CRC is right.
Tally load_each(const std::string& member, const std::vector<std::string>& contents) {
  const TemporaryFolder folder;
  Archive archive = small_archive();
  Tally tally;
  for (const std::string& content : contents) {
    std::vector<formats::ZipMember> members = archive.members();
    for (formats::ZipMember& one : members) {
      one.data = one.name == member ? content : one.data;
    }
    load(write_anew(folder, formats::write_zip(members)), tally);
  }
  EXPECT_EQ(tally.all(), static_cast<int>(contents.size()));
  expect_refusals_only(tally);
  return tally;
}

TEST(DamagedModel, CutAnywhere) {
  const TemporaryFolder folder;
  const std::string bytes = small_archive().bytes();
  const std::string path = folder.write("m.keras", bytes);
  Tally tally;
  for (std::size_t length = bytes.size(); length-- > 0;) {
    std::filesystem::resize_file(path, length);
    load(path, tally);
  }
  EXPECT_EQ(tally.refused, static_cast<int>(bytes.size()));
  expect_refusals_only(tally);
}

TEST(DamagedModel, WithOneOfItsBitsChanged) {
  const TemporaryFolder folder;
  Tally tally;
  for (const std::string& bytes : formats::bit_flips(small_archive().bytes(), 2000)) {
    load(write_anew(folder, bytes), tally);
  }
  EXPECT_EQ(tally.all(), 2000);
  EXPECT_LT(tally.loaded, 40);  // dates and unused fields of zip headers
  expect_refusals_only(tally);
}

TEST(DamagedModel, WithAnyMemberCut) {
  const Archive archive = small_archive();
  for (const formats::ZipMember& member : archive.members()) {
    SCOPED_TRACE(member.name);
    // The tests of each format cut anywhere.
    const std::size_t step = member.data.size() > 1000 ? 13 : 1;
    std::vector<std::string> cut;
    for (std::size_t length = 0; length < member.data.size(); length += step) {
      cut.push_back(member.data.substr(0, length));
    }
    const Tally tally = load_each(member.name, cut);
    if (member.name == "metadata.json") {
      EXPECT_EQ(tally.refused, 0);  // nothing in it is needed
    } else {
      EXPECT_EQ(tally.loaded, 0);
    }
  }
}

TEST(DamagedModel, WithOneBitOfAnyMemberChanged) {
  const Archive archive = small_archive();
  for (const formats::ZipMember& member : archive.members()) {
    SCOPED_TRACE(member.name);
    const int count = member.name.ends_with(".npy") ? 50 : 500;
    load_each(member.name, formats::bit_flips(member.data, count));
  }
}

TEST(DamagedModel, WeightsFilesLeaveTheModelAsItWas) {
  const TemporaryFolder folder;
  Archive archive = small_archive();
  Model model = load_model(archive.write(folder));
  const std::vector<Tensor> before = model.get_weights();
  const std::string& bytes = archive["model.weights.h5"];
  for (std::size_t length = 0; length < bytes.size(); length += 97) {
    const std::string path =
        folder.write(std::to_string(length) + ".weights.h5", bytes.substr(0, length));
    EXPECT_THROW(load_weights(model, path), FileError) << length;
  }
  EXPECT_EQ(model.get_weights(), before);
}

TEST(DamagedModel, WithAnyMemberMissing) {
  const TemporaryFolder folder;
  const Archive archive = small_archive();
  for (const formats::ZipMember& missing : archive.members()) {
    SCOPED_TRACE(missing.name);
    std::vector<formats::ZipMember> members = archive.members();
    std::erase_if(members, [&](const auto& member) { return member.name == missing.name; });
    Tally tally;
    load(write_anew(folder, formats::write_zip(members)), tally);
    const bool is_needed = missing.name != "metadata.json" && missing.name != "engram/state.json";
    EXPECT_EQ(tally.refused, is_needed ? 1 : 0) << tally.other;
  }
}

TEST(DamagedModel, WithAnyValueOfItsConfigReplaced) {
  Archive archive = small_archive();
  const Json flat = archive.config.flatten();
  std::vector<std::string> contents;
  for (const auto& [pointer, value] : flat.items()) {
    for (const Json& other : {Json(nullptr),
                              Json(true),
                              Json(-1),
                              Json(0.5),
                              Json(std::int64_t{1} << 62),
                              Json("x"),
                              Json::array(),
                              Json::object(),
                              Json({{"class_name", "Zeros"}})}) {
      Json changed = archive.config;
      changed[Json::json_pointer(pointer)] = other;
      contents.push_back(changed.dump());
    }
  }
  const Tally tally = load_each("config.json", contents);
  EXPECT_GT(tally.refused, 400);
}

TEST(DamagedModel, WithAnyValueOfItsTrainingStateReplaced) {
  Archive archive = small_archive();
  const Json state = formats::parse_json(archive["engram/state.json"], "state");
  const TemporaryFolder folder;
  const testing_models::Data data = testing_models::waves(20, 4);
  int trained = 0, refused = 0;
  const Json flat = state.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    for (const Json& other : {Json(nullptr),
                              Json(-1),
                              Json(1000),
                              Json(INT64_MAX),
                              Json("nan"),
                              Json({1, 2, 3}),
                              Json::object(),
                              Json({{"a", 1}})}) {
      Json changed = state;
      changed[Json::json_pointer(pointer)] = other;
      archive["engram/state.json"] = changed.dump();
      try {
        Model model = load_model(archive.write(folder));
        model.fit(data.x,
                  data.y,
                  {.epochs = 3,
                   .callbacks = {EarlyStopping{.monitor = "loss", .restore_best_weights = true}},
                   .resume = true});
        ++trained;
      } catch (const Error& problem) {
        ++refused;
      }
    }
  }
  EXPECT_GT(trained, 20);
  EXPECT_GT(refused, 20);
}

/// Expects a refusal with `text` in it, within a second and 256 MiB.
void expect_refused(const std::string& bytes, const std::string& text) {
  const TemporaryFolder folder;
  const std::string path = folder.write("m.keras", bytes);
  const Outcome outcome = in_child([&] { load_model(path); });
  EXPECT_NE(outcome.text.find(text), std::string::npos) << outcome.text;
  EXPECT_EQ(outcome.text.find("other: "), std::string::npos);
  EXPECT_LT(outcome.seconds, kSlowness);
  EXPECT_LT(outcome.peak_mib, 256 * kSlowness);
}

/// The small file with another config.json.
std::string with_config(const std::string& text) {
  std::vector<formats::ZipMember> members = small_archive().members();
  members[1].data = text;
  return formats::write_zip(members);
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

std::string config_of_layers(const std::string& layer, std::size_t count) {
  return R"({"class_name": "Sequential", "config": {"name": "m", "layers": [)" +
         repeated(layer + ",", count - 1) + layer + "]}}";
}

TEST(HostileModel, AMillionLayers) {
  expect_refused(with_config(config_of_layers("{}", 1000000)), "expected at most 262144 values");
  expect_refused(with_config(config_of_layers("{}", 200000)), "expected 1 to 1024 layers");
}

TEST(HostileModel, TheMostLayersThatAreAllowed) {
  for (const char* layer : {R"({"class_name": "Dropout", "config": {"rate": 0.1}})",
                            R"({"class_name": "Embedding",
                                "config": {"input_dim": 2147483648, "output_dim": 1}})",
                            R"({"class_name": "Dense", "config": {"units": 2147483648}})",
                            R"({"class_name": "LSTM",
                                "config": {"units": 2147483648, "return_sequences": true}})"}) {
    std::string config = config_of_layers(layer, 1023);
    config.insert(config.find('[') + 1,
                  R"({"class_name": "InputLayer", "config": {"batch_shape": [null, 4, 1]}},)");
    SCOPED_TRACE(layer);
    expect_refused(with_config(config), "");
  }
}

TEST(HostileModel, DeepOrLargeJson) {
  expect_refused(with_config(repeated("[", 16 << 20)), "expected at most 64 levels");
  expect_refused(with_config("\"" + repeated("x", 17 << 20) + "\""), "at most 16777216");
  expect_refused(with_config("{\"class_name\": \"" + repeated("x", 15 << 20) + "\"}"),
                 "expected 'Sequential'");
  Archive archive = small_archive();
  archive.layer(1)[repeated("y", 8 << 20)] = 1;
  archive.layer(1)["units"] = repeated("9", 6 << 20);
  expect_refused(archive.bytes(), "expected a whole number of 64 bits");
}

TEST(HostileModel, ManyNamesInTheTrainingState) {
  Archive archive = small_archive();
  Json state = formats::parse_json(archive["engram/state.json"], "state");
  state["training"]["history"] = Json(std::vector<int>(200000, 1));
  archive["engram/state.json"] = state.dump();
  expect_refused(archive.bytes(), "expected a text");
  state["training"]["history"] = Json(std::vector<std::string>(200000, "loss"));
  archive["engram/state.json"] = state.dump();
  expect_refused(archive.bytes(), "expected a column of numbers");
}

TEST(HostileModel, ManyTensorsInTheTrainingState) {
  Archive archive = small_archive();
  Json state = formats::parse_json(archive["engram/state.json"], "state");
  state["training"]["callbacks"][0]["tensors"] = {{repeated("x", 4 << 20), INT64_MAX}};
  archive["engram/state.json"] = state.dump();
  expect_refused(archive.bytes(), "expected a member of this name");
}

TEST(HostileModel, HugeUnitsWithTinyWeights) {
  for (const std::int64_t units :
       {std::int64_t{1000}, std::int64_t{1000000000}, std::int64_t{2147483648}}) {
    Archive archive = small_archive();
    archive.layer(1)["units"] = units;
    expect_refused(archive.bytes(), units == 1000 ? "parameters, got" : "at most 1 GiB");
    archive = small_archive();
    archive.layer(3)["units"] = units;
    expect_refused(archive.bytes(), units == 1000 ? "parameters, got" : "at most 1 GiB");
  }
  for (const std::int64_t units : {INT64_MAX, INT64_MIN, std::int64_t{1} << 32, std::int64_t{0}}) {
    Archive archive = small_archive();
    archive.layer(1)["units"] = units;
    expect_refused(archive.bytes(), "units: expected in [1, 2147483648], got ");
  }
}

TEST(HostileModel, ZipBombs) {
  // Deflate's best: 32 KiB of zeros, again and again, at 1032 to 1.
  const auto bomb = [](const std::string& name, std::uint64_t stored, std::uint64_t size) {
    formats::ZipParts parts(name, std::string(stored, '\0'));
    parts.both(&formats::ZipHeader::method, 8).both(&formats::ZipHeader::size, size);
    return parts;
  };
  const formats::ZipParts config("config.json", small_archive()["config.json"]);
  for (const std::uint64_t size : {std::uint64_t{1} << 24, std::uint64_t{0xffffffff}}) {
    expect_refused(formats::build_zip({config, bomb("model.weights.h5", 1 << 15, size)}),
                   "expected ");
    expect_refused(formats::build_zip({bomb("config.json", 1 << 15, size)}), "expected ");
  }
  expect_refused(formats::build_zip({config, bomb("model.weights.h5", 4 << 20, 40 << 20)}),
                 "expected a size that the stored bytes can give");
  std::vector<formats::ZipParts> many = {config};
  for (int i = 0; i < 4000; ++i) {
    many.push_back(bomb(std::to_string(i), 1 << 8, 1 << 18));
  }
  expect_refused(formats::build_zip(many), "expected ");
}

}  // namespace
}  // namespace engram

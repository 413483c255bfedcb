// SPDX-License-Identifier: Apache-2.0
#include "formats/hdf5.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <thread>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "formats/bounds.hpp"
#include "formats/files.hpp"
#include "formats/hdf5_session.hpp"
#include "formats/zip.hpp"
#include "temporary_folder.hpp"

namespace engram::formats {
namespace {

H5Dataset floats(std::vector<std::int64_t> shape) {
  const std::int64_t size =
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  std::vector<float> values(size);
  std::iota(values.begin(), values.end(), 0.5f);
  return {.shape = std::move(shape), .values = std::move(values)};
}

/// What Keras writes for a small compiled model.
H5File small_model() {
  H5File file;
  file.groups[""];
  file.groups["layers"];
  file.groups["layers/lstm"];
  file.groups["layers/lstm/cell"];
  file.groups["layers/lstm/cell/vars"]["name"] = "lstm_cell";
  file.groups["optimizer"];
  file.groups["optimizer/vars"]["name"] = "adam";
  file.datasets["layers/lstm/cell/vars/0"] = floats({2, 12});
  file.datasets["layers/lstm/cell/vars/1"] = floats({3, 12});
  file.datasets["layers/lstm/cell/vars/2"] = floats({12});
  file.datasets["optimizer/vars/0"] = {.shape = {}, .values = std::vector<std::int64_t>{6}};
  file.datasets["optimizer/vars/1"] = {.shape = {}, .values = std::vector<float>{0.001f}};
  file.datasets["optimizer/vars/10"] = {.shape = {2}, .values = std::vector<double>{1e-300, -1}};
  return file;
}

/// The file as read_h5 gives it: without texts.
H5File without_texts(H5File file) {
  for (auto& [path, texts] : file.groups) {
    texts.clear();
  }
  return file;
}

TEST(WriteH5, IsReadBack) {
  EXPECT_EQ(read_h5(write_h5(small_model()), "t.h5"), without_texts(small_model()));
}

TEST(WriteH5, GivesTheSameBytesAtAnyTime) {
  const std::string bytes = write_h5(small_model());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5 keeps times in seconds
  EXPECT_EQ(write_h5(small_model()), bytes);
}

TEST(WriteH5, MakesMissingGroups) {
  H5File file;
  file.datasets["a/b/0"] = floats({1});

  const H5File read = read_h5(write_h5(file), "t.h5");

  EXPECT_TRUE(read.groups.contains("a"));
  EXPECT_TRUE(read.groups.contains("a/b"));
}

TEST(WriteH5, WritesTheDialectOfKeras) {
  const std::string bytes = write_h5(small_model());
  EXPECT_EQ(bytes[8], 0);  // the superblock's version
  EXPECT_NE(bytes.find("TREE"), std::string::npos);
  EXPECT_NE(bytes.find("lstm_cell"), std::string::npos);
}

TEST(WriteH5, RefusesAShapeThatIsNotTheValues) {
  H5File file;
  file.datasets["0"] = {.shape = {2}, .values = std::vector<float>{1}};
  EXPECT_ERROR(write_h5(file),
               InternalError,
               "write_h5: expected the HDF5 library to write '/0', got an error. "
               "Check the memory left, and this object's name and shape.");
}

TEST(WriteH5, RunsOnSeveralThreads) {
  const std::string expected = write_h5(small_model());
  std::vector<std::string> written(8);
  std::vector<std::thread> threads;

  for (std::string& bytes : written) {
    threads.emplace_back([&] { bytes = write_h5(small_model()); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  for (const std::string& bytes : written) {
    EXPECT_EQ(bytes, expected);
  }
}

TEST(ReadH5, TakesScalarsEmptyArraysAndHighRanks) {
  H5File file;
  file.groups[""];
  file.datasets["empty"] = floats({0, 3});
  file.datasets["high"] = floats({1, 2, 1, 2, 1, 2, 1, 2});
  file.datasets["scalar"] = floats({});
  EXPECT_EQ(read_h5(write_h5(file), "t.h5"), file);
}

/// Enough members that their B-tree has several levels.
TEST(ReadH5, TakesGroupsOfThousands) {
  H5File file;
  file.groups[""];
  file.groups["vars"];
  for (int i = 0; i < 5000; ++i) {
    file.datasets["vars/" + std::to_string(i)] = floats({1});
  }
  EXPECT_EQ(read_h5(write_h5(file), "t.h5"), file);
}

TEST(ReadH5, TakesWhatKerasWrote) {
  const std::string keras =
      read_file(ENGRAM_SOURCE_DIR "/tests/golden/keras/lstm.keras", kLargestModel);

  const H5File file =
      read_h5(ZipReader(keras, "lstm.keras").read("model.weights.h5", kLargestModel), "h5");

  EXPECT_EQ(file.datasets.at("layers/lstm/cell/vars/1").shape.size(), 2u);
  EXPECT_EQ(file.datasets.at("optimizer/vars/0").values.index(), 2u);
  EXPECT_TRUE(file.groups.contains("vars"));
}

/// Compact arrays, removed and renamed members: what the library makes of a file that is worked on.
TEST(ReadH5, TakesCompactAndRewrittenFiles) {
  const TemporaryFolder folder;
  {
    const H5Session session;
    const H5Handle file(H5Fcreate((folder / "t.h5").c_str(), H5F_ACC_TRUNC, 0, 0), H5Fclose);
    const hsize_t size = 3;
    const H5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    const H5Handle compact(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_layout(compact.id(), H5D_COMPACT);
    const float values[] = {1, 2, 3};
    for (int i = 0; i < 40; ++i) {
      const H5Handle made(H5Dcreate2(file.id(),
                                     std::to_string(i).c_str(),
                                     H5T_IEEE_F32LE,
                                     space.id(),
                                     0,
                                     i % 2 ? compact.id() : H5P_DEFAULT,
                                     0),
                          H5Dclose);
      H5Dwrite(made.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, 0, values);
      if (i % 3 == 0) {
        H5Ldelete(file.id(), std::to_string(i).c_str(), 0);
      }
    }
    H5Lmove(file.id(), "1", file.id(), "one", 0, 0);
  }

  const H5File file = read_h5(folder.read("t.h5"), "t.h5");

  EXPECT_EQ(file.datasets.size(), 26u);
  for (const auto& [path, dataset] : file.datasets) {
    EXPECT_EQ(dataset, (H5Dataset{{3}, std::vector<float>{1, 2, 3}})) << path;
  }
}

TEST(ReadH5, WidensInt32) {
  const TemporaryFolder folder;
  {
    const H5Session session;
    const H5Handle file(H5Fcreate((folder / "t.h5").c_str(), H5F_ACC_TRUNC, 0, 0), H5Fclose);
    const H5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const H5Handle made(H5Dcreate2(file.id(), "0", H5T_STD_I32LE, space.id(), 0, 0, 0), H5Dclose);
    const int value = -7;
    H5Dwrite(made.id(), H5T_NATIVE_INT, H5S_ALL, H5S_ALL, 0, &value);
  }
  EXPECT_EQ(read_h5(folder.read("t.h5"), "t.h5").datasets.at("0"),
            (H5Dataset{{}, std::vector<std::int64_t>{-7}}));
}

}  // namespace
}  // namespace engram::formats

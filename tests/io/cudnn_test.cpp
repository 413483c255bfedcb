// SPDX-License-Identifier: Apache-2.0
/// CuDNNLSTM and CuDNNGRU in files of tf.keras 2 (tools/golden/cudnn.py) are LSTM and GRU.
#include "io/cudnn.hpp"

#include <gtest/gtest.h>

#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "formats/bounds.hpp"
#include "formats/files.hpp"
#include "golden/golden.hpp"
#include "io/archive.hpp"
#include "io/same_model.hpp"

namespace engram {
namespace {

const std::string kPath = std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/cudnn.keras";

Archive archive() { return Archive(formats::read_file(kPath, formats::kLargestModel)); }

TEST(CudnnFile, HoldsTheWeightsOfLstmAndGru) {
  const golden::json expected = golden::read("keras/cudnn.json");
  const Model model = load_model(kPath);
  const std::vector<Tensor> weights = model.get_weights();
  ASSERT_EQ(weights.size(), expected["weights"].size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    SCOPED_TRACE(model.weights()[i].path);
    EXPECT_EQ(weights[i], golden::tensor(expected["weights"][i]));
  }
  EXPECT_EQ(model.layers()[0].class_name, "LSTM");
  EXPECT_EQ(model.layers()[3].class_name, "GRU");
}

TEST(CudnnFile, PredictsAsKeras) {
  const golden::json expected = golden::read("keras/cudnn.json");
  // Float32 results of differently ordered sums, over 5 steps and 6 layers.
  golden::expect_near(
      load_model(kPath).predict(golden::tensor(expected["x"])), expected["predict"], 2e-5);
}

TEST(CudnnFile, IsWrittenAsLstmAndGru) {
  const TemporaryFolder folder;
  const Model model = load_model(kPath);
  save_model(model, folder / "m.keras");
  expect_same_model(load_model(folder / "m.keras"), model);
  EXPECT_EQ(Archive(folder.read("m.keras")).config.dump().find("CuDNN"), std::string::npos);
}

TEST(CudnnFile, WithSlotsTrainsAfresh) {
  const TemporaryFolder folder;
  Archive file = archive();
  file.compile() = {{"optimizer", "adam"}, {"loss", "mse"}};
  formats::H5File h5 = formats::read_h5(file["model.weights.h5"], "h5");
  h5.datasets["optimizer/vars/0"] = {.shape = {}, .values = std::vector<std::int64_t>{7}};
  file["model.weights.h5"] = formats::write_h5(h5);
  Model model = load_model(file.write(folder));
  ASSERT_TRUE(model.is_compiled());
  EXPECT_EQ(model.data().compiled->iterations, 0);
}

TEST(CudnnFile, OfOtherShapesIsRefused) {
  const TemporaryFolder folder;
  Archive file = archive();
  formats::H5File h5 = formats::read_h5(file["model.weights.h5"], "h5");
  h5.datasets["layers/cu_dnnlstm/vars/2"] = {.shape = {16}, .values = std::vector<float>(16)};
  file["model.weights.h5"] = formats::write_h5(h5);
  EXPECT_ERROR(load_model(file.write(folder)),
               FileError,
               (folder / "m.keras" +
                ": model.weights.h5: layers/cu_dnnlstm/vars: expected a kernel, "
                "a recurrent kernel and a bias of 4 gates, got (3, 16), (4, 16) and (16,).")
                   .c_str());
}

TEST(Cudnn, TurnsEachGateAround) {
  std::vector<formats::H5Dataset> weights = {
      {.shape = {3, 6},
       .values =
           std::vector<float>{0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23, 4, 5, 14, 15, 24, 25}},
      {.shape = {2, 6}, .values = std::vector<float>{0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23}},
      {.shape = {12}, .values = std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}};
  ASSERT_TRUE(io::is_cudnn(weights, 3));
  EXPECT_FALSE(io::is_cudnn(weights, 4));
  io::weights_from_cudnn(weights, 3);
  EXPECT_EQ(std::get<0>(weights[0].values),
            (std::vector<float>{0, 3, 10, 13, 20, 23, 1, 4, 11, 14, 21, 24, 2, 5, 12, 15, 22, 25}));
  EXPECT_EQ(std::get<0>(weights[1].values),
            (std::vector<float>{0, 2, 10, 12, 20, 22, 1, 3, 11, 13, 21, 23}));
  EXPECT_EQ(weights[2].shape, (Shape{2, 6}));
}

}  // namespace
}  // namespace engram

// SPDX-License-Identifier: Apache-2.0
/// What samples count, as the engine takes it, out of sample_weight or class_weight.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "model/batches.hpp"

namespace engram {

/// What a user gives: one of the two, or neither.
struct GivenWeights {
  ArraySpan sample_weight = {};
  const std::map<std::int64_t, float>* class_weight = nullptr;
};

/// One array (samples, rows of the loss in a sample) for each output, an empty one for weights of
/// 1; none when nothing is given. `where` as "fit: " in messages. Errors: OptionError when both are
/// given; ShapeError; DataError for values that are not finite.
std::vector<Tensor> make_sample_weights(const ModelData& data,
                                        ArraySpan x,
                                        ArraySpan y,
                                        const GivenWeights& given,
                                        std::string_view where);

/// Lets the outputs be judged by `weights`, which must live as long.
void set_sample_weights(Judgement& judgement, std::span<const Tensor> weights);

}  // namespace engram

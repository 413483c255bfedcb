// SPDX-License-Identifier: Apache-2.0
#include "layers/patch_products.hpp"

#include "base/aligned.hpp"
#include "kernels/dense.hpp"

namespace engram {

namespace k = kernels;

namespace {

// Floats of the windows that are laid out at a time: they stay in a private cache (256 kB).
constexpr std::int64_t kPatchFloats = 65536;

bool is_place(const k::WindowAxis& axis) {
  return axis.size == 1 && axis.stride == 1 && axis.before == 0 && axis.output == axis.input;
}

}  // namespace

PatchProducts::PatchProducts(const Sizes& sizes)
    : windows_(sizes.windows), filters_(sizes.filters), groups_(sizes.groups) {
  const k::WindowAxis &vertical = windows_.vertical, &horizontal = windows_.horizontal;
  K_ = vertical.size * horizontal.size * (windows_.channels / groups_);
  N_ = filters_ / groups_;
  is_plain_ = is_place(vertical) && is_place(horizontal) && groups_ == 1;
  const auto floats = [&](bool is_wanted, std::int64_t K, std::int64_t N) {
    return is_wanted ? aligned_floats(k::packed_matrix_floats(K, N)) : 0;
  };
  forward_floats_ = floats(sizes.gives_windows, K_, N_);
  transposed_floats_ = floats(sizes.gives_images, N_, K_);
  const std::int64_t line = sizes.rows * horizontal.output * K_;
  chunk_ = std::clamp<std::int64_t>(kPatchFloats / line, 1, vertical.output);
  patches_ = is_plain_ && !sizes.gives_images ? 0 : aligned_floats(chunk_ * line);
}

void PatchProducts::pack(const float* kernel, float* packed, std::int64_t part) const {
  for (std::int64_t g = 0; g < groups_; ++g) {
    if (part == 0 && forward_floats_ > 0) {
      k::pack_matrix(kernel + g * N_, K_, N_, filters_, packed + g * forward_floats_);
    } else if (part == 1 && transposed_floats_ > 0) {
      float* to = packed + groups_ * forward_floats_ + g * transposed_floats_;
      k::pack_transposed(kernel + g * N_, N_, K_, filters_, to);
    }
  }
}

template <class Visit>
void PatchProducts::each_part(std::int64_t rows, const Visit& visit) const {
  const std::int64_t line = rows * windows_.horizontal.output;
  const std::int64_t channels = windows_.channels / groups_;
  for (std::int64_t begin = 0; begin < windows_.vertical.output; begin += chunk_) {
    const std::int64_t end = std::min(begin + chunk_, windows_.vertical.output);
    for (std::int64_t g = 0; g < groups_; ++g) {
      const k::WindowRange range = {.rows = rows,
                                    .begin = begin,
                                    .end = end,
                                    .first_channel = g * channels,
                                    .channels = channels};
      visit(range, g, (end - begin) * line, begin * line * filters_ + g * N_);
    }
  }
}

const float* PatchProducts::patches(const k::WindowRange& range,
                                    const float* x,
                                    float* workspace) const {
  if (is_plain_) {
    return x + range.begin * range.rows * windows_.horizontal.output * K_;
  }
  k::gather_patches(windows_, range, x, workspace);
  return workspace;
}

void PatchProducts::to_windows(std::int64_t rows,
                               const float* x,
                               const float* packed,
                               const float* bias,
                               float* z,
                               float* workspace) const {
  each_part(rows, [&](const k::WindowRange& r, std::int64_t g, std::int64_t M, std::int64_t at) {
    k::product({.M = M,
                .K = K_,
                .N = N_,
                .a = patches(r, x, workspace),
                .lda = K_,
                .packed = packed + g * forward_floats_,
                .bias = bias != nullptr ? bias + g * N_ : nullptr,
                .c = z + at,
                .ldc = filters_});
  });
}

void PatchProducts::to_images(
    std::int64_t rows, const float* z, const float* packed, float* x, float* workspace) const {
  each_part(rows, [&](const k::WindowRange& r, std::int64_t g, std::int64_t M, std::int64_t at) {
    k::product({.M = M,
                .K = N_,
                .N = K_,
                .a = z + at,
                .lda = filters_,
                .packed = packed + groups_ * forward_floats_ + g * transposed_floats_,
                .c = workspace,
                .ldc = K_});
    k::scatter_patches(windows_, r, workspace, x);
  });
}

void PatchProducts::gradient(std::int64_t rows,
                             const float* x,
                             const float* dz,
                             float* dkernel,
                             float* dbias,
                             float* workspace) const {
  each_part(rows, [&](const k::WindowRange& r, std::int64_t g, std::int64_t M, std::int64_t at) {
    k::gradient_product({.M = M,
                         .K = K_,
                         .N = N_,
                         .a = patches(r, x, workspace),
                         .lda = K_,
                         .g = dz + at,
                         .ldg = filters_,
                         .dw = dkernel + g * N_,
                         .lddw = filters_,
                         .dbias = dbias != nullptr ? dbias + g * N_ : nullptr});
  });
}

}  // namespace engram

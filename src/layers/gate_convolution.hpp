// SPDX-License-Identifier: Apache-2.0
/// The convolutions inside ConvLSTM: images (H, W, C), one behind the other, to pre-activations of
/// gates (H', W', 4 F).
#pragma once

#include <algorithm>

#include "base/aligned.hpp"
#include "kernels/dense.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/windows.hpp"

namespace engram {

/// With dropout each gate sees other factors on the images, and so has a product of its own.
class GateConvolution {
 public:
  /// `rows`: images of a step. `columns`: 4 F.
  GateConvolution(const kernels::Windows& windows,
                  std::int64_t columns,
                  std::int64_t rows,
                  bool has_dropout)
      : windows_(windows),
        image_(windows.vertical.input * windows.horizontal.input * windows.channels),
        P_(windows.vertical.output * windows.horizontal.output),
        K_(windows.vertical.size * windows.horizontal.size * windows.channels),
        columns_(columns),
        rows_(rows),
        groups_(has_dropout ? 4 : 1),
        N_(columns / groups_),
        chunk_(std::clamp<std::int64_t>(kChunkFloats / (P_ * K_), 1, rows)) {}

  std::int64_t image() const { return image_; }

  std::int64_t pixels() const { return P_; }

  std::int64_t groups() const { return groups_; }

  std::int64_t packed_floats() const { return groups_ * (forward_floats() + transposed_floats()); }

  void pack(const float* kernel, float* packed) const {
    for (std::int64_t g = 0; g < groups_; ++g) {
      kernels::pack_matrix(kernel + g * N_, K_, N_, columns_, packed + g * forward_floats());
      kernels::pack_transposed(kernel + g * N_, N_, K_, columns_, transposed(packed, g));
    }
  }

  /// Windows as rows, one image, and a result.
  std::int64_t scratch_floats() const {
    return patch_floats() + aligned_floats(image_) + aligned_floats(chunk_ * P_ * columns_);
  }

  /// z (n, P, 4 F) = or += the convolution of x (n, image). `factors` (4, n, image) or null.
  void forward(const float* x,
               std::int64_t n,
               const float* factors,
               const float* packed,
               const float* bias,
               bool adds,
               float* z,
               float* scratch) const {
    each_chunk(n, [&](std::int64_t first, std::int64_t count, std::int64_t g) {
      gather(x, first, count, factors_of(factors, g, n), scratch);
      float* result = scratch + patch_floats() + aligned_floats(image_);
      float* to = z + first * P_ * columns_ + g * N_;
      kernels::product({.M = count * P_,
                        .K = K_,
                        .N = N_,
                        .a = scratch,
                        .lda = K_,
                        .packed = packed + g * forward_floats(),
                        .bias = bias != nullptr ? bias + g * N_ : nullptr,
                        .c = adds ? result : to,
                        .ldc = adds ? N_ : columns_});
      for (std::int64_t i = 0; adds && i < count * P_; ++i) {
        kernels::add(result + i * N_, to + i * columns_, N_);
      }
    });
  }

  /// dkernel and dbias are added to, dx too; each may be null.
  void backward(const float* x,
                std::int64_t n,
                const float* factors,
                const float* packed,
                const float* dz,
                float* dkernel,
                float* dbias,
                float* dx,
                float* scratch) const {
    each_chunk(n, [&](std::int64_t first, std::int64_t count, std::int64_t g) {
      const float* factor = factors_of(factors, g, n);
      const float* from = dz + first * P_ * columns_ + g * N_;
      if (dkernel != nullptr) {
        gather(x, first, count, factor, scratch);
        kernels::gradient_product({.M = count * P_,
                                   .K = K_,
                                   .N = N_,
                                   .a = scratch,
                                   .lda = K_,
                                   .g = from,
                                   .ldg = columns_,
                                   .dw = dkernel + g * N_,
                                   .lddw = columns_,
                                   .dbias = dbias != nullptr ? dbias + g * N_ : nullptr});
      }
      if (dx != nullptr) {
        kernels::product({.M = count * P_,
                          .K = N_,
                          .N = K_,
                          .a = from,
                          .lda = columns_,
                          .packed = transposed(packed, g),
                          .c = scratch,
                          .ldc = K_});
        scatter(dx, first, count, factor, scratch);
      }
    });
  }

 private:
  static constexpr std::int64_t kChunkFloats = 65536;  // the windows stay in a private cache

  std::int64_t forward_floats() const {
    return aligned_floats(kernels::packed_matrix_floats(K_, N_));
  }

  std::int64_t transposed_floats() const {
    return aligned_floats(kernels::packed_matrix_floats(N_, K_));
  }

  std::int64_t patch_floats() const { return aligned_floats(chunk_ * P_ * K_); }

  template <class Float>
  Float* transposed(Float* packed, std::int64_t group) const {
    return packed + groups_ * forward_floats() + group * transposed_floats();
  }

  const float* factors_of(const float* factors, std::int64_t group, std::int64_t n) const {
    return factors != nullptr ? factors + group * n * image_ : nullptr;
  }

  kernels::WindowRange whole() const {
    return {.rows = 1, .end = windows_.vertical.output, .channels = windows_.channels};
  }

  template <class Visit>
  void each_chunk(std::int64_t n, const Visit& visit) const {
    for (std::int64_t first = 0; first < n; first += chunk_) {
      for (std::int64_t g = 0; g < groups_; ++g) {
        visit(first, std::min(chunk_, n - first), g);
      }
    }
  }

  void gather(const float* x,
              std::int64_t first,
              std::int64_t count,
              const float* factor,
              float* scratch) const {
    float* image = scratch + patch_floats();
    for (std::int64_t i = 0; i < count; ++i) {
      const float* from = x + (first + i) * image_;
      if (factor != nullptr) {
        kernels::multiply(from, factor + (first + i) * image_, image, image_);
        from = image;
      }
      kernels::gather_patches(windows_, whole(), from, scratch + i * P_ * K_);
    }
  }

  void scatter(float* dx,
               std::int64_t first,
               std::int64_t count,
               const float* factor,
               float* scratch) const {
    float* image = scratch + patch_floats();
    for (std::int64_t i = 0; i < count; ++i) {
      float* to = dx + (first + i) * image_;
      if (factor == nullptr) {
        kernels::scatter_patches(windows_, whole(), scratch + i * P_ * K_, to);
        continue;
      }
      std::fill_n(image, image_, 0.0f);
      kernels::scatter_patches(windows_, whole(), scratch + i * P_ * K_, image);
      kernels::multiply(image, factor + (first + i) * image_, image, image_);
      kernels::add(image, to, image_);
    }
  }

  kernels::Windows windows_;
  std::int64_t image_, P_, K_, columns_, rows_, groups_, N_, chunk_;
};

}  // namespace engram

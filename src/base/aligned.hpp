// SPDX-License-Identifier: Apache-2.0
/// A float array aligned to 64 bytes, zeroed when made.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>

namespace engram {

/// Floats to the next multiple of 16 (64 bytes), so that what follows is aligned too.
constexpr std::int64_t aligned_floats(std::int64_t n) { return (n + 15) / 16 * 16; }

class AlignedFloats {
 public:
  AlignedFloats() = default;

  explicit AlignedFloats(std::int64_t n)
      : data_(static_cast<float*>(::operator new(bytes(n), kAlignment))), size_(n) {
    std::memset(data_.get(), 0, bytes(n));
  }

  AlignedFloats copy() const {
    AlignedFloats other(size_);
    std::memcpy(other.data(), data(), static_cast<std::size_t>(size_) * sizeof(float));
    return other;
  }

  float* data() { return data_.get(); }

  const float* data() const { return data_.get(); }

  std::int64_t size() const { return size_; }

  std::span<float> span() { return {data_.get(), static_cast<std::size_t>(size_)}; }

  std::span<const float> span() const { return {data_.get(), static_cast<std::size_t>(size_)}; }

 private:
  static constexpr std::align_val_t kAlignment{64};

  static std::size_t bytes(std::int64_t n) {
    return static_cast<std::size_t>(aligned_floats(n)) * sizeof(float);
  }

  struct Free {
    void operator()(float* p) const { ::operator delete(p, kAlignment); }
  };

  std::unique_ptr<float, Free> data_;
  std::int64_t size_ = 0;
};

}  // namespace engram

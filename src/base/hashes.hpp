// SPDX-License-Identifier: Apache-2.0
/// Hashes of texts that TensorFlow has: by them Keras spreads unknown tokens over indices.
#pragma once

#include <cstdint>
#include <string_view>

namespace engram {

/// FarmHash's Fingerprint64, of tf.strings.to_hash_bucket_fast.
/// Source: G. Pike, FarmHash (Google), farmhashna::Hash64.
std::uint64_t farm_fingerprint(std::string_view text);

/// SipHash-2-4 under two words of a key, of tf.strings.to_hash_bucket_strong.
/// Source: Aumasson & Bernstein 2012, "SipHash: a fast short-input PRF".
std::uint64_t sip_hash(std::string_view text, std::uint64_t key0, std::uint64_t key1);

/// What TensorFlow's sparse_cross_hashed begins a cross with.
inline constexpr std::uint64_t kCrossingKey = 0xDECAFCAFFE;

/// The fingerprint of two together; not symmetric.
/// Source: TensorFlow, FingerprintCat64 (tsl/platform/fingerprint.h).
std::uint64_t joined_fingerprint(std::uint64_t first, std::uint64_t second);

}  // namespace engram

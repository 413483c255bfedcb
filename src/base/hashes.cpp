// SPDX-License-Identifier: Apache-2.0
#include "base/hashes.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace engram {

namespace {

using Word = std::uint64_t;

constexpr Word k0 = 0xc3a5c85c97cb3127, k1 = 0xb492b66fbe98f273, k2 = 0x9ae16a3b2f90404f;

/// The 8 or 4 bytes from place i on, little-endian.
Word word_at(std::string_view text, std::size_t i, std::size_t bytes = 8) {
  Word word = 0;
  for (std::size_t k = 0; k < bytes; ++k) {
    word |= static_cast<Word>(static_cast<unsigned char>(text[i + k])) << (8 * k);
  }
  return word;
}

Word turned(Word value, int bits) { return std::rotr(value, bits); }

Word mixed(Word value) { return value ^ (value >> 47); }

Word joined(Word u, Word v, Word factor) {
  const Word a = mixed((u ^ v) * factor);
  return mixed((v ^ a) * factor) * factor;
}

Word hash_to_16(std::string_view text, Word factor) {
  const std::size_t size = text.size();
  if (size >= 8) {
    const Word a = word_at(text, 0) + k2, b = word_at(text, size - 8);
    return joined(turned(b, 37) * factor + a, (turned(a, 25) + b) * factor, factor);
  }
  if (size >= 4) {
    return joined(size + (word_at(text, 0, 4) << 3), word_at(text, size - 4, 4), factor);
  }
  if (size == 0) {
    return k2;
  }
  const Word y = word_at(text, 0, 1) + (word_at(text, size / 2, 1) << 8);
  const Word z = size + (word_at(text, size - 1, 1) << 2);
  return mixed(y * k2 ^ z * k0) * k2;
}

Word hash_to_32(std::string_view text, Word factor) {
  const std::size_t size = text.size();
  const Word a = word_at(text, 0) * k1, b = word_at(text, 8);
  const Word c = word_at(text, size - 8) * factor, d = word_at(text, size - 16) * k2;
  return joined(turned(a + b, 43) + turned(c, 30) + d, a + turned(b + k2, 18) + c, factor);
}

Word hash_to_64(std::string_view text, Word factor) {
  const std::size_t size = text.size();
  const Word a = word_at(text, 0) * k2, b = word_at(text, 8);
  const Word c = word_at(text, size - 8) * factor, d = word_at(text, size - 16) * k2;
  const Word y = turned(a + b, 43) + turned(c, 30) + d;
  const Word z = joined(y, a + turned(b + k2, 18) + c, factor);
  const Word e = word_at(text, 16) * factor, f = word_at(text, 24);
  const Word g = (y + word_at(text, size - 32)) * factor;
  const Word h = (z + word_at(text, size - 24)) * factor;
  return joined(turned(e + f, 43) + turned(g, 30) + h, e + turned(f + a, 18) + g, factor);
}

using Pair = std::pair<Word, Word>;

/// 32 bytes from place i on, mixed with two words.
Pair weak_hash(std::string_view text, std::size_t i, Word a, Word b) {
  const Word x = word_at(text, i + 8), y = word_at(text, i + 16), z = word_at(text, i + 24);
  a += word_at(text, i);
  b = turned(b + a + z, 21);
  const Word before = a;
  a += x + y;
  b += turned(a, 44);
  return {a + z, b + before};
}

/// What a hash of many bytes carries from 64 of them to the next.
struct Long {
  Word x, y, z;
  Pair v = {0, 0}, w = {0, 0};

  /// `weight` is 1, and 9 for the last bytes.
  void take(std::string_view text, std::size_t i, Word factor, Word weight) {
    x = turned(x + y + v.first + word_at(text, i + 8), 37) * factor;
    y = turned(y + v.second + word_at(text, i + 48), 42) * factor;
    x ^= w.second * weight;
    y += v.first * weight + word_at(text, i + 40);
    z = turned(z + w.first, 33) * factor;
    v = weak_hash(text, i, v.second * factor, x + w.first);
    w = weak_hash(text, i + 32, z + w.second, y + word_at(text, i + 16));
    std::swap(z, x);
  }
};

Word hash_long(std::string_view text) {
  constexpr Word kSeed = 81;
  const std::size_t whole = (text.size() - 1) / 64 * 64, left = (text.size() - 1) % 64;
  Long h{.x = kSeed * k2 + word_at(text, 0), .y = kSeed * k1 + 113, .z = 0};
  h.z = mixed(h.y * k2 + 113) * k2;
  for (std::size_t i = 0; i < whole; i += 64) {
    h.take(text, i, k1, 1);
  }
  const Word factor = k1 + ((h.z & 0xff) << 1);
  h.w.first += left;
  h.v.first += h.w.first;
  h.w.first += h.v.first;
  h.take(text, whole + left - 63, factor, 9);
  return joined(joined(h.v.first, h.w.first, factor) + mixed(h.y) * k0 + h.z,
                joined(h.v.second, h.w.second, factor) + h.x,
                factor);
}

}  // namespace

std::uint64_t farm_fingerprint(std::string_view text) {
  const Word factor = k2 + text.size() * 2;
  if (text.size() <= 16) {
    return hash_to_16(text, factor);
  }
  if (text.size() <= 32) {
    return hash_to_32(text, factor);
  }
  return text.size() <= 64 ? hash_to_64(text, factor) : hash_long(text);
}

std::uint64_t joined_fingerprint(std::uint64_t first, std::uint64_t second) {
  constexpr Word kFactor = 0xc6a4a7935bd1e995;
  const auto mix = [](Word w) { return w ^ (w >> 47); };
  const Word joined = ((first ^ kFactor) ^ (mix(second * kFactor) * kFactor)) * kFactor;
  return mix(mix(joined) * kFactor);
}

std::uint64_t sip_hash(std::string_view text, std::uint64_t key0, std::uint64_t key1) {
  std::array<Word, 4> v = {key0 ^ 0x736f6d6570736575,
                           key1 ^ 0x646f72616e646f6d,
                           key0 ^ 0x6c7967656e657261,
                           key1 ^ 0x7465646279746573};
  const auto round = [&] {
    v[0] += v[1];
    v[1] = std::rotl(v[1], 13) ^ v[0];
    v[0] = std::rotl(v[0], 32);
    v[2] += v[3];
    v[3] = std::rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = std::rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = std::rotl(v[1], 17) ^ v[2];
    v[2] = std::rotl(v[2], 32);
  };
  for (std::size_t i = 0; i <= text.size(); i += 8) {
    const bool is_last = i + 8 > text.size();
    const Word word =
        is_last ? word_at(text, i, text.size() - i) | Word{text.size()} << 56 : word_at(text, i);
    v[3] ^= word;
    round();
    round();
    v[0] ^= word;
  }
  v[2] ^= 0xff;
  for (int i = 0; i < 4; ++i) {
    round();
  }
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

}  // namespace engram

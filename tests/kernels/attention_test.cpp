// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.hpp"

#include "kernels/each_target.hpp"

namespace engram::kernels {
namespace {

class AttentionScores : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(AttentionScores);

constexpr std::int64_t kQueries = 3, kValues = 2;
constexpr float kInner = -1.75f;

/// Scores of kQueries and kValues of D features, rows two floats apart beyond that.
struct Case {
  explicit Case(std::int64_t features)
      : D(features),
        ld(features + 2),
        query(random_floats(kQueries * ld, 1)),
        key(random_floats(kValues * ld, 2)),
        outer(random_floats(D, 3)) {}

  TanhScores scores() const {
    return {.Q = kQueries,
            .V = kValues,
            .D = D,
            .query = query.data(),
            .key = key.data(),
            .ld_query = ld,
            .ld_key = ld,
            .outer = outer.data(),
            .inner = kInner};
  }

  double sum(std::int64_t q, std::int64_t v, std::int64_t i) const {
    return static_cast<double>(query[std::size_t(q * ld + i)]) + key[std::size_t(v * ld + i)];
  }

  std::int64_t D, ld;
  Floats query, key, outer;
};

TEST_P(AttentionScores, SumTanh) {
  for (const std::int64_t D : kLengths) {
    const Case c(D);
    Floats scores(kQueries * kValues);
    tanh_scores(c.scores(), scores.data());
    for (std::int64_t at = 0; at < kQueries * kValues; ++at) {
      double expected = 0;
      for (std::int64_t i = 0; i < D; ++i) {
        expected +=
            c.outer[std::size_t(i)] * std::tanh(kInner * c.sum(at / kValues, at % kValues, i));
      }
      // tanh within 5 ulp, the rounding of its argument, and a sum of D terms below 1.
      EXPECT_NEAR(
          scores[std::size_t(at)], expected, static_cast<double>(D) * (12 * kUnit + higham(D)));
    }
  }
}

TEST_P(AttentionScores, GiveGradientsOfAllParts) {
  for (const std::int64_t D : {1, 4, 17, 33}) {
    const Case c(D);
    const Floats dscores = random_floats(kQueries * kValues, 4);
    Floats dquery(c.query.size(), 0.5f), dkey(c.key.size()), douter(c.outer.size());
    float dinner = 0;
    tanh_scores_gradient(c.scores(),
                         {.dscores = dscores.data(),
                          .dquery = dquery.data(),
                          .dkey = dkey.data(),
                          .douter = douter.data(),
                          .dinner = &dinner});
    double by_inner = 0;
    for (std::int64_t i = 0; i < D; ++i) {
      double by_outer = 0, by_query = 0, by_key = 0;
      for (std::int64_t at = 0; at < kQueries * kValues; ++at) {
        const double x = c.sum(at / kValues, at % kValues, i), y = std::tanh(kInner * x);
        const double d = dscores[std::size_t(at)];
        const double slope = d * c.outer[std::size_t(i)] * (1 - y * y);
        by_outer += d * y;
        by_inner += slope * x;
        by_query += at / kValues == 0 ? kInner * slope : 0;
        by_key += at % kValues == 0 ? kInner * slope : 0;
      }
      // A few sums of numbers of at most 2, and 1 - y^2 within some ulp of 1.
      EXPECT_NEAR(douter[std::size_t(i)], by_outer, 1e-5);
      EXPECT_NEAR(dquery[std::size_t(i)], 0.5 + by_query, 1e-5);
      EXPECT_NEAR(dkey[std::size_t(i)], by_key, 1e-5);
    }
    EXPECT_EQ(dquery[std::size_t(D)], 0.5f) << "between the rows";
    EXPECT_NEAR(dinner, by_inner, 1e-5 * static_cast<double>(D));
  }
}

TEST(ScoreMask, CountsWhatNoRuleSkips) {
  const std::vector<std::uint8_t> query = {1, 9, 0, 9}, value = {1, 9, 1, 9, 0, 9};
  const ScoreMask mask = {.query = query.data(), .value = value.data(), .stride = 2};
  EXPECT_TRUE(mask.counts(0, 1));
  EXPECT_FALSE(mask.counts(1, 1));
  EXPECT_FALSE(mask.counts(0, 2));
  EXPECT_FALSE((ScoreMask{.is_causal = true}.counts(1, 2)));
  EXPECT_TRUE((ScoreMask{.is_causal = true}.counts(2, 2)));
  EXPECT_FALSE((ScoreMask{.window = 2}.counts(1, 3)));
  EXPECT_TRUE((ScoreMask{.window = 2}.counts(3, 2)));
  Floats scores = {1, 2, 3, 4};
  scale_and_mask(scores.data(), 2, 2, 0.5f, {.is_causal = true});
  EXPECT_EQ(scores, (Floats{0.5f, -1e9f, 1.5f, 2}));
  scale_and_clear(scores.data(), 2, 2, 2, {.is_causal = true});
  EXPECT_EQ(scores, (Floats{1, 0, 3, 4}));
}

}  // namespace
}  // namespace engram::kernels

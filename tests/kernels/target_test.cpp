// SPDX-License-Identifier: Apache-2.0
#include "kernels/target.hpp"

#include <cstdlib>
#include <optional>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "kernels/each_target.hpp"

namespace engram::kernels {
namespace {

/// Sets ENGRAM_SIMD while it lives.
class SimdVariable {
 public:
  explicit SimdVariable(const std::string& value) {
    if (const char* old = std::getenv("ENGRAM_SIMD")) {
      old_ = old;
    }
    setenv("ENGRAM_SIMD", value.c_str(), 1);
    use_simd_target("");
  }

  ~SimdVariable() {  // puts the variable back
    if (old_) {
      setenv("ENGRAM_SIMD", old_->c_str(), 1);
    } else {
      unsetenv("ENGRAM_SIMD");
    }
    use_simd_target("");
  }

 private:
  std::optional<std::string> old_;
};

class EachTarget : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(EachTarget);

TEST_P(EachTarget, IsTakenFromTheVariable) {
  const SimdVariable variable(GetParam());
  EXPECT_EQ(simd_target(), GetParam());
  EXPECT_TRUE(has_lanes_of(GetParam(), simd_lanes()));
}

TEST_P(EachTarget, HasAPeak) {
  EXPECT_GT(fma_peak_gflops(false, 1), 0.1);
  EXPECT_GT(fma_peak_gflops(true, 1), 0.1);
}

// CTest also runs this one by itself, with ENGRAM_SIMD set.
TEST(Target, VariableIsObeyedFromTheFirstCall) {
  const char* wish = std::getenv("ENGRAM_SIMD");
  const std::string expected = wish == nullptr ? simd_targets().front() : wish;
  EXPECT_TRUE(has_lanes_of(expected, simd_lanes())) << simd_lanes() << " lanes";
  EXPECT_EQ(simd_target(), expected);
}

TEST(Target, ListEndsWithThePortableOne) {
  ASSERT_FALSE(simd_targets().empty());
  EXPECT_EQ(simd_targets().back(), "baseline");
}

TEST(Target, UnknownNameInTheVariableIsRefused) {
  const SimdVariable variable("avx3");
  EXPECT_THROW(static_cast<void>(simd_target()), OptionError);
}

TEST(Target, UnknownNameIsRefusedWithTheNearest) {
  std::string names;
  for (const std::string& name : simd_targets()) {
    names += (names.empty() ? "" : ", ") + name;
  }
  const std::string text =
      "use_simd_target: expected a supported instruction set, got 'baselin'. Did you mean "
      "'baseline'? Supported: " +
      names + ".";
  EXPECT_ERROR(use_simd_target("baselin"), OptionError, text.c_str());
}

TEST(Target, DenormalsAreFlushedWhileTheGuardLives) {
  volatile float tiny = std::numeric_limits<float>::min();
  EXPECT_NE(tiny * 0.5f, 0.0f);
  {
    const FlushDenormals flush;
    EXPECT_EQ(tiny * 0.5f, 0.0f);
  }
  EXPECT_NE(tiny * 0.5f, 0.0f);
}

}  // namespace
}  // namespace engram::kernels

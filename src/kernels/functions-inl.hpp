// SPDX-License-Identifier: Apache-2.0
/// Functions of one vector and their derivatives. NaN stays NaN in all of them.
#include "kernels/lanes-inl.hpp"
#include "kernels/recurrent.hpp"  // Function

#if defined(ENGRAM_KERNELS_FUNCTIONS_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_FUNCTIONS_INL_HPP_
#undef ENGRAM_KERNELS_FUNCTIONS_INL_HPP_
#else
#define ENGRAM_KERNELS_FUNCTIONS_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// max(x, low) and min(x, high), but NaN stays NaN: a saturated gate would hide a network that
/// diverges. x86 returns the second operand when one is NaN.
HWY_INLINE Vector at_least(float low, Vector x) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4
  return hn::Max(all(low), x);
#else
  return hn::IfThenElse(hn::Lt(x, all(low)), all(low), x);
#endif
}

HWY_INLINE Vector at_most(float high, Vector x) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4
  return hn::Min(all(high), x);
#else
  return hn::IfThenElse(hn::Gt(x, all(high)), all(high), x);
#endif
}

HWY_INLINE Vector clamp(float low, Vector x, float high) { return at_most(high, at_least(low, x)); }

/// outer tanh(inner x), for powers of two: they go into the constants and round nothing.
/// tanh(x) = x P(x^2) / Q(x^2). Source of the constants: tools/fit_tanh.py.
HWY_INLINE Vector scaled_tanh(float outer, float inner, Vector x) {
  const float square = inner * inner, rest = outer * inner;
  x = clamp(-8.2f / inner, x, 8.2f / inner);
  const Vector u = hn::Mul(x, x);
  Vector p = all(2.68481113e-08f * rest * square * square * square * square);
  Vector q = all(1.5143172e-06f * square * square * square * square);
  p = hn::MulAdd(p, u, all(3.91434842e-05f * rest * square * square * square));
  q = hn::MulAdd(q, u, all(0.000612629403f * square * square * square));
  p = hn::MulAdd(p, u, all(0.00643424923f * rest * square * square));
  q = hn::MulAdd(q, u, all(0.047231257f * square * square));
  p = hn::MulAdd(p, u, all(0.242993549f * rest * square));
  q = hn::MulAdd(q, u, all(0.84600848f * square));
  p = hn::MulAdd(p, u, all(1.8090452f * rest));
  q = hn::MulAdd(q, u, all(1.8090452f));
  return hn::Div(hn::Mul(p, x), q);
}

/// Accuracy: 5 ulp (kTanhUlp of the tests), never beyond +-1.
HWY_INLINE Vector tanh(Vector x) { return scaled_tanh(1, 1, x); }

/// 1 / (1 + exp(-x)) = (1 + tanh(x/2)) / 2. Accuracy: 2e-7 absolute (kSigmoidError of the tests);
/// good for gates. Outputs take the form of elementwise.cpp, good in the left tail too.
HWY_INLINE Vector sigmoid(Vector x) { return hn::Add(scaled_tanh(0.5f, 0.5f, x), all(0.5f)); }

/// clip(x/6 + 1/2, 0, 1), Keras 3's.
HWY_INLINE Vector hard_sigmoid(Vector x) {
  return clamp(0.0f, hn::MulAdd(x, all(1.0f / 6.0f), all(0.5f)), 1.0f);
}

HWY_INLINE Vector relu(Vector x) { return at_least(0.0f, x); }

/// Derivatives by the result y = f(x).
HWY_INLINE Vector tanh_slope(Vector y) { return hn::NegMulAdd(y, y, all(1.0f)); }

HWY_INLINE Vector sigmoid_slope(Vector y) { return hn::NegMulAdd(y, y, y); }

HWY_INLINE Vector value_of(Function f, Vector x) {
  switch (f) {
    case Function::tanh:
      return tanh(x);
    case Function::sigmoid:
      return sigmoid(x);
    case Function::hard_sigmoid:
      return hard_sigmoid(x);
    case Function::relu:
      return relu(x);
    case Function::linear:
      break;
  }
  return x;
}

HWY_INLINE Vector slope_of(Function f, Vector y) {
  switch (f) {
    case Function::tanh:
      return tanh_slope(y);
    case Function::sigmoid:
      return sigmoid_slope(y);
    case Function::hard_sigmoid:
      return hn::IfThenElseZero(hn::And(hn::Gt(y, zero()), hn::Lt(y, all(1.0f))), all(1.0f / 6.0f));
    case Function::relu:
      return hn::IfThenElseZero(hn::Gt(y, zero()), all(1.0f));
    case Function::linear:
      break;
  }
  return all(1.0f);
}

/// The functions of nearly every network, known when the kernel is compiled: sigmoid gates, tanh.
struct UsualFunctions {
  HWY_INLINE Vector gate(Vector x) const { return sigmoid(x); }

  HWY_INLINE Vector gate_slope(Vector y) const { return sigmoid_slope(y); }

  HWY_INLINE Vector activation(Vector x) const { return tanh(x); }

  HWY_INLINE Vector activation_slope(Vector y) const { return tanh_slope(y); }
};

/// Any other pair, chosen while the kernel runs.
struct ChosenFunctions {
  Function of_gates, of_states;

  HWY_INLINE Vector gate(Vector x) const { return value_of(of_gates, x); }

  HWY_INLINE Vector gate_slope(Vector y) const { return slope_of(of_gates, y); }

  HWY_INLINE Vector activation(Vector x) const { return value_of(of_states, x); }

  HWY_INLINE Vector activation_slope(Vector y) const { return slope_of(of_states, y); }
};

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target

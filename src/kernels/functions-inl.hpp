// SPDX-License-Identifier: Apache-2.0
/// Functions of one vector and their derivatives. NaN stays NaN in all of them.
#include <hwy/contrib/math/math-inl.h>

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

/// Highway's Exp (1 ulp) gives 0 for NaN; this one gives NaN.
HWY_INLINE Vector exponential(Vector x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(Floats(), x));
}

HWY_INLINE Vector exponential_less_one(Vector x) { return hn::Expm1(Floats(), x); }

/// Good in both tails: for outputs.
HWY_INLINE Vector accurate_sigmoid(Vector x) {
  const Vector one = all(1.0f);
  return hn::Div(one, hn::Add(one, exponential(hn::Neg(x))));
}

/// log(1 + exp(x))
HWY_INLINE Vector softplus(Vector x) {
  const Vector rest = hn::Exp(Floats(), hn::Neg(hn::Abs(x)));
  return hn::Add(hn::Max(x, zero()), hn::Log1p(Floats(), rest));
}

/// Accuracy: 5e-7 absolute. x P(x^2) / Q(x^2) up to 3.8. Source of the constants: Eigen 3.4,
/// generic_fast_erf_float.
HWY_INLINE Vector error_function(Vector x) {
  const auto is_far = hn::Gt(hn::Abs(x), all(3.8f));  // from there on 1 to within 8e-8
  const Vector one = hn::CopySign(all(1.0f), x);
  const Vector u = hn::Mul(x, x);
  Vector p = all(-2.72614225801306e-10f), q = all(-1.45660718464996e-05f);
  p = hn::MulAdd(p, u, all(2.77068142495902e-08f));
  p = hn::MulAdd(p, u, all(-2.10102402082508e-06f));
  p = hn::MulAdd(p, u, all(-5.69250639462346e-05f));
  p = hn::MulAdd(p, u, all(-7.34990630326855e-04f));
  p = hn::MulAdd(p, u, all(-2.95459980854025e-03f));
  p = hn::MulAdd(p, u, all(-1.60960333262415e-02f));
  q = hn::MulAdd(q, u, all(-2.13374055278905e-04f));
  q = hn::MulAdd(q, u, all(-1.68282697438203e-03f));
  q = hn::MulAdd(q, u, all(-7.37332916720468e-03f));
  q = hn::MulAdd(q, u, all(-1.42647390514189e-02f));
  return hn::IfThenElse(is_far, one, hn::Div(hn::Mul(x, p), q));
}

/// The distribution function of the normal distribution.
HWY_INLINE Vector normal_share(Vector x) {
  return hn::MulAdd(all(0.5f), error_function(hn::Mul(x, all(0.70710678f))), all(0.5f));
}

/// tanh(softplus(x)) = n / (n + 2) with n = e^x (e^x + 2); from 20 on it is 1.
HWY_INLINE Vector mish_numerator(Vector x) {
  const Vector e = hn::Exp(Floats(), hn::Min(x, all(20.0f)));
  return hn::Mul(e, hn::Add(e, all(2.0f)));
}

constexpr float kSeluScale = 1.0507009873554805f;
constexpr float kSeluBelow = 1.7580993408473766f;  // the scale times alpha
constexpr float kShrink = 0.5f, kLeak = 0.2f;      // Keras's defaults

HWY_INLINE Vector one_where(hn::Mask<Floats> mask) { return hn::IfThenElseZero(mask, all(1.0f)); }

/// Functions that few networks have: a call, so that they take no room in the cells.
inline HWY_NOINLINE Vector seldom_value(Function f, Vector x) {
  const Vector one = all(1.0f);
  switch (f) {
    case Function::relu6:
      return clamp(0.0f, x, 6.0f);
    case Function::leaky_relu:
      return hn::Max(x, hn::Mul(x, all(kLeak)));
    case Function::elu:
      return hn::IfThenElse(hn::Gt(x, zero()), x, exponential_less_one(hn::Min(x, zero())));
    case Function::selu:
      return hn::IfThenElse(hn::Gt(x, zero()),
                            hn::Mul(x, all(kSeluScale)),
                            hn::Mul(exponential_less_one(hn::Min(x, zero())), all(kSeluBelow)));
    case Function::softplus:
      return softplus(x);
    case Function::log_sigmoid:
      return hn::Neg(softplus(hn::Neg(x)));
    case Function::softsign:
      return hn::Div(x, hn::Add(one, hn::Abs(x)));
    case Function::exponential:
      return hn::Exp(Floats(), x);
    case Function::soft_shrink:
      return hn::Sub(x, clamp(-kShrink, x, kShrink));
    case Function::hard_shrink:
      return hn::IfThenElseZero(hn::Gt(hn::Abs(x), all(kShrink)), x);
    case Function::tanh_shrink:
      return hn::Sub(x, tanh(x));
    case Function::hard_tanh:
      return clamp(-1.0f, x, 1.0f);
    case Function::sparse_plus: {
      const Vector half = hn::Mul(hn::Add(at_least(-1.0f, x), one), all(0.5f));
      return hn::IfThenElse(hn::Lt(x, one), hn::Mul(half, half), x);
    }
    case Function::sparse_sigmoid:
      return clamp(0.0f, hn::MulAdd(x, all(0.5f), all(0.5f)), 1.0f);
    case Function::squareplus: {  // (x + root) / 2, without loss of digits below 0
      const Vector root = hn::Sqrt(hn::MulAdd(x, x, all(4.0f)));
      return hn::IfThenElse(hn::Gt(x, zero()),
                            hn::Mul(hn::Add(x, root), all(0.5f)),
                            hn::Div(all(2.0f), hn::Sub(root, x)));
    }
    case Function::silu:
      return hn::Mul(x, accurate_sigmoid(x));
    case Function::hard_silu:
      return hn::Mul(x, hard_sigmoid(x));
    case Function::gelu:
      return hn::Mul(x, normal_share(x));
    case Function::mish: {
      const Vector n = mish_numerator(x);
      return hn::Mul(x, hn::Div(n, hn::Add(n, all(2.0f))));
    }
    default:
      return x;
  }
}

/// Their derivatives by what is kept: x of those that keeps_input() names, else y.
inline HWY_NOINLINE Vector seldom_slope(Function f, Vector kept) {
  const Vector one = all(1.0f), y = kept, x = kept;
  switch (f) {
    case Function::relu6:
      return one_where(hn::And(hn::Gt(y, zero()), hn::Lt(y, all(6.0f))));
    case Function::leaky_relu:
      return hn::IfThenElse(hn::Gt(y, zero()), one, all(kLeak));
    case Function::elu:
      return hn::IfThenElse(hn::Gt(y, zero()), one, hn::Add(y, one));
    case Function::selu:
      return hn::IfThenElse(hn::Lt(y, zero()), hn::Add(y, all(kSeluBelow)), all(kSeluScale));
    case Function::softplus:
      return hn::Neg(exponential_less_one(hn::Neg(y)));
    case Function::log_sigmoid:
      return hn::Neg(exponential_less_one(y));
    case Function::softsign: {
      const Vector rest = hn::Sub(one, hn::Abs(y));
      return hn::Mul(rest, rest);
    }
    case Function::exponential:
      return y;
    case Function::soft_shrink:
    case Function::hard_shrink:
      return one_where(hn::Ne(y, zero()));
    case Function::tanh_shrink: {
      const Vector t = tanh(x);
      return hn::Mul(t, t);
    }
    case Function::hard_tanh:
      return one_where(hn::Lt(hn::Abs(y), one));
    case Function::sparse_plus:
      return hn::Sqrt(clamp(0.0f, y, 1.0f));
    case Function::sparse_sigmoid:
      return hn::IfThenElseZero(hn::And(hn::Gt(y, zero()), hn::Lt(y, one)), all(0.5f));
    case Function::squareplus: {  // x = y - 1/y
      const Vector square = hn::Mul(y, y);
      return hn::Sub(one, hn::Div(one, hn::Add(square, one)));
    }
    case Function::silu: {
      const Vector s = accurate_sigmoid(x);
      return hn::Mul(s, hn::MulAdd(x, hn::Sub(one, s), one));
    }
    case Function::hard_silu: {
      const Vector inside = one_where(hn::Lt(hn::Abs(x), all(3.0f)));
      return hn::MulAdd(hn::Mul(x, inside), all(1.0f / 6.0f), hard_sigmoid(x));
    }
    case Function::gelu: {
      const Vector density = hn::Exp(Floats(), hn::Mul(hn::Mul(x, x), all(-0.5f)));
      return hn::MulAdd(hn::Mul(x, density), all(0.398942280f), normal_share(x));
    }
    case Function::mish: {  // t + x (1 - t^2) sigmoid(x), 1 - t = 2 / (n + 2)
      const Vector n = mish_numerator(x), whole = hn::Add(n, all(2.0f));
      const Vector t = hn::Div(n, whole), rest = hn::Div(all(2.0f), whole);
      return hn::MulAdd(hn::Mul(x, hn::Mul(rest, hn::Add(one, t))), accurate_sigmoid(x), t);
    }
    default:
      return one;
  }
}

/// NaN stays NaN, whatever the functions that this is made of do with it.
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
      return x;
    default:
      return hn::IfThenElse(hn::IsNaN(x), x, seldom_value(f, x));
  }
}

/// The derivative by what is kept: x if keeps_input(f), else y.
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
      return all(1.0f);
    default:
      return hn::IfThenElse(hn::IsNaN(y), y, seldom_slope(f, y));
  }
}

/// The functions of nearly every network, known when the kernel is compiled: sigmoid gates, tanh.
/// What backward needs of a value is its result: `kept` is y.
struct UsualFunctions {
  HWY_INLINE Vector gate(Vector x) const { return sigmoid(x); }

  HWY_INLINE Vector gate_to_keep(Vector /*x*/, Vector y) const { return y; }

  HWY_INLINE Vector gate_of(Vector kept) const { return kept; }

  HWY_INLINE Vector gate_slope(Vector kept) const { return sigmoid_slope(kept); }

  HWY_INLINE Vector activation(Vector x) const { return tanh(x); }

  HWY_INLINE Vector activation_to_keep(Vector /*x*/, Vector y) const { return y; }

  HWY_INLINE Vector activation_of(Vector kept) const { return kept; }

  HWY_INLINE Vector activation_slope(Vector kept) const { return tanh_slope(kept); }
};

/// Any other pair, chosen while the kernel runs. Where the derivative does not follow from the
/// result, x is kept and the result computed again.
struct ChosenFunctions {
  Function of_gates, of_states;

  HWY_INLINE Vector gate(Vector x) const { return value_of(of_gates, x); }

  HWY_INLINE Vector gate_to_keep(Vector x, Vector y) const { return to_keep(of_gates, x, y); }

  HWY_INLINE Vector gate_of(Vector kept) const { return from_kept(of_gates, kept); }

  HWY_INLINE Vector gate_slope(Vector kept) const { return slope_of(of_gates, kept); }

  HWY_INLINE Vector activation(Vector x) const { return value_of(of_states, x); }

  HWY_INLINE Vector activation_to_keep(Vector x, Vector y) const {
    return to_keep(of_states, x, y);
  }

  HWY_INLINE Vector activation_of(Vector kept) const { return from_kept(of_states, kept); }

  HWY_INLINE Vector activation_slope(Vector kept) const { return slope_of(of_states, kept); }

 private:
  static HWY_INLINE Vector to_keep(Function f, Vector x, Vector y) {
    return keeps_input(f) ? x : y;
  }

  static HWY_INLINE Vector from_kept(Function f, Vector kept) {
    return keeps_input(f) ? value_of(f, kept) : kept;
  }
};

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target

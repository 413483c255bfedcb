#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the rational of src/kernels/functions-inl.hpp: tanh(x) = x P(x^2) / Q(x^2), degrees 4 and 4.

Usage: tools/fit_tanh.py        (needs NumPy; prints the constants and their errors; about a minute)

The relative error of the linearised problem is made nearly equal everywhere by Lawson's weights.
Then the clamp and one common factor of all coefficients are searched: they decide how the
coefficients round to float32. Kept is the set with the least error in ulp, with and without FMA,
among those whose result never passes 1.
"""
import numpy as np

f32 = np.float32
POWERS = np.arange(5)


def fit(limit, points=4001, rounds=60):
    """Coefficients of P and Q for 0 < x <= limit, in float64; Q(0) = 1."""
    x = np.unique(np.concatenate([limit * np.sin(np.linspace(0, np.pi / 2, points)[1:]),
                                  np.linspace(limit / points, limit, points)]))
    t = np.tanh(x)
    v = ((x / limit) ** 2)[:, None] ** POWERS
    q, weight, best = np.ones_like(x), np.ones_like(x), (np.inf, None)
    for _ in range(rounds):
        scale = weight / (t * q)
        matrix = np.concatenate([(x / limit)[:, None] * v, -t[:, None] * v[:, 1:]], axis=1)
        c = np.linalg.lstsq(matrix * scale[:, None], t * scale, rcond=None)[0]
        q = 1 + v[:, 1:] @ c[5:]
        error = np.abs((x / limit) * (v @ c[:5]) / q / t - 1)
        if error.max() < best[0]:
            best = (error.max(), c)
        weight *= np.sqrt(error / error.max() + 1e-3)
        weight /= weight.max()
    c = best[1]
    return c[:5] / limit ** (2 * POWERS + 1), np.r_[1, c[5:]] / limit ** (2.0 * POWERS)


def evaluate(p, q, limit, x, has_fma):
    """The kernel's arithmetic in float32. (A double product and sum rounds like an FMA.)"""
    def multiply_add(a, b, c):
        if has_fma:
            return f32(a.astype(np.float64) * b.astype(np.float64) + np.float64(c))
        return f32(f32(a * b) + c)

    x = np.minimum(x, f32(limit))
    u = x * x
    top, bottom = np.full_like(x, p[4]), np.full_like(x, q[4])
    for k in (3, 2, 1, 0):
        top, bottom = multiply_add(top, u, p[k]), multiply_add(bottom, u, q[k])
    return (top * x) / bottom


def main():
    x = np.r_[np.exp(np.linspace(np.log(1e-6), np.log(20), 150000)),
              np.linspace(0.01, 12, 250000)].astype(f32)
    t = np.tanh(x.astype(np.longdouble)).astype(np.float64)
    ulp = np.spacing(np.minimum(t, 1 - 1e-9).astype(f32)).astype(np.float64)
    best = (np.inf,)
    for limit in np.arange(8.0, 9.01, 0.1):
        p, q = fit(limit)
        for factor in np.linspace(1, 2, 200):
            p32, q32 = (p * factor).astype(f32), (q * factor).astype(f32)
            results = [evaluate(p32, q32, limit, x, fma).astype(np.float64) for fma in (True, False)]
            if max(r.max() for r in results) > 1:
                continue
            errors = [(np.abs(r - t) / ulp).max() for r in results]
            if max(errors) < best[0]:
                best = (max(errors), errors, limit, factor, p32, q32,
                        max(np.abs(r - t).max() for r in results))
    _, errors, limit, factor, p, q, absolute = best
    print(f"clamp {limit:.1f}  factor {factor:.6f}  ulp with FMA {errors[0]:.2f}, "
          f"without {errors[1]:.2f}; absolute {absolute:.2e}")
    print("P", " ".join(f"{c:.9g}f" for c in p))
    print("Q", " ".join(f"{c:.9g}f" for c in q))


if __name__ == "__main__":
    main()

// SPDX-License-Identifier: Apache-2.0
/// Products with packed matrices against float64, within Higham's bound.
#include "base/aligned.hpp"
#include "kernels/dense.hpp"
#include "kernels/each_target.hpp"

namespace engram::kernels {
namespace {

const std::vector<std::int64_t> kSizes = {1, 2, 3, 7, 8, 15, 16, 17, 33, 100};

constexpr float kCanary = 12345;  // must stay where nothing is to be written

struct ProductSizes {
  std::int64_t M, K, N;
};

std::vector<ProductSizes> all_product_sizes() {
  std::vector<ProductSizes> all;
  for (const std::int64_t M : kSizes) {
    for (const std::int64_t K : kSizes) {
      for (const std::int64_t N : kSizes) {
        all.push_back({M, K, N});
      }
    }
  }
  return all;
}

/// Rows `stride` apart that begin one float past the alignment.
struct Matrix {
  std::int64_t rows, columns, stride;
  Floats floats;

  Matrix(std::int64_t rows_, std::int64_t columns_, std::uint32_t seed)
      : rows(rows_),
        columns(columns_),
        stride(columns_ + 3),
        floats(random_floats(rows_ * stride + 1, seed)) {}

  float* data() { return floats.data() + 1; }

  const float* data() const { return floats.data() + 1; }

  float& at(std::int64_t row, std::int64_t column) { return data()[row * stride + column]; }

  double operator()(std::int64_t row, std::int64_t column) const {
    return data()[row * stride + column];
  }
};

AlignedFloats packed_of(const Matrix& w) {
  AlignedFloats packed(packed_matrix_floats(w.rows, w.columns));
  pack_matrix(w.data(), w.rows, w.columns, w.stride, packed.data());
  return packed;
}

/// A sum of products and the sum of their sizes.
struct Sum {
  double value = 0, size = 0;

  void add(double a, double b) {
    value += a * b;
    size += std::abs(a * b);
  }
};

class PackedProduct : public OnEachTarget {
 protected:
  static Matrix run(const Matrix& a, const Matrix& w, const float* bias) {
    const AlignedFloats packed = packed_of(w);
    Matrix c(a.rows, w.columns, 0);
    std::fill(c.floats.begin(), c.floats.end(), kCanary);
    product({.M = a.rows,
             .K = w.rows,
             .N = w.columns,
             .a = a.data(),
             .lda = a.stride,
             .packed = packed.data(),
             .bias = bias,
             .c = c.data(),
             .ldc = c.stride});
    return c;
  }
};

ENGRAM_ON_EACH_TARGET(PackedProduct);

TEST_P(PackedProduct, IsWithinHighamsBound) {
  for (const ProductSizes& s : all_product_sizes()) {
    const Matrix a(s.M, s.K, 1), w(s.K, s.N, 2);
    const Floats bias = random_floats(s.N + 1, 3);
    const Matrix c = run(a, w, bias.data() + 1);
    for (std::int64_t m = 0; m < s.M; ++m) {
      for (std::int64_t n = 0; n < s.N; ++n) {
        Sum sum;
        sum.add(1, bias[static_cast<std::size_t>(n + 1)]);
        for (std::int64_t k = 0; k < s.K; ++k) {
          sum.add(a(m, k), w(k, n));
        }
        ASSERT_NEAR(c(m, n), sum.value, higham(s.K + 1) * sum.size)
            << "M " << s.M << " K " << s.K << " N " << s.N << " at " << m << ", " << n;
      }
    }
  }
}

TEST_P(PackedProduct, WritesNothingBesideTheResult) {
  for (const std::int64_t N : kSizes) {
    const Matrix c = run(Matrix(9, 5, 1), Matrix(5, N, 2), nullptr);
    EXPECT_EQ(c.floats[0], kCanary);
    for (std::int64_t m = 0; m < 9; ++m) {
      for (std::int64_t n = N; n < c.stride; ++n) {
        ASSERT_EQ(c(m, n), kCanary) << "N " << N << " at " << m << ", " << n;
      }
    }
  }
}

TEST_P(PackedProduct, RowsBitsDoNotDependOnTheOtherRows) {
  for (const std::int64_t N : {1, 16, 33, 100, 400}) {
    const Matrix a(33, 50, 1), w(50, N, 2);
    const Matrix together = run(a, w, nullptr);
    for (std::int64_t m = 0; m < a.rows; ++m) {
      Matrix row(1, a.columns, 0);
      std::copy_n(a.data() + m * a.stride, a.columns, row.data());
      const Matrix alone = run(row, w, nullptr);
      for (std::int64_t n = 0; n < N; ++n) {
        ASSERT_EQ(alone(0, n), together(m, n)) << "N " << N << " row " << m;
      }
    }
  }
}

TEST_P(PackedProduct, TransposedPackingIsThatOfTheTranspose) {
  for (const std::int64_t K : kSizes) {
    for (const std::int64_t N : kSizes) {
      const Matrix w(N, K, 1);
      Matrix transposed(K, N, 0);
      for (std::int64_t k = 0; k < K; ++k) {
        for (std::int64_t n = 0; n < N; ++n) {
          transposed.at(k, n) = w.data()[n * w.stride + k];
        }
      }
      AlignedFloats packed(packed_matrix_floats(K, N));
      pack_transposed(w.data(), K, N, w.stride, packed.data());
      const AlignedFloats expected = packed_of(transposed);
      ASSERT_TRUE(std::equal(packed.data(), packed.data() + packed.size(), expected.data()))
          << "K " << K << " N " << N;
    }
  }
}

TEST_P(PackedProduct, NaNStaysInItsRow) {
  Matrix a(5, 20, 1);
  a.at(2, 19) = kNaN;
  const Matrix c = run(a, Matrix(20, 33, 2), nullptr);
  for (std::int64_t m = 0; m < 5; ++m) {
    for (std::int64_t n = 0; n < 33; ++n) {
      ASSERT_EQ(std::isnan(c(m, n)), m == 2);
    }
  }
}

class MatrixGradient : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(MatrixGradient);

TEST_P(MatrixGradient, IsWithinHighamsBoundAndAdds) {
  for (const ProductSizes& s : all_product_sizes()) {
    const Matrix a(s.M, s.K, 1), g(s.M, s.N, 2), before(s.K, s.N, 3);
    Matrix dw = before;
    const Floats bias = random_floats(s.N, 4);
    Floats dbias = bias;
    gradient_product({.M = s.M,
                      .K = s.K,
                      .N = s.N,
                      .a = a.data(),
                      .lda = a.stride,
                      .g = g.data(),
                      .ldg = g.stride,
                      .dw = dw.data(),
                      .lddw = dw.stride,
                      .dbias = dbias.data()});
    for (std::int64_t n = 0; n < s.N; ++n) {
      Sum column;
      column.add(1, bias[static_cast<std::size_t>(n)]);
      for (std::int64_t m = 0; m < s.M; ++m) {
        column.add(1, g(m, n));
      }
      ASSERT_NEAR(dbias[static_cast<std::size_t>(n)], column.value, higham(s.M + 1) * column.size);
      for (std::int64_t k = 0; k < s.K; ++k) {
        Sum sum;
        sum.add(1, before(k, n));
        for (std::int64_t m = 0; m < s.M; ++m) {
          sum.add(a(m, k), g(m, n));
        }
        ASSERT_NEAR(dw(k, n), sum.value, higham(s.M + 1) * sum.size)
            << "M " << s.M << " K " << s.K << " N " << s.N << " at " << k << ", " << n;
      }
    }
  }
}

TEST_P(MatrixGradient, WritesNothingBesideTheResult) {
  for (const std::int64_t N : kSizes) {
    const Matrix a(4, 9, 1), g(4, N, 2), before(9, N, 3);
    Matrix dw = before;
    gradient_product({.M = 4,
                      .K = 9,
                      .N = N,
                      .a = a.data(),
                      .lda = a.stride,
                      .g = g.data(),
                      .ldg = g.stride,
                      .dw = dw.data(),
                      .lddw = dw.stride});
    for (std::int64_t k = 0; k < 9; ++k) {
      for (std::int64_t n = N; n < dw.stride; ++n) {
        ASSERT_EQ(dw(k, n), before(k, n)) << "N " << N;
      }
    }
  }
}

}  // namespace
}  // namespace engram::kernels

// SPDX-License-Identifier: Apache-2.0
/// Orthonormal columns out of random ones.
#pragma once

#include <cstdint>
#include <vector>

namespace engram {

/// Replaces the columns of a matrix (rows >= columns, stored column after column) by the Q of its
/// QR factors, each column with the sign of R's diagonal: so Q does not depend on the method.
/// Source: Householder 1958; the sign as in Keras, after Mezzadri 2007.
void orthonormalize(std::vector<double>& matrix, std::int64_t rows, std::int64_t columns);

}  // namespace engram

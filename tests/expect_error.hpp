// SPDX-License-Identifier: Apache-2.0
/// Expects that a statement throws a type with an exact message.
#pragma once

#include <gtest/gtest.h>

#define EXPECT_ERROR(statement, type, text)                          \
  do {                                                               \
    try {                                                            \
      statement;                                                     \
      ADD_FAILURE() << "expected " #type ", nothing was thrown";     \
    } catch (const type& caught) {                                   \
      EXPECT_STREQ(caught.what(), text);                             \
    } catch (const std::exception& caught) {                         \
      ADD_FAILURE() << "expected " #type ", got: " << caught.what(); \
    }                                                                \
  } while (false)

// SPDX-License-Identifier: Apache-2.0
/// Text encodings of tables: UTF-8, and GB18030, which holds GBK and GB2312.
///
/// Example: if (!is_utf8(text)) { text = Gb18030().to_utf8(text).value(); }
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace engram::formats {

/// True for well-formed UTF-8: no overlong forms, surrogates, or values beyond U+10FFFF.
bool is_utf8(std::string_view text);

/// A converter; one serves many texts.
class Gb18030 {
 public:
  Gb18030();
  ~Gb18030();  // gives the system's converter back
  Gb18030(const Gb18030&) = delete;
  Gb18030& operator=(const Gb18030&) = delete;

  /// The text in UTF-8; nothing when it is no GB18030, or the system has no such converter.
  std::optional<std::string> to_utf8(std::string_view text);

 private:
  void* converter_;
};

}  // namespace engram::formats

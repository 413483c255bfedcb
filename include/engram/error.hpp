// SPDX-License-Identifier: Apache-2.0
/// What the library throws.
///
/// Every message has one form: `<where>: expected <rule>, got <value>. <what to do>`.
/// Example: try { model.fit(x, y); } catch (const engram::ShapeError& e) { puts(e.what()); }
#pragma once

#include <stdexcept>

namespace engram {

/// The base of everything that the library throws on purpose.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An option, a name or a setting that is not allowed.
class OptionError : public Error {
  using Error::Error;
};

/// A tensor, or a layer's input, of the wrong shape.
class ShapeError : public Error {
  using Error::Error;
};

/// Values or tables (CSV, arrays) that cannot be used.
class DataError : public Error {
  using Error::Error;
};

/// A model file that is damaged, hostile, or holds what is not supported.
class FileError : public Error {
  using Error::Error;
};

/// The operating system refused: a file that cannot be opened, read or written.
class IoError : public Error {
  using Error::Error;
};

/// A call at the wrong time, such as fit before compile.
class StateError : public Error {
  using Error::Error;
};

/// A fault of the library itself; please report it.
class InternalError : public Error {
  using Error::Error;
};

}  // namespace engram

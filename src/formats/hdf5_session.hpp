// SPDX-License-Identifier: Apache-2.0
/// The HDF5 library as a C++ program wants it: one call at a time, no printing, no plugins, handles
/// that close themselves.
///
/// Example: const H5Session session;
///          const H5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
#pragma once

#include <hdf5.h>

#include <mutex>
#include <utility>

namespace engram::formats {

/// Held while the library is used. Puts the process's own settings back at the end.
class H5Session {
 public:
  H5Session() : lock_(mutex()) {
    H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLget_loading_state(&plugins_);
    H5PLset_loading_state(0);
  }

  ~H5Session() {  // settings of a C library
    H5PLset_loading_state(plugins_);
    H5Eset_auto2(H5E_DEFAULT, print_, print_data_);
  }

  H5Session(const H5Session&) = delete;
  H5Session& operator=(const H5Session&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex only;
    return only;
  }

  std::scoped_lock<std::mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* print_data_ = nullptr;
  unsigned plugins_ = 0;
};

class H5Handle {
 public:
  using Close = herr_t (*)(hid_t);

  H5Handle(hid_t id, Close close) : id_(id), close_(close) {}

  H5Handle(H5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}

  ~H5Handle() {  // of a C library
    if (id_ >= 0) {
      close_(id_);
    }
  }

  hid_t id() const { return id_; }

  bool is_valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  Close close_;
};

}  // namespace engram::formats

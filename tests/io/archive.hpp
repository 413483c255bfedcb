// SPDX-License-Identifier: Apache-2.0
/// A .keras file member by member, to be changed in any of them; and what a reader makes of it.
///
/// Example: Archive archive = small_archive();  archive.config()["class_name"] = "Lambda";
///          EXPECT_ERROR(load_model(archive.write(folder)), FileError, "...");
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "engram/error.hpp"
#include "engram/io.hpp"
#include "formats/hdf5.hpp"
#include "formats/json.hpp"
#include "formats/zip.hpp"
#include "model/chapter_models.hpp"
#include "temporary_folder.hpp"

namespace engram {

/// Writes m.keras in the folder and returns its path. An old one goes first: to shorten and fill it
/// would make ext4 wait for the disk.
inline std::string write_anew(const TemporaryFolder& folder, const std::string& bytes) {
  ::unlink((folder / "m.keras").c_str());
  return folder.write("m.keras", bytes);
}

class Archive {
 public:
  explicit Archive(const std::string& bytes) {
    const formats::ZipReader zip(bytes, "archive");
    for (const formats::ZipEntry& entry : zip.entries()) {
      members_.push_back({entry.name, zip.read(entry.name, entry.size)});
    }
    config = formats::parse_json((*this)["config.json"], "config.json");
  }

  std::string& operator[](const std::string& name) {
    for (formats::ZipMember& member : members_) {
      if (member.name == name) {
        return member.data;
      }
    }
    throw std::out_of_range(name);
  }

  const std::vector<formats::ZipMember>& members() const { return members_; }

  std::string bytes() {
    (*this)["config.json"] = config.dump();
    return formats::write_zip(members_);
  }

  /// Writes m.keras in the folder and returns its path.
  std::string write(const TemporaryFolder& folder) { return write_anew(folder, bytes()); }

  formats::Json& layer(std::size_t i) { return config["config"]["layers"][i]["config"]; }

  formats::Json& compile() { return config["compile_config"]; }

  formats::Json config;

 private:
  std::vector<formats::ZipMember> members_;
};

/// InputLayer, LSTM of 2 units, Dropout, Dense; two epochs of Adam, with callbacks' memory.
inline std::string small_file() {
  const TemporaryFolder folder;
  const testing_models::Data data = testing_models::waves(20, 4);
  Sequential model(
      {Input{.shape = {4, 1}}, LSTM{.units = 2}, Dropout{.rate = 0.2f}, Dense{.units = 1}});
  model.compile({.optimizer = "adam", .loss = "mse", .metrics = {"mae"}});
  model.fit(
      data.x,
      data.y,
      {.epochs = 2, .callbacks = {EarlyStopping{.monitor = "loss", .restore_best_weights = true}}});
  save_model(model, folder / "m.keras");
  return folder.read("m.keras");
}

inline Archive small_archive() {
  static const std::string bytes = small_file();
  return Archive(bytes);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long kSlowness = 16;  // sanitizers take time and memory of their own
#else
constexpr long kSlowness = 1;
#endif

/// How a call went in a process of its own.
struct Outcome {
  std::string text;  ///< "", the message of a FileError, or another error or signal as "other: ..."
  double seconds = 0;
  long peak_mib = 0;
};

/// Calls `use` in a child process, so that a crash is seen and memory can be told.
inline Outcome in_child(const std::function<void()>& use) {
  int ends[2];
  if (::pipe(ends) != 0) {
    throw std::runtime_error("no pipe");
  }
  const pid_t child = ::fork();
  if (child == 0) {
    std::string text;
    try {
      use();
    } catch (const FileError& problem) {
      text = problem.what();
    } catch (const std::exception& problem) {
      text = std::string("other: ") + problem.what();
    }
    const ssize_t written = ::write(ends[1], text.data(), std::min<std::size_t>(text.size(), 4000));
    ::_exit(written < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  Outcome outcome;
  char buffer[4096];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof(buffer))) > 0;) {
    outcome.text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;

  struct rusage usage {};

  ::wait4(child, &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    outcome.text = "other: status " + std::to_string(status);
  }
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  outcome.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  outcome.peak_mib = usage.ru_maxrss / 1024;
  return outcome;
}

}  // namespace engram

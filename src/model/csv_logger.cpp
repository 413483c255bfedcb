// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "engram/callbacks.hpp"
#include "model/monitor.hpp"

namespace engram {

namespace {

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == separator) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

/// What the file of a stopped training is worth: the header, and the bytes before `epoch`'s row.
struct KeptRows {
  std::vector<std::string> header;
  std::uintmax_t bytes = 0;
};

KeptRows rows_before(std::int64_t epoch, const std::string& filename, char separator) {
  std::ifstream file(filename, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  KeptRows kept;
  std::size_t begin = 0;
  for (std::size_t end = text.find("\r\n"); end != std::string::npos;
       end = text.find("\r\n", begin)) {
    const std::vector<std::string> fields = split(text.substr(begin, end - begin), separator);
    begin = end + 2;
    if (kept.header.empty()) {
      kept.header = fields;
      kept.bytes = begin;
    } else if (std::strtoll(fields[0].c_str(), nullptr, 10) < epoch) {
      kept.bytes = begin;  // in a file that was appended to, the last run's rows decide
    }
  }
  return kept;
}

class CSVLoggerCallback final : public Callback {
 public:
  explicit CSVLoggerCallback(const CSVLogger& o) : o_(o) {}

  // Only tries the file: whether its rows stay is known when the first epoch ends, as restore()
  // may come after this call.
  void on_train_begin() override {
    keys_.clear();
    append("");
  }

  void on_epoch_end(std::int64_t epoch, const Logs& logs) override {
    if (keys_.empty()) {
      begin_rows(epoch, logs);
    }
    std::string row = fmt::format("{}", epoch);
    for (const std::string& key : keys_) {
      const std::optional<double> value = find(logs, key);
      row += o_.separator + (value ? python_text(*value) : "NA");
    }
    append(row + "\r\n");
  }

  void on_train_end() override { is_restored_ = false; }

  // That there is a memory tells a resumed training from a fresh one.
  CallbackMemory memory() const override { return {.numbers = {{"is_started", 1}}}; }

  void restore(const CallbackMemory& memory) override { is_restored_ = !memory.numbers.empty(); }

 private:
  void begin_rows(std::int64_t epoch, const Logs& logs) {
    if (is_restored_ && (epoch > 0 || !o_.append)) {
      const KeptRows kept = rows_before(epoch, o_.filename, o_.separator[0]);
      resize(kept.bytes);
      if (kept.header.size() > 1) {
        keys_.assign(kept.header.begin() + 1, kept.header.end());
        return;
      }
    }
    for (const auto& [name, value] : logs) {
      keys_.push_back(name);
    }
    std::sort(keys_.begin(), keys_.end());
    const auto is_val = [](const std::string& key) { return key.starts_with("val_"); };
    if (std::none_of(keys_.begin(), keys_.end(), is_val)) {  // they may come in later epochs
      const std::vector<std::string> plain = keys_;
      for (const std::string& key : plain) {
        keys_.push_back("val_" + key);
      }
    }
    if (!o_.append) {
      resize(0);
    }
    if (std::filesystem::file_size(o_.filename) == 0) {
      append(fmt::format("epoch{}{}\r\n", o_.separator, fmt::join(keys_, o_.separator)));
    }
  }

  /// Opens, writes and closes: the rows are with the system after each epoch.
  void append(const std::string& text) const {
    std::ofstream file(o_.filename, std::ios::binary | std::ios::app);
    file << text;
    file.close();
    if (!file) {
      fail(std::strerror(errno));
    }
  }

  void resize(std::uintmax_t bytes) const {
    std::error_code code;
    std::filesystem::resize_file(o_.filename, bytes, code);
    if (code) {
      fail(code.message());
    }
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw error<IoError>({.where = "CSVLogger: " + o_.filename,
                          .expected = "a file that can be written",
                          .got = reason});
  }

  CSVLogger o_;
  std::vector<std::string> keys_;
  bool is_restored_ = false;
};

}  // namespace

std::shared_ptr<Callback> make_callback(const CSVLogger& o) {
  if (o.separator.size() != 1) {
    throw error<OptionError>({.where = "CSVLogger",
                              .expected = "a separator of one character",
                              .got = engram::in_quotes(o.separator)});
  }
  return std::make_shared<CSVLoggerCallback>(o);
}

}  // namespace engram

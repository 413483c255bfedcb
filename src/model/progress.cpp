// SPDX-License-Identifier: Apache-2.0
#include "model/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace engram {

namespace {

constexpr std::int64_t kWidth = 20;
constexpr double kSecondsBetweenDraws = 0.05;

std::string cells(std::int64_t count) {
  std::string text;
  for (std::int64_t i = 0; i < count; ++i) {
    text += "━";
  }
  return text;
}

/// Columns on the screen: bytes that begin a character, outside of ESC [ ... m.
std::size_t visible_width(const std::string& text) {
  std::size_t width = 0;
  bool is_escape = false;
  for (const char c : text) {
    is_escape = is_escape || c == '\x1b';
    width += !is_escape && (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    is_escape = is_escape && c != 'm';
  }
  return width;
}

std::string remaining_text(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds);
  if (seconds > 3600) {
    return fmt::format("{}:{:02}:{:02}", s / 3600, s % 3600 / 60, s % 60);
  }
  return seconds > 60 ? fmt::format("{}:{:02}", s / 60, s % 60) : fmt::format("{}s", s);
}

std::string pace_text(double seconds) {
  if (seconds >= 1 || seconds == 0) {
    return fmt::format(" {:.0f}s/step", seconds);
  }
  return seconds >= 1e-3 ? fmt::format(" {:.0f}ms/step", seconds * 1e3)
                         : fmt::format(" {:.0f}us/step", seconds * 1e6);
}

std::string values_text(const Logs& logs) {
  std::string text;
  for (const auto& [name, value] : logs) {
    text += std::abs(value) > 1e-3 ? fmt::format(" - {}: {:.4f}", name, value)
                                   : fmt::format(" - {}: {:.4e}", name, value);
  }
  return text;
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

ProgressBar::ProgressBar(ProgressOptions options) : o_(std::move(options)) {
  if (!o_.clock) {
    o_.clock = steady_seconds;
  }
}

void ProgressBar::begin_epoch(std::int64_t epoch) {
  start_ = o_.clock();
  first_step_ = 0;
  last_draw_ = -1;
  drawn_width_ = 0;
  if (o_.epochs > 1) {
    o_.sink(fmt::format("Epoch {}/{}\n", epoch + 1, o_.epochs));
  }
}

/// The first step seen is left out once there are more: it builds what the others use.
double ProgressBar::seconds_a_step(std::int64_t step, double now) const {
  if (first_step_ > 0 && step > first_step_) {
    return (now - first_step_end_) / static_cast<double>(step - first_step_);
  }
  return (now - start_) /
         static_cast<double>(first_step_ > 0 ? 1 : std::max<std::int64_t>(step, 1));
}

void ProgressBar::update(std::int64_t step, const Logs& logs) {
  if (!is_bar()) {
    return;
  }
  const double now = o_.clock();
  if (first_step_ == 0) {  // not 1 in an epoch that was left and is gone on with
    first_step_ = step;
    first_step_end_ = now;
  }
  const double pace = seconds_a_step(step, now);
  if (now - last_draw_ < kSecondsBetweenDraws) {
    return;
  }
  const double remaining = pace * static_cast<double>(o_.steps - step);
  draw(step,
       fmt::format(
           " \x1b[1m{}\x1b[0m{}{}", remaining_text(remaining), pace_text(pace), values_text(logs)),
       false);
  last_draw_ = now;
}

void ProgressBar::end_epoch(const Logs& logs) {
  const double now = o_.clock();
  const double elapsed = now - start_;
  const std::string rest = pace_text(seconds_a_step(o_.steps, now)) + values_text(logs);
  if (is_bar()) {
    draw(o_.steps, fmt::format(" \x1b[1m{:.0f}s\x1b[0m{}", elapsed, rest), true);
  } else {
    o_.sink(fmt::format("{0}/{0} - {1:.0f}s -{2}\n", o_.steps, elapsed, rest));
  }
}

std::string ProgressBar::bar(std::int64_t step) const {
  const std::string total = fmt::format("{}", o_.steps);
  const std::int64_t done = kWidth * std::min(step, o_.steps) / std::max<std::int64_t>(o_.steps, 1);
  std::string text = fmt::format("\x1b[1m{:>{}}/{}\x1b[0m ", step, total.size(), total);
  if (done > 0) {
    text += "\x1b[32m" + cells(done) + "\x1b[0m";
  }
  return text + "\x1b[37m" + cells(kWidth - done) + "\x1b[0m";
}

void ProgressBar::draw(std::int64_t step, const std::string& info, bool is_final) {
  const std::string text = bar(step) + info;
  const std::size_t width = visible_width(text);
  std::string out = std::string(drawn_width_, '\b') + "\r" + text;
  out += std::string(drawn_width_ > width ? drawn_width_ - width : 0, ' ');
  o_.sink(is_final ? out + "\n" : out);
  drawn_width_ = width;
}

}  // namespace engram

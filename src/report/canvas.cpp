// SPDX-License-Identifier: Apache-2.0
#include "report/canvas.hpp"

#include <cairo-svg.h>
#include <cairo.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>

#include "base/error.hpp"

#ifdef __SANITIZE_ADDRESS__
// fontconfig keeps the fonts that it found until the process ends; the same few for any number of
// figures.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig"; }

extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif

#ifdef __SANITIZE_THREAD__
// cairo takes its own locks in two orders, on one thread.
extern "C" const char* __tsan_default_suppressions() { return "deadlock:libcairo"; }
#endif

namespace engram::report {

namespace {

constexpr double kPixelsPerUnit = 1.5;  // sharp on most screens

struct Destroy {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }

  void operator()(cairo_t* context) const { cairo_destroy(context); }

  void operator()(cairo_font_options_t* options) const { cairo_font_options_destroy(options); }
};

template <class T>
using Handle = std::unique_ptr<T, Destroy>;

void check(cairo_status_t status) {
  if (status == CAIRO_STATUS_INVALID_STRING) {
    throw error<OptionError>({.where = "figure",
                              .expected = "titles and labels in UTF-8",
                              .got = "other bytes",
                              .remedy = "Convert the text."});
  }
  if (status != CAIRO_STATUS_SUCCESS) {
    throw error<InternalError>({.where = "figure",
                                .expected = "a picture",
                                .got = engram::in_quotes(cairo_status_to_string(status)),
                                .remedy = "Please report it."});
  }
}

cairo_status_t append(void* bytes, const unsigned char* data, unsigned int size) noexcept {
  try {
    static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), size);
    return CAIRO_STATUS_SUCCESS;
  } catch (...) {  // no exception may pass through Cairo
    return CAIRO_STATUS_NO_MEMORY;
  }
}

void draw_on(cairo_surface_t* surface, const Draw& draw) {
  const Handle<cairo_t> context(cairo_create(surface));
  const Handle<cairo_font_options_t> fonts(cairo_font_options_create());
  // without hints letters keep their widths at every size, and PNG and SVG look alike
  cairo_font_options_set_hint_style(fonts.get(), CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(fonts.get(), CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(fonts.get(), CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(context.get(), fonts.get());
  cairo_set_source_rgb(context.get(), 1, 1, 1);
  cairo_paint(context.get());
  Canvas canvas(context.get());
  draw(canvas);
  check(cairo_status(context.get()));
}

/// Chinese, Japanese and Korean begin at U+2E80, whose UTF-8 begins with e2 ba; Cairo's simple text
/// takes all letters from one font.
bool needs_wide_font(const std::string& text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xe3; });
}

/// Brings a surface's pixels together as red, green, blue, in their own memory.
unsigned char* pack_rgb(cairo_surface_t* surface) {
  unsigned char* const pixels = cairo_image_surface_get_data(surface);
  const std::ptrdiff_t stride = cairo_image_surface_get_stride(surface);
  const int width = cairo_image_surface_get_width(surface);
  const int height = cairo_image_surface_get_height(surface);
  unsigned char* to = pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      std::uint32_t pixel;
      std::memcpy(&pixel, pixels + y * stride + 4 * x, sizeof(pixel));
      for (const int shift : {16, 8, 0}) {
        *to++ = static_cast<unsigned char>(pixel >> shift);
      }
    }
  }
  return pixels;
}

/// The file; the surface is used up. Lines and flat areas need no row filters, whose search took
/// cairo's own writer most of the time of a short training.
std::string png_of(cairo_surface_t* surface) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(cairo_image_surface_get_width(surface));
  image.height = static_cast<png_uint_32>(cairo_image_surface_get_height(surface));
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  const auto file = std::make_unique_for_overwrite<char[]>(bytes);  // little of it is touched
  const unsigned char* rgb = pack_rgb(surface);
  if (png_image_write_to_memory(&image, file.get(), &bytes, 0, rgb, 0, nullptr) == 0) {
    throw error<IoError>({.where = "PNG", .expected = "a picture", .got = image.message});
  }
  return {file.get(), bytes};
}

}  // namespace

void Canvas::set_color(std::uint32_t color, double opacity) {
  const auto part = [&](int shift) { return static_cast<double>(color >> shift & 0xff) / 255; };
  cairo_set_source_rgba(context_, part(16), part(8), part(0), opacity);
}

void Canvas::set_stroke(const Stroke& stroke) {
  const double dashes[] = {3.5 * stroke.width, 2 * stroke.width};
  set_color(stroke.color);
  cairo_set_line_width(context_, stroke.width);
  cairo_set_line_join(context_, CAIRO_LINE_JOIN_ROUND);
  cairo_set_dash(context_, dashes, stroke.is_dashed ? 2 : 0, 0);
}

void Canvas::set_font(const std::string& text, const TextStyle& style) {
  cairo_select_font_face(context_,
                         needs_wide_font(text) ? "Noto Sans CJK SC" : "DejaVu Sans",
                         CAIRO_FONT_SLANT_NORMAL,
                         style.is_bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context_, style.size);
}

void Canvas::line(Point from, Point to, const Stroke& stroke) {
  cairo_move_to(context_, from.x, from.y);
  cairo_line_to(context_, to.x, to.y);
  set_stroke(stroke);
  cairo_stroke(context_);
}

void Canvas::curve(std::span<const Point> points, const Box& frame, const Stroke& stroke) {
  const auto is_drawn = [&](std::size_t i) {
    return i < points.size() && !std::isnan(points[i].y);
  };
  cairo_save(context_);
  cairo_rectangle(context_, frame.left, frame.top, frame.width, frame.height);
  cairo_clip(context_);
  set_stroke(stroke);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto [x, y] = points[i];
    const bool goes_on = i > 0 && is_drawn(i - 1);
    if (is_drawn(i) && goes_on) {
      cairo_line_to(context_, x, y);
    } else if (is_drawn(i) && is_drawn(i + 1)) {
      cairo_move_to(context_, x, y);
    }
  }
  cairo_stroke(context_);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (is_drawn(i) && !is_drawn(i + 1) && (i == 0 || !is_drawn(i - 1))) {
      cairo_arc(context_, points[i].x, points[i].y, 1.5 * stroke.width, 0, 2 * std::numbers::pi);
      cairo_fill(context_);
    }
  }
  cairo_restore(context_);
}

void Canvas::bend(Point from, Point to, bool is_level, const Stroke& stroke) {
  const Point middle = {(from.x + to.x) / 2, (from.y + to.y) / 2};
  cairo_move_to(context_, from.x, from.y);
  if (is_level) {
    cairo_curve_to(context_, middle.x, from.y, middle.x, to.y, to.x, to.y);
  } else {
    cairo_curve_to(context_, from.x, middle.y, to.x, middle.y, to.x, to.y);
  }
  set_stroke(stroke);
  cairo_stroke(context_);
}

void Canvas::arrow_head(Point from, Point tip, const Stroke& stroke) {
  const double length = 6 * stroke.width, half = 2.5 * stroke.width;
  const double way = std::hypot(tip.x - from.x, tip.y - from.y);
  const double x = (tip.x - from.x) / way, y = (tip.y - from.y) / way;
  cairo_move_to(context_, tip.x, tip.y);
  cairo_line_to(context_, tip.x - length * x - half * y, tip.y - length * y - half * x);
  cairo_line_to(context_, tip.x - length * x + half * y, tip.y - length * y + half * x);
  cairo_close_path(context_);
  set_color(stroke.color);
  cairo_fill(context_);
}

void Canvas::box(const Box& box, std::uint32_t fill, double opacity, const Stroke& edge) {
  cairo_rectangle(context_, box.left, box.top, box.width, box.height);
  set_color(fill, opacity);
  cairo_fill_preserve(context_);
  set_stroke(edge);
  cairo_stroke(context_);
}

double Canvas::text_width(const std::string& text, const TextStyle& style) {
  set_font(text, style);
  cairo_text_extents_t extents;
  cairo_text_extents(context_, text.c_str(), &extents);
  return extents.x_advance;
}

void Canvas::text(const std::string& text, Point at, TextStyle style) {
  double width = text_width(text, style);
  if (width > style.most_width) {
    style.size *= style.most_width / width;
    width = text_width(text, style);
  }
  const double share = style.anchor == Anchor::start ? 0 : style.anchor == Anchor::middle ? 0.5 : 1;
  cairo_save(context_);
  cairo_translate(context_, at.x, at.y);
  cairo_rotate(context_, style.is_upright ? -std::numbers::pi / 2 : 0);
  cairo_move_to(context_, -share * width, 0);
  set_color(style.color);
  cairo_show_text(context_, text.c_str());
  cairo_restore(context_);
}

std::string draw_png(Size size, const Draw& draw) {
  const auto pixels = [](double units) {
    return static_cast<int>(std::ceil(units * kPixelsPerUnit));
  };
  const Handle<cairo_surface_t> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, pixels(size.width), pixels(size.height)));
  cairo_surface_set_device_scale(surface.get(), kPixelsPerUnit, kPixelsPerUnit);
  draw_on(surface.get(), draw);
  cairo_surface_flush(surface.get());
  return png_of(surface.get());
}

std::string draw_svg(Size size, const Draw& draw) {
  std::string bytes;
  const Handle<cairo_surface_t> surface(
      cairo_svg_surface_create_for_stream(append, &bytes, size.width, size.height));
  cairo_svg_surface_set_document_unit(surface.get(), CAIRO_SVG_UNIT_PX);
  draw_on(surface.get(), draw);
  cairo_surface_finish(surface.get());
  check(cairo_surface_status(surface.get()));
  return bytes;
}

}  // namespace engram::report

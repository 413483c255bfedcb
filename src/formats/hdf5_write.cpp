// SPDX-License-Identifier: Apache-2.0
#include <variant>

#include "base/error.hpp"
#include "formats/hdf5.hpp"
#include "formats/hdf5_session.hpp"

namespace engram::formats {

namespace {

/// Throws unless `holds`.
void written(bool holds, const std::string& path) {
  if (!holds) {
    throw error<InternalError>(
        {.where = "write_h5",
         .expected = "the HDF5 library to write " + in_quotes("/" + path),
         .got = "an error",
         .remedy = "Check the memory left, and this object's name and shape."});
  }
}

H5Handle checked(hid_t id, H5Handle::Close close, const std::string& path) {
  written(id >= 0, path);
  return {id, close};
}

/// The groups named, and those on the way to them and to the arrays; the root is "".
std::map<std::string, std::map<std::string, std::string>> groups_of(const H5File& file) {
  auto groups = file.groups;
  const auto add_parents = [&](std::string path) {
    while (!path.empty()) {
      const std::size_t slash = path.rfind('/');
      path.resize(slash == std::string::npos ? 0 : slash);
      groups.try_emplace(path);
    }
  };
  for (const auto& [path, texts] : file.groups) {
    add_parents(path);
  }
  for (const auto& [path, dataset] : file.datasets) {
    add_parents(path);
  }
  return groups;
}

/// Without times, so that the same content gives the same bytes.
H5Handle timeless(hid_t kind) {
  H5Handle options = checked(H5Pcreate(kind), H5Pclose, "");
  written(H5Pset_obj_track_times(options.id(), false) >= 0, "");
  return options;
}

void write_texts(hid_t group,
                 const std::map<std::string, std::string>& texts,
                 const std::string& path) {
  const H5Handle space = checked(H5Screate(H5S_SCALAR), H5Sclose, path);
  const H5Handle type = checked(H5Tcopy(H5T_C_S1), H5Tclose, path);
  written(H5Tset_size(type.id(), H5T_VARIABLE) >= 0 && H5Tset_cset(type.id(), H5T_CSET_UTF8) >= 0,
          path);
  for (const auto& [name, text] : texts) {
    const H5Handle attribute =
        checked(H5Acreate2(group, name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
                H5Aclose,
                path);
    const char* pointer = text.c_str();
    written(H5Awrite(attribute.id(), type.id(), &pointer) >= 0, path);
  }
}

struct Types {
  hid_t file, memory;
};

Types types_of(const H5Dataset& dataset) {
  switch (dataset.values.index()) {
    case 0:
      return {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT};
    case 1:
      return {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE};
    default:
      return {H5T_STD_I64LE, H5T_NATIVE_INT64};
  }
}

void write_dataset(hid_t file, const std::string& path, const H5Dataset& dataset) {
  const std::vector<hsize_t> dims(dataset.shape.begin(), dataset.shape.end());
  const H5Handle space =
      checked(dims.empty() ? H5Screate(H5S_SCALAR)
                           : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
              H5Sclose,
              path);
  const auto [file_type, memory_type] = types_of(dataset);
  const auto [data, size] = std::visit(
      [](const auto& values) {
        return std::pair<const void*, std::size_t>(values.data(), values.size());
      },
      dataset.values);
  written(H5Sget_simple_extent_npoints(space.id()) == static_cast<hssize_t>(size), path);
  const H5Handle options = timeless(H5P_DATASET_CREATE);
  const H5Handle made = checked(
      H5Dcreate2(file, path.c_str(), file_type, space.id(), H5P_DEFAULT, options.id(), H5P_DEFAULT),
      H5Dclose,
      path);
  written(size == 0 || H5Dwrite(made.id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0,
          path);
}

}  // namespace

std::string write_h5(const H5File& content) {
  const H5Session session;
  constexpr std::size_t kGrowth = std::size_t{1} << 16;  // the library clears what it grows by
  const H5Handle access = checked(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "");
  written(H5Pset_fapl_core(access.id(), kGrowth, /*backing_store=*/false) >= 0, "");
  const H5Handle file =
      checked(H5Fcreate("memory", H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), H5Fclose, "");
  const H5Handle options = timeless(H5P_GROUP_CREATE);
  for (const auto& [path, texts] : groups_of(content)) {
    const H5Handle group = checked(
        path.empty() ? H5Gopen2(file.id(), "/", H5P_DEFAULT)
                     : H5Gcreate2(file.id(), path.c_str(), H5P_DEFAULT, options.id(), H5P_DEFAULT),
        H5Gclose,
        path);
    write_texts(group.id(), texts, path);
  }
  for (const auto& [path, dataset] : content.datasets) {
    write_dataset(file.id(), path, dataset);
  }
  written(H5Fflush(file.id(), H5F_SCOPE_GLOBAL) >= 0, "");
  const ssize_t size = H5Fget_file_image(file.id(), nullptr, 0);
  written(size > 0, "");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  written(H5Fget_file_image(file.id(), bytes.data(), bytes.size()) == size, "");
  return bytes;
}

}  // namespace engram::formats

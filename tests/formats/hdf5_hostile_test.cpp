// SPDX-License-Identifier: Apache-2.0
/// Files that the HDF5 library writes and would follow; read_h5 must not.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>
#include <functional>

#include "damage.hpp"
#include "engram/error.hpp"
#include "expect_error.hpp"
#include "formats/hdf5.hpp"
#include "formats/hdf5_session.hpp"
#include "temporary_folder.hpp"

namespace engram::formats {
namespace {

H5File tiny_model() {
  H5File file;
  file.groups["layers/dense/vars"]["name"] = "dense";
  file.datasets["layers/dense/vars/0"] = {.shape = {2, 2},
                                          .values = std::vector<float>{1, 2, 3, 4}};
  return file;
}

/// The bytes of a file that `fill` writes; `access` sets how.
std::string file_of(const std::function<void(hid_t)>& fill,
                    const std::function<void(hid_t access, hid_t creation)>& set = {}) {
  const TemporaryFolder folder;
  {
    const H5Session session;
    const H5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    const H5Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
    if (set) {
      set(access.id(), creation.id());
    }
    const H5Handle file(
        H5Fcreate((folder / "t.h5").c_str(), H5F_ACC_TRUNC, creation.id(), access.id()), H5Fclose);
    fill(file.id());
  }
  return folder.read("t.h5");
}

/// Makes the array "0" of `dims`, of which nothing is written.
void add_array(hid_t file,
               const std::vector<hsize_t>& dims,
               const std::function<void(hid_t creation)>& set = {},
               hid_t type = H5T_IEEE_F32LE) {
  const H5Handle space(H5Screate_simple(int(dims.size()), dims.data(), nullptr), H5Sclose);
  const H5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (set) {
    set(creation.id());
  }
  const H5Handle made(H5Dcreate2(file, "0", type, space.id(), 0, creation.id(), 0), H5Dclose);
  ASSERT_TRUE(made.is_valid());
}

void add_group(hid_t file, const char* path) {
  const H5Handle group(H5Gcreate2(file, path, 0, 0, 0), H5Gclose);
  ASSERT_TRUE(group.is_valid());
}

struct HostileFile {
  const char* name;
  std::function<std::string()> bytes;
  const char* text;  ///< what the message must contain
};

class HostileFiles : public testing::TestWithParam<HostileFile> {};

TEST_P(HostileFiles, AreRefused) {
  const std::string bytes = GetParam().bytes();
  try {
    read_h5(bytes, "t.h5");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const FileError& e) {
    EXPECT_NE(std::string(e.what()).find(GetParam().text), std::string::npos) << e.what();
  }
}

constexpr const char* kPlain = "a plain group or array";
constexpr const char* kStorage = "contiguous or compact storage";

std::string with_array(const std::vector<hsize_t>& dims,
                       const std::function<void(hid_t)>& set = {},
                       hid_t type = H5T_IEEE_F32LE) {
  return file_of([&](hid_t file) { add_array(file, dims, set, type); });
}

INSTANTIATE_TEST_SUITE_P(
    Links,
    HostileFiles,
    testing::Values(
        HostileFile{"Soft",
                    [] { return file_of([](hid_t f) { H5Lcreate_soft("/x", f, "a", 0, 0); }); },
                    "expected a hard link, got a soft one"},
        HostileFile{"External",
                    [] {
                      return file_of(
                          [](hid_t f) { H5Lcreate_external("/etc/passwd", "/", f, "a", 0, 0); });
                    },
                    kPlain},
        HostileFile{"ToTheRoot",
                    [] { return file_of([](hid_t f) { H5Lcreate_hard(f, "/", f, "a", 0, 0); }); },
                    "do not overlap or loop"},
        HostileFile{"Loop",
                    [] {
                      return file_of([](hid_t f) {
                        add_group(f, "a");
                        add_group(f, "a/b");
                        H5Lcreate_hard(f, "/a", f, "/a/b/c", 0, 0);
                      });
                    },
                    "do not overlap or loop"},
        HostileFile{"TooDeep",
                    [] {
                      return file_of([](hid_t f) {
                        std::string path;
                        for (int i = 0; i < 18; ++i) {
                          path += "/a";
                          add_group(f, path.c_str());
                        }
                      });
                    },
                    "16 levels at most"},
        HostileFile{"ControlCharacter",
                    [] { return file_of([](hid_t f) { add_group(f, "a\nb"); }); },
                    "without control characters"},
        HostileFile{
            "LongName",
            [] { return file_of([](hid_t f) { add_group(f, std::string(513, 'a').c_str()); }); },
            "a name of 512 bytes at most"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Storage,
    HostileFiles,
    testing::Values(HostileFile{"External",
                                [] {
                                  return with_array({64}, [](hid_t p) {
                                    H5Pset_external(p, "/etc/passwd", 0, 256);
                                  });
                                },
                                kPlain},
                    HostileFile{"Virtual",
                                [] {
                                  return file_of([](hid_t f) {
                                    const hsize_t n = 4;
                                    const H5Handle space(H5Screate_simple(1, &n, nullptr),
                                                         H5Sclose);
                                    add_array(f, {4}, [&](hid_t p) {
                                      H5Pset_virtual(p, space.id(), "/etc/passwd", "x", space.id());
                                    });
                                  });
                                },
                                "expected"},
                    HostileFile{"BombInChunks",
                                [] {
                                  return with_array({1000000, 1000000, 1000000}, [](hid_t p) {
                                    const hsize_t chunk[] = {100, 100, 100};
                                    H5Pset_chunk(p, 3, chunk);
                                  });
                                },
                                "an array of 536870912 bytes at most"},
                    HostileFile{"FillValueOnly", [] { return with_array({1 << 26}); }, "expected"},
                    HostileFile{"Chunks",
                                [] {
                                  return with_array({8}, [](hid_t p) {
                                    const hsize_t chunk = 4;
                                    H5Pset_chunk(p, 1, &chunk);
                                  });
                                },
                                kStorage},
                    HostileFile{"Filter",
                                [] {
                                  return with_array({8}, [](hid_t p) {
                                    const hsize_t chunk = 4;
                                    H5Pset_chunk(p, 1, &chunk);
                                    H5Pset_deflate(p, 6);
                                  });
                                },
                                kPlain},
                    HostileFile{"UnknownFilter",
                                [] {
                                  return with_array({8}, [](hid_t p) {
                                    const hsize_t chunk = 4;
                                    H5Pset_chunk(p, 1, &chunk);
                                    H5Pset_filter(p, 32015, H5Z_FLAG_OPTIONAL, 0, nullptr);
                                  });
                                },
                                kPlain}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Types,
    HostileFiles,
    testing::Values(
        HostileFile{
            "BigEndian", [] { return with_array({2}, {}, H5T_IEEE_F32BE); }, "little-endian"},
        HostileFile{"Unsigned", [] { return with_array({2}, {}, H5T_STD_U32LE); }, "little-endian"},
        HostileFile{"Bytes", [] { return with_array({2}, {}, H5T_STD_I8LE); }, "little-endian"},
        HostileFile{"Text", [] { return with_array({2}, {}, H5T_C_S1); }, "little-endian"},
        HostileFile{
            "Reference", [] { return with_array({2}, {}, H5T_STD_REF_OBJ); }, "little-endian"},
        HostileFile{"RegionReference",
                    [] { return with_array({2}, {}, H5T_STD_REF_DSETREG); },
                    "little-endian"},
        HostileFile{"Committed",
                    [] {
                      return file_of([](hid_t f) {
                        const H5Handle type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
                        H5Tcommit2(f, "type", type.id(), 0, 0, 0);
                        const H5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
                        const H5Handle made(H5Dcreate2(f, "0", type.id(), space.id(), 0, 0, 0),
                                            H5Dclose);
                      });
                    },
                    "no shared messages"},
        HostileFile{"NoShape",
                    [] {
                      return file_of([](hid_t f) {
                        const H5Handle space(H5Screate(H5S_NULL), H5Sclose);
                        const H5Handle made(H5Dcreate2(f, "0", H5T_IEEE_F32LE, space.id(), 0, 0, 0),
                                            H5Dclose);
                      });
                    },
                    "an array of rank 8 at most"},
        HostileFile{"HighRank",
                    [] {
                      return with_array({1, 1, 1, 1, 1, 1, 1, 1, 1});
                    },
                    "an array of rank 8 at most"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Dialects,
    HostileFiles,
    testing::Values(HostileFile{"NoHdf5",
                                [] { return std::string(4096, '\0'); },
                                "byte 0: expected an HDF5 file"},
                    HostileFile{"NewSuperblock",
                                [] {
                                  return file_of([](hid_t) {},
                                                 [](hid_t access, hid_t) {
                                                   H5Pset_libver_bounds(
                                                       access, H5F_LIBVER_V110, H5F_LIBVER_V110);
                                                 });
                                },
                                "superblock version 0"},
                    HostileFile{"UserBlock",
                                [] {
                                  return file_of([](hid_t) {},
                                                 [](hid_t, hid_t creation) {
                                                   H5Pset_userblock(creation, 512);
                                                 });
                                },
                                "an HDF5 file"},
                    HostileFile{"ShortAddresses",
                                [] {
                                  return file_of(
                                      [](hid_t) {},
                                      [](hid_t, hid_t creation) { H5Pset_sizes(creation, 4, 4); });
                                },
                                "addresses and lengths of 8 bytes"}),
    [](const auto& test) { return test.param.name; });

TEST(ReadH5, NamesTheByte) {
  EXPECT_ERROR(read_h5("GARBAGE", "t.keras: model.weights.h5"),
               FileError,
               "t.keras: model.weights.h5: byte 0: expected an HDF5 file, got other bytes. "
               "The file is damaged or of an unsupported kind.");
}

/// `number` as 8 little-endian bytes.
std::string eight_bytes(std::uint64_t number) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &number, 8);
  return bytes;
}

TEST(ReadH5, RefusesAnEndBeyondTheFile) {
  std::string bytes = write_h5(tiny_model());
  ASSERT_EQ(bytes.substr(40, 8), eight_bytes(bytes.size()));
  bytes.replace(40, 8, eight_bytes(bytes.size() + 1));
  EXPECT_THROW(read_h5(bytes, "t.h5"), FileError);
}

TEST(ReadH5, RefusesAnArrayLargerThanItsStorage) {
  std::string bytes = write_h5(tiny_model());
  const float values[] = {1, 2, 3, 4};
  const std::size_t data = bytes.find({reinterpret_cast<const char*>(values), sizeof(values)});
  const std::size_t layout = bytes.find("\3\1" + eight_bytes(data) + eight_bytes(sizeof(values)));
  ASSERT_NE(layout, std::string::npos);
  bytes.replace(layout + 10, 8, eight_bytes(sizeof(values) / 2));
  EXPECT_THROW(read_h5(bytes, "t.h5"), FileError);
}

TEST(ReadH5, DoesNotAllocateForABomb) {
  const std::string bytes = with_array({1 << 26});  // 256 MiB of fill values
  rusage before, after;
  getrusage(RUSAGE_SELF, &before);

  EXPECT_THROW(read_h5(bytes, "t.h5"), FileError);

  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 * 1024);  // KiB
}

TEST(ReadH5, SurvivesEveryTruncation) {
  const std::string bytes = write_h5(tiny_model());
  EXPECT_EQ(count_values(truncations(bytes), [](const auto& b) { read_h5(b, "t.h5"); }), 0);
}

TEST(ReadH5, SurvivesBitFlips) {
  const std::string bytes = write_h5(tiny_model());
  EXPECT_NO_THROW(count_values(bit_flips(bytes, 20000), [](const auto& b) { read_h5(b, "t.h5"); }));
}

}  // namespace
}  // namespace engram::formats

# SPDX-License-Identifier: Apache-2.0
# Everything here is a Debian 12 package; script/setup installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-serial)
# The archive of the HDF5 library does without its remote files, and so without curl, Kerberos and
# TLS, which each process would load with the shared one.
find_library(HDF5_ARCHIVE libhdf5.a PATHS ${HDF5_LIBRARY_DIRS} ${HDF5_STATIC_LIBRARY_DIRS})
find_library(SZ_LIBRARY sz)
add_library(engram_hdf5 INTERFACE IMPORTED)
if(HDF5_ARCHIVE AND SZ_LIBRARY AND NOT BUILD_SHARED_LIBS)
  target_link_libraries(engram_hdf5 INTERFACE ${HDF5_ARCHIVE} ${SZ_LIBRARY} z m ${CMAKE_DL_LIBS})
else()
  target_link_libraries(engram_hdf5 INTERFACE PkgConfig::HDF5)
endif()
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)

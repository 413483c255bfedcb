# SPDX-License-Identifier: Apache-2.0
# cmake --install build/release --prefix DIR: the command, the library, its headers, and a package
# for find_package(engram), which gives engram::engram.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS engram EXPORT engram_targets)
install(TARGETS engram_cli RUNTIME)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/engram TYPE INCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/THIRD_PARTY.md TYPE DOC)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/engram)
install(EXPORT engram_targets FILE engram-targets.cmake NAMESPACE engram::
        DESTINATION ${package_dir})
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/engram-config.cmake.in ${PROJECT_BINARY_DIR}/engram-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/engram-config-version.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/engram-config.cmake ${PROJECT_BINARY_DIR}/engram-config-version.cmake
  DESTINATION ${package_dir})

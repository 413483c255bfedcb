# SPDX-License-Identifier: Apache-2.0
# What every target of the project shares, and the one-line functions that make targets.

add_library(engram_settings INTERFACE)
target_compile_features(engram_settings INTERFACE cxx_std_20)
target_compile_options(engram_settings INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  -Wno-restrict
  -ffp-contract=off $<$<CONFIG:Debug>:-Werror>)
if(ENGRAM_SANITIZE)
  target_compile_options(engram_settings INTERFACE
    -fsanitize=${ENGRAM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(engram_settings INTERFACE -fsanitize=${ENGRAM_SANITIZE})
endif()

# engram_together(TARGET): compiles eight of its sources at a time. They share headers and templates,
# which cost most: the whole builds in half the time (docs/benchmarks.md). Names in one target's
# sources differ, therefore.
function(engram_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# engram_part(NAME SOURCES...): one folder of src/ as an object library, linked into libengram.
function(engram_part name)
  add_library(engram_${name} OBJECT ${ARGN})
  target_link_libraries(engram_${name} PRIVATE engram_settings fmt::fmt)
  target_include_directories(engram_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  set_target_properties(engram_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  engram_together(engram_${name})
endfunction()

# engram_test(NAME SOURCES... [LIBS ...]): one GoogleTest program, one CTest entry. -O1 saves a
# quarter of the time of a test's compilation; less would show in the library's readers, too, since
# the linker takes templates of both, such as JSON's, from the test.
function(engram_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE engram_settings engram fmt::fmt
    nlohmann_json::nlohmann_json GTest::gtest GTest::gtest_main ${ARG_LIBS})
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    ENGRAM_SOURCE_DIR="${PROJECT_SOURCE_DIR}" ENGRAM_BINARY_DIR="${PROJECT_BINARY_DIR}")
  engram_together(${name})
  add_test(NAME ${name} COMMAND ${name})
  if(ARG_TIMEOUT)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  endif()
endfunction()

# engram_test_each_simd(NAME): runs a test program again on each SIMD target below the best. A
# machine that lacks a target says so, and the test counts as skipped.
function(engram_test_each_simd name)
  foreach(target IN ITEMS avx2 sse4 baseline)
    add_test(NAME ${name}_${target} COMMAND ${name})
    set_tests_properties(${name}_${target} PROPERTIES
      ENVIRONMENT ENGRAM_SIMD=${target}
      SKIP_REGULAR_EXPRESSION "ENGRAM_SIMD: expected")
  endforeach()
endfunction()

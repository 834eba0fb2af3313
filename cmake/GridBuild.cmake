# How the rooms, programs, benchmarks and tests of GRID are built: one function for each kind.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

option(GRID_SANITIZE "Build with the address and undefined-behaviour sanitizers" OFF)
if(GRID_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

option(GRID_FUZZ "Build for libFuzzer: coverage and both sanitizers in the rooms (clang alone)" OFF)
if(GRID_FUZZ)
  set(GRID_FUZZ_SANITIZERS address,undefined)
  add_compile_options(-fsanitize=fuzzer-no-link,${GRID_FUZZ_SANITIZERS} -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer
                      -Wno-unknown-warning-option  # pragmas name warnings of GCC
                      -fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/test/fuzz/libfuzzer/ignore.txt)
  add_link_options(-fsanitize=${GRID_FUZZ_SANITIZERS})
endif()

add_library(grid_flags INTERFACE)
target_include_directories(grid_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(grid_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
target_compile_definitions(grid_flags INTERFACE GRID_VERSION="${PROJECT_VERSION}")
target_link_libraries(grid_flags INTERFACE Threads::Threads)

# Asio, Beast and their OpenSSL parts compiled once (BOOST_*_SEPARATE_COMPILATION).
add_library(asio_beast STATIC ${CMAKE_SOURCE_DIR}/cmake/asio_beast.cpp)
target_compile_features(asio_beast PUBLIC cxx_std_20)
target_compile_definitions(asio_beast PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(asio_beast PUBLIC ssl crypto Threads::Threads)

# grid_room(NAME [ROOMS room...] [LIBS lib...] [HOT]): the static library of a folder.
# HOT rooms are optimised in every build: benchmarks and users feel them.
function(grid_room name)
  cmake_parse_arguments(ROOM "HOT" "" "ROOMS;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/node_modules/|/web/ui/")
  list(TRANSFORM ROOM_ROOMS PREPEND grid_)
  if(sources)
    add_library(grid_${name} STATIC ${sources})
    set(scope PUBLIC)
    if(ROOM_HOT AND NOT GRID_SANITIZE AND NOT GRID_FUZZ)
      target_compile_options(grid_${name} PRIVATE -O2)
    endif()
  else()
    add_library(grid_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(grid_${name} ${scope} grid_flags ${ROOM_ROOMS} ${ROOM_LIBS})
endfunction()

# What allocates much on many threads takes tcmalloc: a transaction is allocated on one thread and freed on another,
# which costs the C library's allocator a tenth of the ledger's rate. mimalloc is as fast, but lets the thread that
# allocated pay for what others free: the producer stood still for 50 ms after each flush. The sanitizers have their own.
add_library(grid_allocator INTERFACE)
if(NOT GRID_SANITIZE)
  find_library(GRID_TCMALLOC tcmalloc_minimal REQUIRED)
  target_link_libraries(grid_allocator INTERFACE ${GRID_TCMALLOC})
endif()

# grid_program(NAME): apps/NAME/*.cpp with every room linked.
function(grid_program name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/apps/${name}/*.cpp)
  if(sources)
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE grid_allocator grid_web grid_actors grid_adapters CLI11::CLI11)
  endif()
endfunction()

# grid_bench(NAME room...): bench/NAME.cpp and bench/NAME_*.cpp.
function(grid_bench name)
  list(TRANSFORM ARGN PREPEND grid_ OUTPUT_VARIABLE rooms)
  if(EXISTS ${CMAKE_SOURCE_DIR}/bench/${name}.cpp)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/${name}.cpp ${CMAKE_SOURCE_DIR}/bench/${name}_*.cpp)
    add_executable(bench_${name} ${sources})
    target_link_libraries(bench_${name} PRIVATE grid_allocator ${rooms})
  endif()
endfunction()

# grid_suite(TIER room...): test/TIER/*.cpp as one Catch2 program with the given rooms linked.
function(grid_suite tier)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/${tier}/*.cpp)
  if(sources)
    list(TRANSFORM ARGN PREPEND grid_ OUTPUT_VARIABLE rooms)
    grid_test_program(${tier} "${sources}" "${rooms}")
  endif()
endfunction()

# What a fuzz target needs of the rooms above the core is compiled for it alone: whole rooms take long.
set(GRID_FUZZ_SOURCES_evm_reply adapters/chain_evm/facts.cpp adapters/chain_evm/json_rpc.cpp
                                adapters/chain_evm/retry_after.cpp)
set(GRID_FUZZ_SOURCES_http_head web/proxy/framing.cpp web/proxy/head.cpp web/proxy/rewrite.cpp)
set(GRID_FUZZ_SOURCES_kubeconfig adapters/kubernetes/kubeconfig.cpp)
set(GRID_FUZZ_SOURCES_pods adapters/kubernetes/json.cpp adapters/kubernetes/view.cpp)
file(GLOB GRID_FUZZ_SOURCES_web_socket CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
     ${CMAKE_SOURCE_DIR}/web/proxy/*.cpp)
list(APPEND GRID_FUZZ_SOURCES_web_socket web/html.cpp web/http_server.cpp)

# grid_fuzz_targets(room...): fuzz_NAME for each target of test/fuzz, when the build is for libFuzzer.
function(grid_fuzz_targets)
  if(NOT GRID_FUZZ)
    return()
  endif()
  list(TRANSFORM ARGN PREPEND grid_ OUTPUT_VARIABLE rooms)
  foreach(name rlp transaction abi rpc manifest notation http_head web_socket evm_reply pods kubeconfig)
    set(sources test/fuzz/libfuzzer/entry.cpp test/fuzz/target.cpp test/fuzz/stage.cpp test/fuzz/${name}.cpp
                ${GRID_FUZZ_SOURCES_${name}})
    list(TRANSFORM sources PREPEND ${CMAKE_SOURCE_DIR}/)
    add_executable(fuzz_${name} ${sources})
    target_include_directories(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/test)
    target_compile_definitions(fuzz_${name} PRIVATE GRID_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                    GRID_FUZZ_TARGET=${name})
    target_link_libraries(fuzz_${name} PRIVATE grid_flags asio_beast ${rooms})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
  # clang 14 cannot put what this check needs before coroutines.
  target_compile_options(fuzz_web_socket PRIVATE -fno-sanitize=function)
endfunction()

# grid_tests(unit room...): test/unit/ROOM/*.cpp as one Catch2 program for each room.
function(grid_tests tier)
  foreach(room ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/${tier}/${room}/*.cpp)
    if(sources)
      grid_test_program(${tier}_${room} "${sources}" grid_${room})
    endif()
  endforeach()
endfunction()

function(grid_test_program name sources libs)
  if(NOT TARGET catch_main)
    add_library(catch_main STATIC ${CMAKE_SOURCE_DIR}/test/catch_main.cpp)
    target_link_libraries(catch_main PUBLIC Catch2::Catch2)
  endif()
  add_executable(test_${name} ${sources})
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/test)
  target_compile_definitions(test_${name} PRIVATE GRID_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(test_${name} PRIVATE catch_main grid_flags ${libs} rapidcheck)
  add_test(NAME ${name} COMMAND test_${name})
endfunction()

#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

namespace grid::test {

/// All of a file; a test that needs a file which is not there fails.
inline std::string file_content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    INFO(path);
    REQUIRE(in);
    return text.str();
}

}  // namespace grid::test

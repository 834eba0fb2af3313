#pragma once

#include <string>
#include <utility>

#include "chain/abi.hpp"

/// How calls.hpp and council_calls.hpp read what views return.
namespace grid::chain::calls {

/// Reads return data with `read(decoder)`. Code `bad_result` says what was expected.
template <class Read>
auto decode(ByteView output, const char* expected, Read read)
    -> grid::Result<decltype(read(std::declval<abi::Decoder&>()))> {
    abi::Decoder in(output);
    auto value = read(in);
    if (in.bad())
        return fail("bad_result", std::string("expected ") + expected + " as return data, came " +
                                      std::to_string(output.size()) + " bytes that are not one");
    return value;
}

}  // namespace grid::chain::calls

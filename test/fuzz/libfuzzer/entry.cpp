// libFuzzer's way into the target that GRID_FUZZ_TARGET names. A broken property is an exception that nobody
// catches: libFuzzer keeps the input and ends.

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    grid::fuzz::exploring = true;
    grid::fuzz::GRID_FUZZ_TARGET({data, size});
    return 0;
}

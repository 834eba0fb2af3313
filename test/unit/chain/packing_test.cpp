#include "chain/packing.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

Bytes packed(ByteView bytes) {
    Bytes out;
    pack(bytes, out);
    return out;
}

std::string repeated(std::string_view byte, std::size_t times) {
    std::string text;
    while (times-- != 0) text += byte;
    return text;
}

/// Bytes as blocks have them: runs of zeros and of others.
rc::Gen<Bytes> sparse_bytes() {
    const auto run = rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, 3000), [](std::size_t size) {
        return rc::gen::oneOf(rc::gen::just(Bytes(size)),
                              rc::gen::container<Bytes>(size % 40, rc::gen::arbitrary<std::uint8_t>()),
                              rc::gen::container<Bytes>(size, rc::gen::nonZero<std::uint8_t>()));
    });
    return rc::gen::map(rc::gen::container<std::vector<Bytes>>(run), [](const std::vector<Bytes>& runs) {
        Bytes all;
        for (const Bytes& part : runs) all.insert(all.end(), part.begin(), part.end());
        return all;
    });
}

}  // namespace

// Vectors: capnproto.org/encoding.html#packing.
TEST_CASE("packing is that of Cap'n Proto", "[packing]") {
    const std::vector<std::pair<std::string, std::string>> vectors = {
        {"", ""},
        {"0800000003000200"
         "19000000aa010000",
         "51080302"
         "3119aa01"},
        {repeated("00", 8), "0000"},
        {repeated("00", 32), "0003"},
        {repeated("8a", 8), "ff" + repeated("8a", 8) + "00"},
        {repeated("8a", 32), "ff" + repeated("8a", 8) + "03" + repeated("8a", 24)},
    };
    for (const auto& [plain, expected] : vectors) {
        CAPTURE(plain);
        CHECK(to_hex(packed(unhex("0x" + plain))) == "0x" + expected);
        CHECK(unpack(unhex("0x" + expected), plain.size() / 2) == unhex("0x" + plain));
    }
}

TEST_CASE("whatever is packed is unpacked, and hardly grows", "[packing]") {
    CHECK(rc::check([] {
        const Bytes bytes = *sparse_bytes();
        const Bytes small = packed(bytes);
        RC_ASSERT(small.size() <= bytes.size() + bytes.size() / 4 + 10);
        RC_ASSERT(bytes.size() / kMaxUnpack <= small.size());
        RC_ASSERT(unpack(small, bytes.size()) == bytes);
    }));
}

TEST_CASE("what was cut off, changed or never packed is refused or is other bytes of that size",
          "[packing]") {
    CHECK(rc::check([] {
        const Bytes bytes = *sparse_bytes();
        Bytes small = packed(bytes);
        if (!small.empty()) {
            const auto at = *rc::gen::inRange<std::size_t>(0, small.size());
            RC_ASSERT_FALSE(unpack(ByteView(small).first(at), bytes.size()));
            small[at] ^= *rc::gen::nonZero<std::uint8_t>();
        }
        if (const auto other = unpack(small, bytes.size())) RC_ASSERT(other->size() == bytes.size());
        small = packed(bytes);
        small.push_back(0);
        RC_ASSERT(unpack(small, bytes.size()).error().code == "bad_packing");
        const auto noise = *rc::gen::arbitrary<Bytes>();
        if (const auto other = unpack(noise, 100)) RC_ASSERT(other->size() == 100u);
    }));
}

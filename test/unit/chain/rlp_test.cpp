#include "chain/rlp.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

void encode(rlp::Encoder& out, const rapidjson::Value& value) {
    if (!value.IsArray()) {
        out.bytes(unhex(text_of(value)));
        return;
    }
    out.begin_list();
    for (const auto& item : value.GetArray()) encode(out, item);
    out.end_list();
}

void encode(rlp::Encoder& out, const rlp::Item& item) {
    if (!item.is_list) {
        out.bytes(item.payload);
        return;
    }
    out.begin_list();
    for (const auto& inner : item.items) encode(out, inner);
    out.end_list();
}

Bytes encoded(const rlp::Item& item) {
    rlp::Encoder out;
    encode(out, item);
    return out.take();
}

std::string code_of(ByteView input, rlp::Limits limits = {}) {
    const auto item = rlp::decode(input, limits);
    return item ? "accepted" : item.error().code;
}

}  // namespace

TEST_CASE("RLP: the cases of ethersproject/rlp-coder.json are encoded and decoded") {
    const auto cases = load_vectors("rlp-coder");
    for (const auto& c : cases.GetArray()) {
        INFO(c["name"].GetString());
        const Bytes expected = unhex(text_of(c["encoded"]));
        rlp::Encoder out;
        encode(out, c["decoded"]);
        CHECK(out.take() == expected);
        const auto item = rlp::decode(expected);
        REQUIRE(item);
        CHECK(encoded(*item) == expected);
    }
}

TEST_CASE("RLP: whatever is accepted is canonical") {
    REQUIRE(rc::check([] {
        const auto input = *rc::gen::container<Bytes>(
            rc::gen::oneOf(rc::gen::arbitrary<std::uint8_t>(),
                           rc::gen::element<std::uint8_t>(0x00, 0x80, 0x81, 0xb8, 0xc0, 0xc1, 0xf8)));
        if (const auto item = rlp::decode(input)) RC_ASSERT(encoded(*item) == input);
    }));
}

TEST_CASE("RLP: a truncated item is refused at every length") {
    rlp::Encoder out;
    out.begin_list().bytes(Bytes(60, 7)).begin_list().integer(Amount{1024}).end_list().bytes({}).end_list();
    const Bytes whole = out.take();
    REQUIRE(rlp::decode(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        INFO(length);
        CHECK(code_of(ByteView(whole).first(length)) == "bad_rlp");
    }
}

TEST_CASE("RLP: hostile and non-canonical input is refused") {
    const char* cases[] = {
        "0x",                      // nothing
        "0x8100",                  // a byte below 0x80 with a header
        "0x817f",                  //
        "0xb800",                  // long form for a short length
        "0xb80100",                //
        "0xf800",                  // the same for lists
        "0xb90000",                // length with leading zeros
        "0xb9000100",              //
        "0xbfffffffffffffffff",    // length 2^64 - 1
        "0xbffffffffffffffff0",    // lengths that overflow when the header is added
        "0xffffffffffffffffff",    // a list of 2^64 - 1 bytes
        "0xfffffffffffffffff700",  //
        "0xbf8000000000000000",    // length 2^63
        "0xbb00ffffff",            //
        "0xc0c0",                  // trailing bytes
        "0x0000",                  //
        "0xc2c1",                  // an inner list over the end of its outer list
        "0xc18161",                // an inner header over the end
        "0xc3c28080ff",            //
    };
    for (const char* text : cases) {
        INFO(text);
        CHECK(code_of(unhex(text)) == "bad_rlp");
    }
}

TEST_CASE("RLP: nesting and the number of items are bounded") {
    const auto nested = [](std::size_t depth) {
        rlp::Encoder out;
        for (std::size_t i = 0; i < depth; ++i) out.begin_list();
        for (std::size_t i = 0; i < depth; ++i) out.end_list();
        return out.take();
    };
    CHECK(code_of(nested(16)) == "accepted");
    CHECK(code_of(nested(17)) == "bad_rlp");
    CHECK(code_of(nested(20'000)) == "bad_rlp");

    rlp::Encoder wide;
    wide.begin_list();
    for (int i = 0; i < 10; ++i) wide.bytes({});
    const Bytes list = wide.end_list().take();
    CHECK(code_of(list, {16, 11}) == "accepted");
    CHECK(code_of(list, {16, 10}) == "bad_rlp");
}

TEST_CASE("RLP: integers, addresses and hashes are checked") {
    const auto item = [](const char* text) {
        static Bytes input;
        input = unhex(text);
        return rlp::decode(input).value();
    };
    CHECK(rlp::integer(item("0x80")).value().is_zero());
    CHECK(rlp::integer(item("0x820400")).value() == Amount{1024});
    CHECK(rlp::integer(item("0x00")).error().code == "bad_rlp");
    CHECK(rlp::integer(item("0x820001")).error().code == "bad_rlp");
    CHECK(rlp::integer(item("0xc0")).error().code == "bad_rlp");
    CHECK(rlp::integer(item("0x88ffffffffffffffff"), 64).value() == Amount{~std::uint64_t{0}});
    CHECK(rlp::integer(item("0x89010000000000000000"), 64).error().code == "bad_rlp");
    const std::string filler(66, '1');
    CHECK(rlp::integer(item(("0xa1" + filler).c_str())).error().code == "bad_rlp");
    CHECK(rlp::address(item(("0x94" + filler.substr(0, 40)).c_str())));
    CHECK(rlp::address(item(("0x93" + filler.substr(0, 38)).c_str())).error().code == "bad_rlp");
    CHECK(rlp::address(item("0xc0")).error().code == "bad_rlp");
    CHECK(rlp::hash(item(("0xa0" + filler.substr(0, 64)).c_str())));
    CHECK(rlp::hash(item(("0xa1" + filler).c_str())).error().code == "bad_rlp");
}

#include "chain/integer.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

using namespace grid::chain;

TEST_CASE("integers of every width are read at their borders and refused beyond them") {
    for (unsigned bits = 8; bits <= 256; bits += 8) {
        INFO(bits);
        const Amount half = Amount::power_of_two(bits - 1);
        const auto fits = [&](const std::string& text, bool is_signed) {
            const auto word = parse_integer(text, bits, is_signed);
            if (!word) CHECK(word.error().code == "bad_integer");
            return word.has_value();
        };
        const std::string largest = (half - Amount{1} + half).decimal();
        CHECK(fits(largest, false));
        if (bits < 256) CHECK_FALSE(fits(Amount::power_of_two(bits).decimal(), false));
        CHECK_FALSE(fits("-1", false));
        CHECK(fits("-0", false));
        CHECK(fits((half - Amount{1}).decimal(), true));
        CHECK_FALSE(fits(half.decimal(), true));
        CHECK(fits("-" + half.decimal(), true));
        CHECK_FALSE(fits("-" + (half + Amount{1}).decimal(), true));
        CHECK(signed_decimal(parse_integer("-" + half.decimal(), bits, true).value()) ==
              "-" + half.decimal());
    }
}

TEST_CASE("a negative integer is written as it was read, and its word repeats the sign") {
    REQUIRE(rc::check([] {
        const auto number = *rc::gen::arbitrary<std::int64_t>();
        const unsigned bits = 64 + 8 * *rc::gen::inRange(0u, 25u);
        const auto word = parse_integer(std::to_string(number), bits, true);
        RC_ASSERT(word.has_value());
        RC_ASSERT(signed_decimal(*word) == std::to_string(number));
        RC_ASSERT(is_sign_extended(*word, bits));
        RC_ASSERT(Amount::from_word(*word).limbs()[0] == static_cast<std::uint64_t>(number));
        RC_ASSERT(is_sign_extended(*word, 8) == (number >= -128 && number < 128));
    }));
}

#pragma once

#include <string>
#include <string_view>

#include "chain/amount.hpp"

/// Integers of a given width as words, for the ABI and EIP-712: uint8 .. uint256, int8 .. int256 (two's
/// complement).
namespace grid::chain {

struct SignedMagnitude {
    Amount size;
    bool negative = false;
};

/// The word of a number. Code `bad_integer` when it does not fit `bits`.
Result<Hash> integer_word(const SignedMagnitude& number, unsigned bits, bool is_signed);

/// Reads "-12", "12" or "0x0c" (leading zeros allowed after 0x only); code `bad_integer`.
Result<Hash> parse_integer(std::string_view text, unsigned bits, bool is_signed);

/// Whether a word is an integer of `bits` in two's complement: its upper bits repeat the sign.
bool is_sign_extended(const Hash& word, unsigned bits);

/// The decimal text of a word in two's complement.
std::string signed_decimal(const Hash& word);

}  // namespace grid::chain

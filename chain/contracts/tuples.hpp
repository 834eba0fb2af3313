#pragma once

#include <array>
#include <optional>

#include "chain/abi.hpp"
#include "chain/market.hpp"
#include "chain/parameters.hpp"

/// The structs of chain/abi as ABI tuples: one place for calldata, return data and logs.
namespace grid::chain::tuples {

void put(abi::Encoder& out, const Resources& v);
void put(abi::Encoder& out, const Prices& v);
Resources resources(abi::Decoder& in);
Prices prices(abi::Decoder& in);

/// Struct Info, which is dynamic: its body.
Bytes info(const Provider& v);
/// Struct Info from its own decoder; address, available and status are left out.
Provider info(abi::Decoder& in);

/// Struct Provider, which is dynamic: its body.
Bytes provider(const Provider& v);
Provider provider(abi::Decoder& in);

void put(abi::Encoder& out, const Order& v);
Order order(abi::Decoder& in);

void put(abi::Encoder& out, const Quote& v);
Quote quote(abi::Decoder& in);

void put(abi::Encoder& out, const MarketParameters& v);
MarketParameters parameters(abi::Decoder& in);

/// Struct Delta as it is encoded: four signed integers.
struct SignedAmount {
    Amount magnitude;
    bool negative = false;
};
using DeltaWords = std::array<SignedAmount, 4>;
/// None when a word is not an int128.
std::optional<DeltaWords> delta_words(abi::Decoder& in);

/// A delta that this market makes: all components reserve, or all give back.
struct Delta {
    Resources amounts;      ///< without sign
    bool negative = false;  ///< reserves
};
void put(abi::Encoder& out, const Delta& v);
/// None on mixed signs or a magnitude of 2^64 or more.
std::optional<Delta> delta(const DeltaWords& words);

/// A dynamic array of static words, or of dynamic elements: its body, to be put with Encoder::dynamic.
Bytes array(std::size_t length, const abi::Encoder& elements);

}  // namespace grid::chain::tuples

#pragma once

#include "chain/hash.hpp"
#include "chain/market.hpp"

/// What the Registry tells.
namespace grid::chain {

/// The whole entry after Registry.set; its status is active.
struct ProviderSet {
    Provider provider;
    friend bool operator==(const ProviderSet&, const ProviderSet&) = default;
};

struct ProviderDeregistered {
    Address provider;
    friend bool operator==(const ProviderDeregistered&, const ProviderDeregistered&) = default;
};

/// Resources were reserved (delta < 0) or came back (delta > 0).
struct ResourceDelta {
    Address provider;
    Hash ref;           ///< the order's id as a word
    Resources amounts;  ///< without sign
    bool reserved = false;
    Resources available;  ///< afterwards
    friend bool operator==(const ResourceDelta&, const ResourceDelta&) = default;
};

}  // namespace grid::chain

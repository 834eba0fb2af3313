#pragma once

#include <map>
#include <string>
#include <vector>

#include "chain/contracts.hpp"
#include "chain/execution.hpp"
#include "chain/interface.hpp"
#include "chain/secp256k1.hpp"

/// The small market that calls are fuzzed on: a provider with orders in every status, users with tokens and
/// credits, and the contracts by their committed ABI.
namespace grid::fuzz {

struct Contract {
    Contract(std::string its_name, const chain::Address& its_address, chain::abi::Interface its_interface);
    Contract(Contract&&) = default;

    std::string name;  ///< as in chain/abi
    chain::Address address;
    chain::abi::Interface interface;
    // The same by what they are found by, hashed once.
    std::map<chain::abi::Selector, const chain::abi::Declaration*> functions;
    std::map<chain::abi::Selector, const chain::abi::Declaration*> errors;
    std::map<chain::Hash, const chain::abi::Declaration*> events;
};
/// The published contracts. Throws when a committed file cannot be read.
const std::vector<Contract>& contracts();
const Contract* contract_at(const chain::Address& address);

/// What is found, or null.
template <class Map>
auto find(const Map& map, const typename Map::key_type& key) -> typename Map::mapped_type {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
}

struct Stage {
    chain::State state;
    chain::BlockContext block{100, {1'700'000'000}, chain::kEmbeddedChainId, true};
    Stage();
};

/// Keys by number; key 1 is the provider's, 2 its operator's, 3 to 6 are users', 7 is the minter's, 8
/// nobody's.
chain::PrivateKey key(std::uint8_t number);
inline constexpr std::uint8_t kKeys = 8;
/// Who calls: the accounts of the keys, then the contracts themselves.
const std::vector<chain::Address>& callers();

}  // namespace grid::fuzz

#pragma once

#include "chain/contracts.hpp"

namespace grid::adapters::evm {

/// Where the contracts of one network live, as `grid chain deploy` writes it.
struct AddressBook {
    std::uint64_t chain_id = 0;
    std::uint64_t block = 0;  ///< the first block that may have logs of the contracts
    chain::ContractAddresses contracts;
    friend bool operator==(const AddressBook&, const AddressBook&) = default;
};

/// Reads a YAML file {chain_id, block, addresses: {token, credit, registry, market, pledge, council}};
/// `multicall` may be added where it is not at its usual address. Codes: `config_unreadable`, `bad_config`
/// (file, line, key).
Result<AddressBook> load_address_book(const std::string& path);
/// The same from a text; `name` stands for the file in messages.
Result<AddressBook> parse_address_book(std::string_view yaml, std::string name);

}  // namespace grid::adapters::evm

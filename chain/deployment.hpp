#pragma once

#include <array>

#include "chain/genesis.hpp"

/// How the Solidity contracts (chain/solidity) come to an EVM chain: six transactions of one deployer, whose
/// nonces fix the addresses, so that each constructor is told all of them.
namespace grid::chain {

/// In the order of their creation.
enum class SolidityContract : std::uint8_t { token, credit, registry, market, council, pledge };
inline constexpr std::size_t kSolidityContracts = 6;

/// The address of what an account creates with its transaction of this nonce (CREATE, EIP-161):
/// the last 20 bytes of keccak256(rlp([creator, nonce])).
Address create_address(const Address& creator, std::uint64_t nonce);

/// Where the contracts will be when the deployer creates the first of them with this nonce and the others
/// with the nonces that follow. Multicall3 is where it is on every chain.
ContractAddresses deployed_addresses(const Address& deployer, std::uint64_t first_nonce);

Address address_of(const ContractAddresses& addresses, SolidityContract contract);

/// What follows the creation code: the constructor's arguments, which say what genesis says on the embedded
/// chain. Chain id and timestamp of the genesis are the network's own there.
Bytes constructor_arguments(SolidityContract contract, const ContractAddresses& addresses,
                            const Genesis& genesis);

}  // namespace grid::chain

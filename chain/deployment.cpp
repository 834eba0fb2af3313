#include "chain/deployment.hpp"

#include <algorithm>

#include "chain/abi.hpp"
#include "chain/keccak.hpp"
#include "chain/rlp.hpp"

namespace grid::chain {
namespace {

Bytes encode_accounts(const std::vector<Address>& accounts) {
    abi::Encoder out;
    out.uint(Amount{accounts.size()});
    for (const Address& account : accounts) out.address(account);
    return std::move(out).take();
}

Bytes encode_allocations(const Genesis& genesis) {
    abi::Encoder out;
    out.uint(Amount{genesis.allocations.size()});
    for (const auto& [account, amount] : genesis.allocations) out.address(account).uint(amount);
    return std::move(out).take();
}

void encode_market(abi::Encoder& out, const MarketParameters& p) {
    out.uint(Amount{p.activation_deadline.count})
        .uint(Amount{p.max_unactivated})
        .uint(p.minimum_deposit)
        .uint(Amount{p.probation_window.count})
        .uint(Amount{p.max_probation_cancels})
        .uint(Amount{p.fee_bp})
        .address(p.treasury)
        .uint(Amount{p.profit_bp});
}

void encode_pledge(abi::Encoder& out, const PledgeParameters& p) {
    out.uint(Amount{p.epoch_length.count})
        .uint(Amount{p.unbonding_period.count})
        .uint(Amount{p.slash_delay.count})
        .uint(Amount{p.max_slash_bp})
        .uint(p.epoch_profit);
}

}  // namespace

Address create_address(const Address& creator, std::uint64_t nonce) {
    rlp::Encoder out;
    out.begin_list().address(creator).integer(Amount{nonce});
    const Hash hash = keccak256(out.end_list().take());
    Address address;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), address.bytes.begin());
    return address;
}

ContractAddresses deployed_addresses(const Address& deployer, std::uint64_t first_nonce) {
    const auto at = [&](SolidityContract contract) {
        return create_address(deployer, first_nonce + static_cast<std::uint64_t>(contract));
    };
    return {at(SolidityContract::token),   at(SolidityContract::credit),  at(SolidityContract::registry),
            at(SolidityContract::market),  at(SolidityContract::council), at(SolidityContract::pledge),
            embedded_addresses().multicall};
}

Address address_of(const ContractAddresses& addresses, SolidityContract contract) {
    switch (contract) {
        case SolidityContract::token:
            return addresses.token;
        case SolidityContract::credit:
            return addresses.credit;
        case SolidityContract::registry:
            return addresses.registry;
        case SolidityContract::market:
            return addresses.market;
        case SolidityContract::council:
            return addresses.council;
        case SolidityContract::pledge:
            return addresses.pledge;
    }
    return {};
}

Bytes constructor_arguments(SolidityContract contract, const ContractAddresses& addresses,
                            const Genesis& genesis) {
    abi::Encoder out;
    for (const Address& address : {addresses.token, addresses.credit, addresses.registry, addresses.market,
                                   addresses.council, addresses.pledge})
        out.address(address);
    switch (contract) {
        case SolidityContract::token:
            out.uint(genesis.token_cap)
                .address(genesis.minter)
                .dynamic(encode_allocations(genesis))
                .boolean(genesis.development);
            break;
        case SolidityContract::market:
            encode_market(out, genesis.market);
            break;
        case SolidityContract::council:
            out.dynamic(encode_accounts(genesis.council.members))
                .uint(Amount{genesis.council.threshold})
                .uint(Amount{genesis.council.delay.count})
                .dynamic(encode_accounts(genesis.slashers))
                .dynamic(encode_accounts(genesis.vetoers));
            break;
        case SolidityContract::pledge:
            encode_pledge(out, genesis.pledge);
            break;
        case SolidityContract::credit:
        case SolidityContract::registry:
            break;
    }
    return std::move(out).take();
}

}  // namespace grid::chain

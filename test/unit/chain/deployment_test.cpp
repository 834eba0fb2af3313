#include "chain/deployment.hpp"

#include <catch2/catch.hpp>

#include "chain/abi.hpp"

using namespace grid::chain;

namespace {

Address at(const char* text) {
    return Address::parse(text).value();
}

}  // namespace

TEST_CASE("CREATE addresses are those of go-ethereum's tests") {
    // go-ethereum, crypto/crypto_test.go, TestNewContractAddress
    const Address creator = at("0x970e8128ab834e8eac17ab8e3812f010678cf791");
    CHECK(create_address(creator, 0) == at("0x333c3310824b7c685133f2bedb2ca4b8b4df633d"));
    CHECK(create_address(creator, 1) == at("0x8bda78331c916a08481428e4b07c96d3e916d165"));
    CHECK(create_address(creator, 2) == at("0xc9ddedf451bc62ce88bf9292afb13df35b670699"));
    // nonces of more than a byte, from the first account of every development network
    const Address anvil = at("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    CHECK(create_address(anvil, 0) == at("0x5fbdb2315678afecb367f032d93f642f64180aa3"));
    CHECK(create_address(anvil, 1) == at("0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"));
}

TEST_CASE("six nonces give six addresses, and each constructor is told all of them") {
    const Address deployer = at("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    const ContractAddresses addresses = deployed_addresses(deployer, 7);
    const Genesis genesis = development_genesis();
    for (std::size_t i = 0; i < kSolidityContracts; ++i) {
        const auto contract = static_cast<SolidityContract>(i);
        CHECK(address_of(addresses, contract) == create_address(deployer, 7 + i));
        const Bytes arguments = constructor_arguments(contract, addresses, genesis);
        abi::Decoder in(arguments);
        CHECK(in.address() == addresses.token);
        CHECK(in.address() == addresses.credit);
        CHECK(in.address() == addresses.registry);
        CHECK(in.address() == addresses.market);
        CHECK(in.address() == addresses.council);
        CHECK(in.address() == addresses.pledge);
        CHECK_FALSE(in.bad());
    }
    CHECK(constructor_arguments(SolidityContract::credit, addresses, genesis).size() == 6 * 32);
    CHECK(constructor_arguments(SolidityContract::market, addresses, genesis).size() == 14 * 32);
    CHECK(constructor_arguments(SolidityContract::pledge, addresses, genesis).size() == 11 * 32);
    // head of ten words, then the number of allocations and two words for each
    CHECK(constructor_arguments(SolidityContract::token, addresses, genesis).size() ==
          (10 + 1 + 2 * 10) * 32);
    // head of eleven words, then three members, one slasher, one vetoer
    CHECK(constructor_arguments(SolidityContract::council, addresses, genesis).size() ==
          (11 + 1 + 3 + 1 + 1 + 1 + 1) * 32);
}

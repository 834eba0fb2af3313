#include "adapters/chain_evm/address_book.hpp"

#include <limits>
#include <set>

#include "runtime/config.hpp"

namespace grid::adapters::evm {
namespace {

Result<AddressBook> read(runtime::ConfigSection root) {
    AddressBook book;
    book.chain_id = root.integer("chain_id", 0, 0, std::numeric_limits<std::uint64_t>::max());
    if (book.chain_id == 0) root.mistake("chain_id", "expected the network's chain id");
    book.block = root.integer("block", 0, 0, std::numeric_limits<std::uint64_t>::max());
    if (!root.has("block")) root.mistake("block", "expected the number of the block of the first contract");
    auto addresses = root.section("addresses");
    std::set<chain::Address> seen;
    const auto take = [&](const char* key, chain::Address& into) {
        const auto parsed = chain::Address::parse(addresses.text(key, ""));
        if (!parsed || parsed->is_zero())
            return addresses.mistake(key, "expected the address of the contract");
        if (!seen.insert(*parsed).second) addresses.mistake(key, "two contracts have this address");
        into = *parsed;
    };
    auto& contracts = book.contracts;
    take("token", contracts.token);
    take("credit", contracts.credit);
    take("registry", contracts.registry);
    take("market", contracts.market);
    take("pledge", contracts.pledge);
    take("council", contracts.council);
    contracts.multicall = chain::embedded_addresses().multicall;
    if (addresses.has("multicall")) take("multicall", contracts.multicall);
    if (auto done = root.finish(); !done) return tl::unexpected(done.error());
    return book;
}

}  // namespace

Result<AddressBook> load_address_book(const std::string& path) {
    auto root = runtime::ConfigSection::load(path);
    if (!root) return tl::unexpected(root.error());
    return read(std::move(*root));
}

Result<AddressBook> parse_address_book(std::string_view yaml, std::string name) {
    auto root = runtime::ConfigSection::parse(yaml, std::move(name));
    if (!root) return tl::unexpected(root.error());
    return read(std::move(*root));
}

}  // namespace grid::adapters::evm

#pragma once

#include <string>
#include <vector>

#include "chain/gas_account.hpp"
#include "messages/data.hpp"
#include "store/result.hpp"

namespace grid::web {

/// What a gateway has for gas, on a network that takes some.
struct GasFacts {
    chain::GasAccount account;
    bool low = false;  ///< enough for less than the operator wants
};

/// What a gateway knows of itself, its chain and its cluster when it is asked.
struct ProviderFacts {
    chain::Address provider;
    chain::Address signer;   ///< whose key this gateway has
    std::string public_url;  ///< how this gateway thinks that it is reached
    chain::Timestamp now;
    chain::Seconds stale_head;  ///< age of the newest block at which the chain does not keep up; 0: blocks
                                ///< come only with transactions
    Result<messages::Head> head;
    Result<chain::Provider> registered;
    Result<messages::Inventory> inventory;
    Result<std::vector<messages::Capability>> capabilities;
    std::optional<GasFacts> gas = {};  ///< none: it is not paid, or not known yet
};

struct ProviderCheck {
    enum class State : std::uint8_t { ok, warn, fail };
    State state = State::ok;
    std::string name;    ///< stable: chain, clock, key, gas, registration, host, prices, stock, cluster, and
                         ///< cluster.<capability>
    std::string detail;  ///< what was found
    std::string mend;    ///< what to do; empty when all is well
};

/// Every check, in the order in which they should be read. Nothing is asked of anybody.
std::vector<ProviderCheck> check_provider(const ProviderFacts& facts);

}  // namespace grid::web

#include "chain/gas_account.hpp"

#include <algorithm>

namespace grid::chain {

std::uint64_t GasAccount::transactions() const {
    if (fee.is_zero()) return kMany;
    return std::min(balance / (fee * Amount(kTransaction)), Amount(kMany)).to_u64();
}

std::string GasAccount::words() const {
    const auto count = transactions();
    return address.checksummed() + " has " + balance.units() + " of the network's coin, enough for " +
           (count == 0      ? "no transaction"
            : count == 1    ? "1 transaction"
            : count < kMany ? std::to_string(count) + " transactions"
                            : "any number of transactions") +
           " at " + fee.units(9) + " gwei";
}

}  // namespace grid::chain

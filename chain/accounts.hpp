#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <optional>
#include <vector>

#include "chain/market.hpp"

namespace grid::chain {

/// What the state knows of an address. Balances and nonce are rows; the rest is derived from orders.
struct Account {
    Address address;
    std::uint32_t unactivated = 0;  ///< orders as a user that wait for activation
    std::uint64_t nonce = 0;        ///< the next one
    Amount token;
    Amount credit;
    /// As a user, in ascending order of ids; most have few, and those need no memory elsewhere.
    boost::container::small_vector<OrderId, 2> orders;
    std::vector<OrderId> received;  ///< as a provider, likewise
    bool empty() const {
        return nonce == 0 && token.is_zero() && credit.is_zero() && orders.empty() && received.empty();
    }
};

/// Accounts under small numbers, so that what is kept for each order may name them in four bytes.
class Accounts {
public:
    using Number = std::uint32_t;

    /// Null when it was never opened. Valid until the account is trimmed.
    const Account* find(const Address& address) const {
        const auto found = numbers_.find(address);
        return found == numbers_.end() ? nullptr : &accounts_[found->second];
    }
    std::optional<Number> number(const Address& address) const {
        const auto found = numbers_.find(address);
        if (found == numbers_.end()) return std::nullopt;
        return found->second;
    }
    /// The account's number; it is made empty when there is none.
    Number open(const Address& address) {
        const auto [found, made] = numbers_.try_emplace(address, static_cast<Number>(accounts_.size()));
        if (made) accounts_.emplace_back().address = address;
        return found->second;
    }
    /// Makes room for so many.
    void reserve(std::size_t count) { numbers_.reserve(count); }
    /// The same as open(address), found without looking it up when it comes soon after account `near`.
    Number open_near(const Address& address, Number near) {
        constexpr Number kNear = 4;
        const auto end = static_cast<Number>(std::min<std::size_t>(accounts_.size(), near + kNear));
        for (Number number = near; number < end; ++number)
            if (accounts_[number].address == address) return number;
        return open(address);
    }
    Account& operator[](Number number) { return accounts_[number]; }
    Account& operator[](const Address& address) { return accounts_[open(address)]; }
    /// Drops empty accounts from the end: after changes have been undone, those that they had opened.
    void trim() {
        while (!accounts_.empty() && accounts_.back().empty()) {
            numbers_.erase(accounts_.back().address);
            accounts_.pop_back();
        }
    }
    auto begin() const { return accounts_.begin(); }
    auto end() const { return accounts_.end(); }

private:
    boost::unordered_flat_map<Address, Number, std::hash<Address>> numbers_;
    std::deque<Account> accounts_;
};

}  // namespace grid::chain

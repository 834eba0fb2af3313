#pragma once

#include <map>
#include <set>
#include <vector>

#include "chain/genesis.hpp"

namespace grid::chain::test {

/// The market written down a second time, as plainly as it can be: an order's clock is the list of its
/// suspensions, money is counted per order, and every call answers the name of the error that it must have.
/// Nothing of chain/settlement or chain/contracts is used.
class MarketModel {
public:
    struct Entry {
        Address user;
        Address provider;
        Resources resources;
        Prices prices;
        std::uint64_t duration = 0;
        std::uint64_t probation = 0;  ///< as granted
        bool renewable = false;
        bool provider_check = false;
        bool reported = false;
        std::uint16_t fee_bp = 0;
        std::uint64_t replaces = 0;
        std::uint64_t deadline = 0;
        std::uint64_t activated = 0;
        OrderStatus status = OrderStatus::unactivated;
        /// Closed ones, and one that is open: its end is 0.
        std::vector<std::pair<std::uint64_t, std::uint64_t>> suspensions;
        Amount accrued;
        Amount profit;  ///< promised to pledges
        Amount minted;  ///< of it, what was due
        std::uint16_t profit_bp = 0;
    };
    struct Listing {
        bool active = false;
        bool accepts_offers = false;
        bool renewable = false;
        std::uint64_t probation = 0;
        Prices minimum;
        Resources total;
        Resources reserved;
        Address operator_key;
    };

    explicit MarketModel(const MarketParameters& parameters) : parameters_(parameters) {}

    // Each answers "" and applies, or the name of the error and does nothing.
    std::string create(const Address& user, const Address& provider, const Resources& resources,
                       const Prices& prices, std::uint64_t duration, std::uint64_t min_probation,
                       std::uint64_t t);
    /// `signer`: who signed, as recovered; `digest`: which quote it is. Also for replaceOrder.
    std::string with_quote(const Address& caller, const Quote& quote, const Hash& digest,
                           const Address& signer, bool replace, std::uint64_t t);
    std::string activate(const Address& caller, std::uint64_t id, std::uint64_t t);
    std::string suspend(const Address& caller, std::uint64_t id, bool resume, std::uint64_t t);
    std::string extend(const Address& caller, std::uint64_t id, std::uint64_t seconds, std::uint64_t t);
    std::string report(const Address& caller, std::uint64_t id, std::uint64_t t);
    std::string cancel(const Address& caller, std::uint64_t id, std::uint64_t t);
    std::string settle(std::uint64_t id, std::uint64_t t);
    std::string withdraw(const Address& caller, std::uint64_t id, const Amount& amount, std::uint64_t t);
    std::string cancel_quote(const Address& caller, const Hash& salt);
    std::string bump(const Address& caller);
    /// `council`: whether it is the caller.
    std::string set_parameter(bool council, std::string_view name, const Amount& value);

    /// What an order has earned by t: seconds are counted by the list of suspensions.
    static Amount earned(const Entry& order, std::uint64_t t);
    /// S and E as they are at t; no E while a suspension from before S is open.
    static std::uint64_t start(const Entry& order, std::uint64_t t);
    static std::optional<std::uint64_t> end(const Entry& order, std::uint64_t t);

    std::vector<Entry> orders;            ///< order 1 first
    std::map<Address, Listing> listings;  ///< of all that ever registered
    std::map<Address, Amount> credits;    ///< of people and the treasury
    Amount escrow;
    Amount burned;  ///< of fees
    // Profit: epochs as of genesis, and whose pools somebody earns in
    std::uint64_t epoch_length = 0;
    Amount epoch_profit;
    std::set<Address> earning;
    std::uint64_t epoch = 0;
    Amount promised_in_epoch;
    Amount promised;
    Amount minted;
    std::set<Hash> spent;
    std::set<std::pair<Address, Hash>> revoked;
    std::map<Address, std::uint64_t> epochs;
    std::map<std::pair<Address, Address>, std::uint64_t> probation_windows;
    std::map<Address, std::pair<std::uint64_t, std::uint32_t>> cancels;  ///< window, count

private:
    Entry* find(std::uint64_t id);
    bool newest(std::uint64_t id) const;
    bool is_live_pair(const Address& user, const Address& provider) const;
    static Amount rate(const Entry& order);
    static Amount value(const Entry& order);
    bool provider_side(const Entry& order, const Address& caller) const;
    std::string place(Entry order, const Address& user, std::uint64_t t);
    void begin(Entry& order, std::uint64_t t);
    /// Books what accrued up to t and pays provider and protocol.
    void accrue(Entry& order, std::uint64_t t);
    void finish(Entry& order, OrderStatus status, std::uint64_t t);
    void promise(Entry& order, const Amount& deposit, std::uint64_t t);
    std::string running(std::uint64_t id) const;

    MarketParameters parameters_;
};

}  // namespace grid::chain::test

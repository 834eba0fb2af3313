#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "chain/accounts.hpp"
#include "chain/order_rows.hpp"
#include "chain/parameters.hpp"
#include "chain/plain_rows.hpp"

namespace grid::chain {

/// A row of the state as it is stored and committed to.
struct Row {
    std::uint8_t table = 0;  ///< a `Table`
    Bytes key;
    std::optional<Bytes> value;  ///< none: the row is erased
    friend bool operator==(const Row&, const Row&) = default;
};

/// Sorted by (table, key), each key once.
using WriteSet = std::vector<Row>;

/// The tables of the state. Numbers are stored: never reuse one.
enum class Table : std::uint8_t {
    parameters = 1,          ///< "" -> ChainParameters
    supplies = 2,            ///< "" -> token supply, credit supply
    nonces = 3,              ///< address -> next nonce
    token_balances = 4,      ///< address -> amount
    allowances = 5,          ///< owner, spender -> amount
    credit_balances = 6,     ///< address -> amount
    providers = 7,           ///< address -> entry but its available resources
    available = 8,           ///< address -> available resources
    orders = 9,              ///< id -> order
    spent_quotes = 10,       ///< digest -> nothing
    probation_uses = 11,     ///< user, provider -> window of the last probation
    probation_cancels = 12,  ///< user -> window, cancels in it
    cancelled_quotes = 13,   ///< provider, salt -> nothing
    quote_epochs = 14,       ///< provider -> epoch of its quotes
    // Plain rows: chain/token_rows.hpp, chain/council_rows.hpp, chain/pledge_rows.hpp
    permit_nonces = 40,      ///< owner -> nonce of the next permit
    pending_transfers = 41,  ///< sender -> tokens that wait in Credit
    council = 42,            ///< "" -> members, threshold, delay, term
    proposals = 43,          ///< id -> proposal
    roles = 44,              ///< role, account -> 1
    pledge = 45,             ///< 0 -> parameters, 1 -> totals
    pools = 46,              ///< provider -> pool
    positions = 47,          ///< provider, account -> position
    slashes = 48,            ///< id -> slash
    pledge_index = 49        ///< what pools and positions look up: kind, key -> value
};

struct AddressPair {
    Address first;
    Address second;
    friend bool operator==(const AddressPair&, const AddressPair&) = default;
};

/// What a provider cancels its quotes by.
struct SaltOfProvider {
    Address provider;
    Hash salt;
    friend bool operator==(const SaltOfProvider&, const SaltOfProvider&) = default;
};

/// How often a user cancelled in probation, in the window of the last time.
struct ProbationCancels {
    std::uint64_t window = 0;
    std::uint32_t count = 0;
    friend bool operator==(const ProbationCancels&, const ProbationCancels&) = default;
};

/// The whole state of the embedded chain, in memory. Every setter journals what was there, so that a failed
/// transaction is rolled back and a block's changed rows are known. What can be derived from rows (current
/// orders, lists, counts) is kept beside them and never stored. Not thread-safe.
class State {
public:
    // --- journal
    /// A mark to roll back to; valid until the next rollback to an earlier one or take_write_set().
    std::size_t checkpoint() const noexcept { return journal_.size(); }
    /// Undoes every change since the mark.
    void rollback(std::size_t mark);
    class Undo;
    /// The rows that changed since the last take, as they are now. Clears the journal, into `undo` when it is
    /// not null and the journal has at most `max` changes.
    WriteSet take_write_set(Undo* undo = nullptr, std::size_t max = 0);
    /// Undoes what was taken, while nothing newer is there; nothing is journalled.
    void take_back(const Undo& undo);
    /// Applies a stored row without journalling it, at start; rows in any order, later ones replace earlier
    /// ones. Code `bad_row`: unknown table, malformed key or value.
    Result<void> load(std::uint8_t table, ByteView key, std::optional<ByteView> value);
    Result<void> load(const Row& row) {
        return load(row.table, row.key, row.value ? std::optional<ByteView>(*row.value) : std::nullopt);
    }
    /// Loads the row of an order and nothing that is derived from it, until index_orders(). May run beside
    /// load() of other tables on another thread. Code `bad_row`.
    Result<void> load_order(ByteView key, ByteView row);
    /// Derives accounts' lists, counts and the newest orders of pairs from all orders at once, on two threads
    /// when they are many. Before any other use of the state.
    void index_orders();
    /// Makes room before a large state is loaded.
    void reserve(std::size_t orders, std::size_t accounts) {
        current_.reserve(orders);
        accounts_.reserve(accounts);
    }
    /// Every row there is, unsorted.
    void for_each_row(const std::function<void(Row)>& visit) const;

    // --- accounts
    std::uint64_t nonce(const Address& account) const;
    void set_nonce(const Address& account, std::uint64_t nonce);

    // --- GridToken
    const Amount& token_supply() const noexcept { return supplies_.token; }
    void set_token_supply(const Amount& supply);
    Amount token_balance(const Address& account) const;
    void set_token_balance(const Address& account, const Amount& balance);
    Amount allowance(const Address& owner, const Address& spender) const;
    void set_allowance(const Address& owner, const Address& spender, const Amount& amount);

    // --- Credit
    const Amount& credit_supply() const noexcept { return supplies_.credit; }
    void set_credit_supply(const Amount& supply);
    Amount credit_balance(const Address& account) const;
    void set_credit_balance(const Address& account, const Amount& balance);

    // --- Registry
    /// Null when the address never registered. Valid until the next change.
    const Provider* provider(const Address& address) const;
    /// All that ever registered, in the order of their first registration.
    const std::vector<Address>& providers() const noexcept { return provider_list_; }
    /// Inserts or replaces the entry, with its available resources.
    void set_provider(const Provider& provider);
    /// Of a provider that exists.
    void set_available(const Address& provider, const Resources& available);

    // --- Market
    /// None when there is no such order.
    std::optional<Order> order(OrderId id) const;
    /// Ids run from 1 to this one.
    OrderId last_order() const noexcept { return {orders_.size()}; }
    /// Replaces an order, or appends the one with id last_order() + 1.
    void set_order(const Order& order);
    /// The newest order of the pair, live or ended; 0 when there was none.
    OrderId current(const Address& user, const Address& provider) const;
    /// In ascending order of ids.
    std::span<const OrderId> orders_of_user(const Address& user) const;
    std::span<const OrderId> orders_of_provider(const Address& provider) const;
    /// How many orders of the user wait for activation.
    std::uint32_t unactivated(const Address& user) const;
    bool quote_spent(const Hash& digest) const { return spent_quotes_.contains(digest); }
    void spend_quote(const Hash& digest);
    bool quote_cancelled(const SaltOfProvider& salt) const { return cancelled_quotes_.contains(salt); }
    void cancel_quote(const SaltOfProvider& salt);
    /// 0 until it is set.
    std::uint64_t quote_epoch(const Address& provider) const;
    void set_quote_epoch(const Address& provider, std::uint64_t epoch);
    /// The window in which the pair had its last probation.
    std::optional<std::uint64_t> probation_use(const Address& user, const Address& provider) const;
    void set_probation_use(const Address& user, const Address& provider, std::uint64_t window);
    ProbationCancels probation_cancels(const Address& user) const;
    void set_probation_cancels(const Address& user, const ProbationCancels& cancels);

    // --- GridToken's permits, Credit's transfers, Council, Pledge
    /// Of a table from permit_nonces on: the row as it is stored, empty when there is none. Valid until the
    /// next change.
    ByteView plain_row(Table table, ByteView key) const;
    /// An empty value erases the row.
    void set_plain_row(Table table, ByteView key, ByteView value);

    const ChainParameters& parameters() const noexcept { return parameters_; }
    void set_parameters(const ChainParameters& parameters);

private:
    struct PairHash {
        std::size_t operator()(const AddressPair& p) const noexcept {
            const std::hash<Address> hash;
            return hash(p.first) * 0x9e3779b97f4a7c15ull ^ hash(p.second);
        }
    };
    struct SaltHash {
        std::size_t operator()(const SaltOfProvider& s) const noexcept {
            return std::hash<Address>{}(s.provider) * 0x9e3779b97f4a7c15ull ^ std::hash<Hash>{}(s.salt);
        }
    };
    struct Supplies {
        Amount token;
        Amount credit;
    };
    struct ProviderEntry {
        Provider provider;
        std::uint32_t index =
            0;  ///< its place in provider_list_; status none: only its available row is loaded yet
    };

    // One kind of entry for each kind of change: the key and what was there before.
    // What is large and changes seldom is kept elsewhere, so that the journal's entries stay small.
    struct ParametersChange {
        std::shared_ptr<const ChainParameters> previous;
    };
    struct SuppliesChange {
        Supplies previous;
    };
    struct NonceChange {
        Address account;
        std::uint64_t previous;
    };
    struct TokenBalanceChange {
        Address account;
        Amount previous;
    };
    struct AllowanceChange {
        AddressPair pair;
        Amount previous;
    };
    struct CreditBalanceChange {
        Address account;
        Amount previous;
    };
    struct ProviderChange {
        Address address;
        std::shared_ptr<const Provider> previous;  ///< null: it was registered
    };
    struct AvailableChange {
        Address address;
        Resources previous;
    };
    struct OrderChange {
        OrderId id;
        Bytes previous;            ///< its row; empty: it was created
        OrderId previous_current;  ///< of its pair, when it was created
    };
    struct QuoteSpent {
        Hash digest;
    };
    struct ProbationUseChange {
        AddressPair pair;
        std::optional<std::uint64_t> previous;
    };
    struct ProbationCancelsChange {
        Address user;
        ProbationCancels previous;
    };
    struct PlainRowChange {
        Table table;
        Bytes key;
        Bytes previous;  ///< empty: there was none
    };
    struct QuoteCancelledChange {
        SaltOfProvider salt;
    };
    struct QuoteEpochChange {
        Address provider;
        std::uint64_t previous;
    };
    using Change = std::variant<ParametersChange, SuppliesChange, NonceChange, TokenBalanceChange,
                                AllowanceChange, CreditBalanceChange, ProviderChange, AvailableChange,
                                OrderChange, QuoteSpent, ProbationUseChange, ProbationCancelsChange,
                                PlainRowChange, QuoteCancelledChange, QuoteEpochChange>;

    static std::uint64_t pair_key(Accounts::Number user, Accounts::Number provider) {
        return std::uint64_t{user} << 32 | provider;
    }
    Account& loaded(const Address& address);
    void undo_change(const Change& change);
    void put_order(OrderId id, ByteView row);
    void drop_newest_order(OrderId previous_current);
    static Bytes order_row(const Order& order);
    static Order order_of(OrderId id, ByteView row);
    static OrderHead order_head(ByteView row);
    class Place;
    static Place place_of(const Change& change);
    std::optional<Bytes> value_of(Table table, ByteView key) const;
    Result<void> erase_row(Table table, ByteView key);

    ChainParameters parameters_;
    Supplies supplies_;
    Accounts accounts_;
    Accounts::Number loaded_account_ = 0;  ///< the last one: stored rows come in the order of accounts
    std::unordered_map<AddressPair, Amount, PairHash> allowances_;
    std::unordered_map<Address, ProviderEntry> providers_;
    std::vector<Address> provider_list_;
    OrderRows orders_;
    /// The newest order of a pair, by the numbers of its accounts: user's << 32 | provider's.
    boost::unordered_flat_map<std::uint64_t, OrderId> current_;
    std::unordered_set<Hash> spent_quotes_;
    std::unordered_map<AddressPair, std::uint64_t, PairHash> probation_uses_;
    std::unordered_map<Address, ProbationCancels> probation_cancels_;
    PlainRows plain_;
    std::unordered_set<SaltOfProvider, SaltHash> cancelled_quotes_;
    std::unordered_map<Address, std::uint64_t> quote_epochs_;
    std::vector<Change> journal_;
};

/// What a block changed, in order, with what was there before.
class State::Undo {
public:
    /// How many changes; also of those that were too many to keep.
    std::size_t size() const noexcept { return size_; }

private:
    friend class State;
    std::vector<Change> changes_;
    std::size_t size_ = 0;
};

}  // namespace grid::chain

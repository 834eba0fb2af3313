// The state's rows as they are: of a block's changes, and all of them.

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstring>
#include <stdexcept>

#include "chain/row_layouts.hpp"
#include "store/bytes.hpp"

namespace grid::chain {

using rows::key_of;
using rows::pair_of;

Bytes State::order_row(const Order& order) {
    return rows::write(order);
}

Order State::order_of(OrderId id, ByteView row) {
    RowReader in{row};
    return rows::read_order(in, id);
}

OrderHead State::order_head(ByteView row) {
    RowReader in{row};
    return rows::read_head(in);
}

/// Table and key of a row, in place: a block's changes name hundreds of rows, most of them again and again.
/// Behind the key are zeros, so that places compare and hash as they lie.
class State::Place {
public:
    Place(Table table, std::initializer_list<ByteView> parts)
        : Place(static_cast<std::uint8_t>(table), parts) {}
    Place(std::uint8_t table, std::initializer_list<ByteView> parts) {
        bytes_[0] = table;
        for (const ByteView part : parts) {
            if (part.size() > bytes_.size() - 1 - size_) throw std::length_error("a key over 63 bytes");
            std::copy(part.begin(), part.end(), bytes_.begin() + 1 + size_);
            size_ = static_cast<std::uint8_t>(size_ + part.size());
        }
    }
    std::uint8_t table() const { return bytes_[0]; }
    ByteView key() const { return ByteView(bytes_).subspan(1, size_); }
    Place in(Table table) const { return {table, {key()}}; }
    friend auto operator<=>(const Place& a, const Place& b) {
        const int order = std::memcmp(a.bytes_.data(), b.bytes_.data(), a.bytes_.size());
        return order != 0 ? order <=> 0 : a.size_ <=> b.size_;
    }
    friend bool operator==(const Place&, const Place&) = default;
    friend std::size_t hash_value(const Place& place) {
        std::uint64_t hash = place.size_;
        for (std::size_t i = 0; i < place.bytes_.size(); i += 8) {
            std::uint64_t word;
            std::memcpy(&word, place.bytes_.data() + i, sizeof word);
            hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
            hash ^= hash >> 32;
        }
        return hash;
    }

private:
    std::array<std::uint8_t, 1 + PlainRows::kMaxKey> bytes_{};
    std::uint8_t size_ = 0;
};

State::Place State::place_of(const Change& change) {
    struct Visitor {
        Place operator()(const ParametersChange&) const { return {Table::parameters, {}}; }
        Place operator()(const SuppliesChange&) const { return {Table::supplies, {}}; }
        Place operator()(const NonceChange& c) const { return {Table::nonces, {c.account.bytes}}; }
        Place operator()(const TokenBalanceChange& c) const {
            return {Table::token_balances, {c.account.bytes}};
        }
        Place operator()(const AllowanceChange& c) const { return pair(Table::allowances, c.pair); }
        Place operator()(const CreditBalanceChange& c) const {
            return {Table::credit_balances, {c.account.bytes}};
        }
        Place operator()(const ProviderChange& c) const { return {Table::providers, {c.address.bytes}}; }
        Place operator()(const AvailableChange& c) const { return {Table::available, {c.address.bytes}}; }
        Place operator()(const OrderChange& c) const {
            return {Table::orders, {store::number_key(c.id.value)}};
        }
        Place operator()(const QuoteSpent& c) const { return {Table::spent_quotes, {c.digest.bytes}}; }
        Place operator()(const ProbationUseChange& c) const { return pair(Table::probation_uses, c.pair); }
        Place operator()(const QuoteCancelledChange& c) const {
            return {Table::cancelled_quotes, {c.salt.provider.bytes, c.salt.salt.bytes}};
        }
        Place operator()(const QuoteEpochChange& c) const {
            return {Table::quote_epochs, {c.provider.bytes}};
        }
        Place operator()(const ProbationCancelsChange& c) const {
            return {Table::probation_cancels, {c.user.bytes}};
        }
        Place operator()(const PlainRowChange& c) const { return {c.table, {c.key}}; }
        static Place pair(Table table, const AddressPair& p) {
            return {table, {p.first.bytes, p.second.bytes}};
        }
    };
    return std::visit(Visitor{}, change);
}

WriteSet State::take_write_set(Undo* undo, std::size_t max) {
    // A block changes the same few rows again and again (the escrow, a provider): sorted is what is left.
    boost::unordered_flat_set<Place> changed;
    for (const Change& change : journal_) {
        const Place place = place_of(change);
        changed.insert(place);
        // Registry.set may change what is available too: a row of its own.
        if (std::holds_alternative<ProviderChange>(change)) changed.insert(place.in(Table::available));
    }
    std::vector<Place> places(changed.begin(), changed.end());
    std::sort(places.begin(), places.end());
    WriteSet rows;
    rows.reserve(places.size());
    for (const Place& place : places) {
        const ByteView key = place.key();
        rows.push_back(
            {place.table(), Bytes(key.begin(), key.end()), value_of(static_cast<Table>(place.table()), key)});
    }
    if (undo != nullptr) {
        undo->size_ = journal_.size();
        if (journal_.size() <= max) undo->changes_ = std::move(journal_);
    }
    journal_.clear();
    return rows;
}

std::optional<Bytes> State::value_of(Table table, ByteView key) const {
    RowReader in{key};
    const auto unless_zero = [](const Amount& amount) -> std::optional<Bytes> {
        if (amount.is_zero()) return std::nullopt;
        return RowWriter{}.amount(amount).take();
    };
    switch (table) {
        case Table::parameters:
            return rows::write(parameters_);
        case Table::supplies:
            return RowWriter{}.money(supplies_.token).money(supplies_.credit).take();
        case Table::nonces: {
            const std::uint64_t n = nonce(in.address());
            if (n == 0) return std::nullopt;
            return RowWriter{}.u64(n).take();
        }
        case Table::token_balances:
            return unless_zero(token_balance(in.address()));
        case Table::allowances: {
            const AddressPair pair = pair_of(in);
            return unless_zero(allowance(pair.first, pair.second));
        }
        case Table::credit_balances:
            return unless_zero(credit_balance(in.address()));
        case Table::providers:
        case Table::available: {
            const auto found = providers_.find(in.address());
            if (found == providers_.end()) return std::nullopt;
            const ProviderEntry& entry = found->second;
            if (table == Table::providers) return rows::write(entry.provider, entry.index);
            return RowWriter{}.resources(entry.provider.available).take();
        }
        case Table::orders: {
            const ByteView row = orders_.get({in.u64()});
            if (row.empty()) return std::nullopt;
            return Bytes(row.begin(), row.end());
        }
        case Table::spent_quotes:
            if (!quote_spent(in.hash())) return std::nullopt;
            return Bytes{};
        case Table::cancelled_quotes:
            if (!quote_cancelled(rows::salt_of(in))) return std::nullopt;
            return Bytes{};
        case Table::quote_epochs: {
            const std::uint64_t epoch = quote_epoch(in.address());
            if (epoch == 0) return std::nullopt;
            return RowWriter{}.u64(epoch).take();
        }
        case Table::probation_uses: {
            const AddressPair pair = pair_of(in);
            const auto window = probation_use(pair.first, pair.second);
            if (!window) return std::nullopt;
            return RowWriter{}.u64(*window).take();
        }
        case Table::probation_cancels: {
            const ProbationCancels cancels = probation_cancels(in.address());
            if (cancels == ProbationCancels{}) return std::nullopt;
            return RowWriter{}.u64(cancels.window).u32(cancels.count).take();
        }
        case Table::permit_nonces:
        case Table::pending_transfers:
        case Table::council:
        case Table::proposals:
        case Table::roles:
        case Table::pledge:
        case Table::pools:
        case Table::positions:
        case Table::slashes:
        case Table::pledge_index: {
            const ByteView row = plain_row(table, key);
            if (row.empty()) return std::nullopt;
            return Bytes(row.begin(), row.end());
        }
    }
    return std::nullopt;
}

void State::for_each_row(const std::function<void(Row)>& visit) const {
    const auto each = [&](Table table, const auto& map) {
        for (const auto& [key, ignored] : map) {
            Bytes bytes = key_of(key);
            auto value = value_of(table, bytes);
            visit({static_cast<std::uint8_t>(table), std::move(bytes), std::move(value)});
        }
    };
    visit({static_cast<std::uint8_t>(Table::parameters), {}, value_of(Table::parameters, {})});
    visit({static_cast<std::uint8_t>(Table::supplies), {}, value_of(Table::supplies, {})});
    for (const Account& account : accounts_) {
        for (const Table table : {Table::nonces, Table::token_balances, Table::credit_balances})
            if (auto value = value_of(table, account.address.bytes))
                visit({static_cast<std::uint8_t>(table), key_of(account.address), std::move(value)});
    }
    each(Table::allowances, allowances_);
    each(Table::providers, providers_);
    each(Table::available, providers_);
    for (OrderId id{1}; id.value <= orders_.size(); ++id.value)
        if (const ByteView row = orders_.get(id); !row.empty())
            visit({static_cast<std::uint8_t>(Table::orders), key_of(id), Bytes(row.begin(), row.end())});
    for (const Hash& digest : spent_quotes_)
        visit({static_cast<std::uint8_t>(Table::spent_quotes), key_of(digest), Bytes{}});
    for (const SaltOfProvider& salt : cancelled_quotes_)
        visit({static_cast<std::uint8_t>(Table::cancelled_quotes), key_of(salt), Bytes{}});
    each(Table::quote_epochs, quote_epochs_);
    each(Table::probation_uses, probation_uses_);
    each(Table::probation_cancels, probation_cancels_);
    plain_.for_each([&](std::uint8_t table, ByteView key, ByteView value) {
        visit({table, Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
    });
}

}  // namespace grid::chain

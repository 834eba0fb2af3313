// How the state's rows are written and read: fixed big-endian fields, one layout for each table.

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

#include "chain/row_codec.hpp"
#include "chain/state.hpp"

namespace grid::chain {

namespace {

Bytes key_of(const Address& a) {
    return {a.bytes.begin(), a.bytes.end()};
}
Bytes key_of(const Hash& h) {
    return {h.bytes.begin(), h.bytes.end()};
}
Bytes key_of(OrderId id) {
    return RowWriter{}.u64(id.value).take();
}
Bytes key_of(const AddressPair& p) {
    return RowWriter{}.raw(p.first.bytes).raw(p.second.bytes).take();
}

AddressPair pair_of(RowReader& in) {
    AddressPair pair;
    pair.first = in.address();
    pair.second = in.address();
    return pair;
}

Bytes write(const ChainParameters& p) {
    return RowWriter{}
        .money(p.token_cap)
        .raw(p.minter.bytes)
        .u64(p.market.activation_deadline.count)
        .u32(p.market.max_unactivated)
        .money(p.market.minimum_deposit)
        .u64(p.market.probation_window.count)
        .u32(p.market.max_probation_cancels)
        .take();
}

ChainParameters read_parameters(RowReader& in) {
    ChainParameters p;
    p.token_cap = in.money();
    p.minter = in.address();
    p.market.activation_deadline.count = in.u64();
    p.market.max_unactivated = in.u32();
    p.market.minimum_deposit = in.money();
    p.market.probation_window.count = in.u64();
    p.market.max_probation_cancels = in.u32();
    return p;
}

enum ProviderFlag : std::uint8_t { kRenewable = 1, kAcceptsOffers = 2 };

Bytes write(const Provider& p, std::uint32_t index) {
    const auto flags =
        static_cast<std::uint8_t>((p.renewable ? kRenewable : 0) | (p.accepts_offers ? kAcceptsOffers : 0));
    return RowWriter{}
        .u32(index)
        .u8(static_cast<std::uint8_t>(p.status))
        .u8(flags)
        .text(p.host)
        .number(p.port, 2)
        .prices(p.prices)
        .prices(p.minimum_prices)
        .resources(p.total)
        .text(p.attributes)
        .u64(p.probation.count)
        .raw(p.operator_key.bytes)
        .take();
}

Provider read_provider(RowReader& in, std::uint32_t& index) {
    Provider p;
    index = in.u32();
    p.status = static_cast<ProviderStatus>(in.u8());
    const std::uint8_t flags = in.u8();
    p.renewable = (flags & kRenewable) != 0;
    p.accepts_offers = (flags & kAcceptsOffers) != 0;
    p.host = in.text();
    p.port = static_cast<std::uint16_t>(in.number(2));
    p.prices = in.prices();
    p.minimum_prices = in.prices();
    p.total = in.resources();
    p.attributes = in.text();
    p.probation.count = in.u64();
    p.operator_key = in.address();
    return p;
}

enum OrderFlag : std::uint8_t { kUserCheck = 1, kProviderCheck = 2 };

Bytes write(const Order& o) {
    const auto flags =
        static_cast<std::uint8_t>((o.user_check ? kUserCheck : 0) | (o.provider_check ? kProviderCheck : 0));
    // Begins with the status and the parties: order_head.
    return RowWriter{}
        .u8(static_cast<std::uint8_t>(o.status))
        .u8(flags)
        .raw(o.user.bytes)
        .raw(o.provider.bytes)
        .resources(o.resources)
        .prices(o.prices)
        .money(o.deposit)
        .money(o.accrued)
        .money(o.paid_provider)
        .money(o.paid_user)
        .u64(o.created_at.seconds)
        .u64(o.activated_at.seconds)
        .u64(o.activate_height)
        .u64(o.settled_at.seconds)
        .u64(o.settle_height)
        .u64(o.probation.count)
        .u64(o.duration.count)
        .u64(o.suspended.count)
        .u64(o.suspended_since.seconds)
        .u64(o.activation_deadline.seconds)
        .take();
}

Order read_order(RowReader& in, OrderId id) {
    Order o;
    o.id = id;
    o.status = static_cast<OrderStatus>(in.u8());
    const std::uint8_t flags = in.u8();
    o.user_check = (flags & kUserCheck) != 0;
    o.provider_check = (flags & kProviderCheck) != 0;
    o.user = in.address();
    o.provider = in.address();
    o.resources = in.resources();
    o.prices = in.prices();
    o.deposit = in.money();
    o.accrued = in.money();
    o.paid_provider = in.money();
    o.paid_user = in.money();
    o.created_at.seconds = in.u64();
    o.activated_at.seconds = in.u64();
    o.activate_height = in.u64();
    o.settled_at.seconds = in.u64();
    o.settle_height = in.u64();
    o.probation.count = in.u64();
    o.duration.count = in.u64();
    o.suspended.count = in.u64();
    o.suspended_since.seconds = in.u64();
    o.activation_deadline.seconds = in.u64();
    return o;
}

tl::unexpected<Error> bad_row(Table table, const std::string& why) {
    return fail("bad_row", "state table " + std::to_string(static_cast<int>(table)) + ": " + why);
}

}  // namespace

Bytes State::order_row(const Order& order) {
    return write(order);
}

Order State::order_of(OrderId id, ByteView row) {
    RowReader in{row};
    return read_order(in, id);
}

OrderHead State::order_head(ByteView row) {
    RowReader in{row};
    OrderHead head;
    head.status = static_cast<OrderStatus>(in.u8());
    in.u8();
    head.user = in.address();
    head.provider = in.address();
    return head;
}

std::pair<Table, Bytes> State::place_of(const Change& change) {
    struct Visitor {
        using Place = std::pair<Table, Bytes>;
        Place operator()(const ParametersChange&) const { return {Table::parameters, {}}; }
        Place operator()(const SuppliesChange&) const { return {Table::supplies, {}}; }
        Place operator()(const NonceChange& c) const { return {Table::nonces, key_of(c.account)}; }
        Place operator()(const TokenBalanceChange& c) const {
            return {Table::token_balances, key_of(c.account)};
        }
        Place operator()(const AllowanceChange& c) const { return {Table::allowances, key_of(c.pair)}; }
        Place operator()(const CreditBalanceChange& c) const {
            return {Table::credit_balances, key_of(c.account)};
        }
        Place operator()(const ProviderChange& c) const { return {Table::providers, key_of(c.address)}; }
        Place operator()(const AvailableChange& c) const { return {Table::available, key_of(c.address)}; }
        Place operator()(const OrderChange& c) const { return {Table::orders, key_of(c.id)}; }
        Place operator()(const QuoteSpent& c) const { return {Table::spent_quotes, key_of(c.digest)}; }
        Place operator()(const ProbationUseChange& c) const {
            return {Table::probation_uses, key_of(c.pair)};
        }
        Place operator()(const ProbationCancelsChange& c) const {
            return {Table::probation_cancels, key_of(c.user)};
        }
    };
    return std::visit(Visitor{}, change);
}

WriteSet State::take_write_set(Undo* undo, std::size_t max) {
    // A block changes the same few rows again and again (the escrow, a provider): sorted is what is left.
    boost::unordered_flat_set<std::pair<Table, Bytes>> changed;
    for (const Change& change : journal_) {
        auto place = place_of(change);
        // Registry.set may change what is available too: a row of its own.
        if (std::holds_alternative<ProviderChange>(change)) changed.emplace(Table::available, place.second);
        changed.insert(std::move(place));
    }
    std::vector<std::pair<Table, Bytes>> places(changed.begin(), changed.end());
    std::sort(places.begin(), places.end());
    WriteSet rows;
    rows.reserve(places.size());
    for (auto& [table, key] : places) {
        auto value = value_of(table, key);
        rows.push_back({static_cast<std::uint8_t>(table), std::move(key), std::move(value)});
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
            return write(parameters_);
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
            if (table == Table::providers) return write(entry.provider, entry.index);
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
    }
    return std::nullopt;
}

Result<void> State::load(std::uint8_t number, ByteView key_bytes, std::optional<ByteView> value_bytes) {
    const auto table = static_cast<Table>(number);
    if (!value_bytes) return erase_row(table, key_bytes);
    RowReader key{key_bytes};
    RowReader value{*value_bytes};
    const auto read_whole = [&] { return key.good() && value.good(); };
    const char* const kMalformed = "malformed key or value";
    switch (table) {
        case Table::parameters: {
            const ChainParameters parameters = read_parameters(value);
            if (!read_whole()) return bad_row(table, kMalformed);
            parameters_ = parameters;
            return {};
        }
        case Table::supplies: {
            Supplies supplies;
            supplies.token = value.money();
            supplies.credit = value.money();
            if (!read_whole()) return bad_row(table, kMalformed);
            supplies_ = supplies;
            return {};
        }
        case Table::nonces: {
            const Address account = key.address();
            const std::uint64_t nonce = value.u64();
            if (!read_whole()) return bad_row(table, kMalformed);
            accounts_[account].nonce = nonce;
            return {};
        }
        case Table::token_balances:
        case Table::credit_balances: {
            const Address account = key.address();
            const Amount balance = value.amount();
            if (!read_whole()) return bad_row(table, kMalformed);
            Account& there = accounts_[account];
            (table == Table::token_balances ? there.token : there.credit) = balance;
            return {};
        }
        case Table::allowances: {
            const AddressPair pair = pair_of(key);
            const Amount amount = value.amount();
            if (!read_whole()) return bad_row(table, kMalformed);
            allowances_[pair] = amount;
            return {};
        }
        case Table::providers: {
            std::uint32_t index = 0;
            Provider provider = read_provider(value, index);
            provider.address = key.address();
            const bool known_status =
                provider.status == ProviderStatus::active || provider.status == ProviderStatus::deregistered;
            if (!read_whole() || !known_status) return bad_row(table, kMalformed);
            ProviderEntry& entry = providers_[provider.address];
            provider.available = entry.provider.available;
            entry = {provider, index};
            if (provider_list_.size() <= index) provider_list_.resize(index + 1);
            provider_list_[index] = provider.address;
            return {};
        }
        case Table::available: {
            const Address address = key.address();
            const Resources available = value.resources();
            if (!read_whole()) return bad_row(table, kMalformed);
            providers_[address].provider.available = available;
            return {};
        }
        case Table::orders: {
            // Kept as it is, so that a restart need not decode it: any bytes of its length are an order.
            static const std::size_t kSize = write(Order{}).size();
            const OrderId id{key.u64()};
            const auto status = static_cast<OrderStatus>(value.u8());
            const bool known_status = status > OrderStatus::none && status <= OrderStatus::completed;
            if (!key.good() || value_bytes->size() != kSize || !known_status || id.value == 0)
                return bad_row(table, kMalformed);
            put_order(id, *value_bytes);
            return {};
        }
        case Table::spent_quotes: {
            const Hash digest = key.hash();
            if (!read_whole()) return bad_row(table, kMalformed);
            spent_quotes_.insert(digest);
            return {};
        }
        case Table::probation_uses: {
            const AddressPair pair = pair_of(key);
            const std::uint64_t window = value.u64();
            if (!read_whole()) return bad_row(table, kMalformed);
            probation_uses_[pair] = window;
            return {};
        }
        case Table::probation_cancels: {
            const Address user = key.address();
            ProbationCancels cancels;
            cancels.window = value.u64();
            cancels.count = value.u32();
            if (!read_whole()) return bad_row(table, kMalformed);
            probation_cancels_[user] = cancels;
            return {};
        }
    }
    return bad_row(table, "no such table");
}

/// Only values that have a zero are ever erased.
Result<void> State::erase_row(Table table, ByteView key) {
    RowReader in{key};
    switch (table) {
        case Table::nonces:
            accounts_[in.address()].nonce = 0;
            break;
        case Table::token_balances:
            accounts_[in.address()].token = {};
            break;
        case Table::credit_balances:
            accounts_[in.address()].credit = {};
            break;
        case Table::allowances:
            allowances_.erase(pair_of(in));
            break;
        case Table::probation_cancels:
            probation_cancels_.erase(in.address());
            break;
        default:
            return bad_row(table, "rows of this table are never erased");
    }
    accounts_.trim();
    if (!in.good()) return bad_row(table, "malformed key");
    return {};
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
    each(Table::probation_uses, probation_uses_);
    each(Table::probation_cancels, probation_cancels_);
}

}  // namespace grid::chain

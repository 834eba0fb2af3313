// Puts stored rows into the state.

#include <future>

#include "chain/council_rows.hpp"
#include "chain/pledge_rows.hpp"
#include "chain/row_layouts.hpp"
#include "chain/token_rows.hpp"
#include "store/bytes.hpp"

namespace grid::chain {

using rows::pair_of;

namespace {

tl::unexpected<Error> bad_row(Table table, const std::string& why) {
    return fail("bad_row", "state table " + std::to_string(static_cast<int>(table)) + ": " + why);
}

/// Whether a row of the tables that are kept as they are stored is one.
bool is_plain_row(Table table, ByteView key, ByteView value) {
    return token_rows::is_row(table, key, value) || council_rows::is_row(table, key, value) ||
           pledge_rows::is_row(table, key, value);
}

/// Kept as it is, so that a restart need not decode it: any bytes of its length are an order.
bool is_order_row(ByteView key, ByteView value) {
    static const std::size_t kSize = rows::write(Order{}).size();
    if (key.size() != 8 || store::number_of(key) == 0 || value.size() != kSize) return false;
    const auto status = static_cast<OrderStatus>(value[0]);
    return status > OrderStatus::none && status <= OrderStatus::completed;
}

}  // namespace

Account& State::loaded(const Address& address) {
    loaded_account_ = accounts_.open_near(address, loaded_account_);
    return accounts_[loaded_account_];
}

Result<void> State::load_order(ByteView key, ByteView row) {
    if (!is_order_row(key, row)) return bad_row(Table::orders, "malformed key or value");
    orders_.put({store::number_of(key)}, row);
    return {};
}

void State::index_orders() {
    struct Parties {
        Accounts::Number user;
        Accounts::Number provider;
    };
    constexpr Accounts::Number kUnknown = 0xffffffff;
    constexpr std::size_t kMany = 10'000;
    const auto policy = orders_.size() < kMany ? std::launch::deferred : std::launch::async;
    std::vector<Parties> parties(orders_.size(), {kUnknown, kUnknown});
    // Whoever ordered has a nonce and is known; looking up is what takes the time.
    const auto find = [&](std::uint64_t begin, std::uint64_t end) {
        for (std::uint64_t i = begin; i < end; ++i) {
            const ByteView row = orders_.get({i + 1});
            if (row.empty()) continue;
            const OrderHead head = order_head(row);
            parties[i] = {accounts_.number(head.user).value_or(kUnknown),
                          accounts_.number(head.provider).value_or(kUnknown)};
        }
    };
    auto half = std::async(policy, find, std::uint64_t{0}, orders_.size() / 2);
    find(orders_.size() / 2, orders_.size());
    half.get();
    const auto each = [&](const auto& visit) {
        for (std::uint64_t i = 0; i < parties.size(); ++i)
            if (const ByteView row = orders_.get({i + 1}); !row.empty())
                visit(OrderId{i + 1}, row, parties[i]);
    };
    each([&](OrderId, ByteView row, Parties& p) {
        if (p.user == kUnknown) p.user = accounts_.open(order_head(row).user);
        if (p.provider == kUnknown) p.provider = accounts_.open(order_head(row).provider);
    });
    auto pairs = std::async(policy, [&] {
        each([&](OrderId id, ByteView, const Parties& p) { current_[pair_key(p.user, p.provider)] = id; });
    });
    each([&](OrderId id, ByteView row, const Parties& p) {
        Account& user = accounts_[p.user];
        user.orders.push_back(id);
        accounts_[p.provider].received.push_back(id);
        if (order_head(row).status == OrderStatus::unactivated) ++user.unactivated;
    });
    pairs.get();
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
            const ChainParameters parameters = rows::read_parameters(value);
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
            loaded(account).nonce = nonce;
            return {};
        }
        case Table::token_balances:
        case Table::credit_balances: {
            const Address account = key.address();
            const Amount balance = value.amount();
            if (!read_whole()) return bad_row(table, kMalformed);
            Account& there = loaded(account);
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
            Provider provider = rows::read_provider(value, index);
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
            if (!is_order_row(key_bytes, *value_bytes)) return bad_row(table, kMalformed);
            put_order({key.u64()}, *value_bytes);
            return {};
        }
        case Table::spent_quotes: {
            const Hash digest = key.hash();
            if (!read_whole()) return bad_row(table, kMalformed);
            spent_quotes_.insert(digest);
            return {};
        }
        case Table::cancelled_quotes: {
            const SaltOfProvider salt = rows::salt_of(key);
            if (!read_whole()) return bad_row(table, kMalformed);
            cancelled_quotes_.insert(salt);
            return {};
        }
        case Table::quote_epochs: {
            const Address provider = key.address();
            const std::uint64_t epoch = value.u64();
            if (!read_whole()) return bad_row(table, kMalformed);
            quote_epochs_[provider] = epoch;
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
        case Table::permit_nonces:
        case Table::pending_transfers:
        case Table::council:
        case Table::proposals:
        case Table::roles:
        case Table::pledge:
        case Table::pools:
        case Table::positions:
        case Table::slashes:
        case Table::pledge_index:
            if (!is_plain_row(table, key_bytes, *value_bytes)) return bad_row(table, kMalformed);
            plain_.put(number, key_bytes, *value_bytes);
            return {};
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
        case Table::permit_nonces:
        case Table::pending_transfers:
        case Table::roles:
        case Table::pledge_index:
            if (key.size() > PlainRows::kMaxKey) return bad_row(table, "malformed key");
            plain_.put(static_cast<std::uint8_t>(table), key, {});
            return {};
        default:
            return bad_row(table, "rows of this table are never erased");
    }
    accounts_.trim();
    if (!in.good()) return bad_row(table, "malformed key");
    return {};
}

}  // namespace grid::chain

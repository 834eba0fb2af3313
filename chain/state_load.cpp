// Puts stored rows into the state.

#include "chain/council_rows.hpp"
#include "chain/pledge_rows.hpp"
#include "chain/row_layouts.hpp"
#include "chain/token_rows.hpp"

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

}  // namespace

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
            // Kept as it is, so that a restart need not decode it: any bytes of its length are an order.
            static const std::size_t kSize = rows::write(Order{}).size();
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

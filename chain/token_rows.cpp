#include "chain/token_rows.hpp"

#include "chain/row_codec.hpp"

namespace grid::chain::token_rows {

std::uint64_t permit_nonce(const State& state, const Address& owner) {
    const ByteView row = state.plain_row(Table::permit_nonces, owner.view());
    return row.empty() ? 0 : RowReader{row}.u64();
}

void set_permit_nonce(State& state, const Address& owner, std::uint64_t nonce) {
    state.set_plain_row(Table::permit_nonces, owner.view(), RowWriter{}.u64(nonce).take());
}

Amount pending_transfer(const State& state, const Address& from) {
    const ByteView row = state.plain_row(Table::pending_transfers, from.view());
    return row.empty() ? Amount{} : RowReader{row}.money();
}

void set_pending_transfer(State& state, const Address& from, const Amount& amount) {
    const Bytes row = amount.is_zero() ? Bytes{} : RowWriter{}.money(amount).take();
    state.set_plain_row(Table::pending_transfers, from.view(), row);
}

bool is_row(Table table, ByteView key, ByteView value) {
    RowReader in{value};
    if (table == Table::permit_nonces) return key.size() == 20 && in.u64() != 0 && in.good();
    return table == Table::pending_transfers && key.size() == 20 && !in.money().is_zero() && in.good();
}

}  // namespace grid::chain::token_rows

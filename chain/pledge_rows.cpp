#include "chain/pledge_rows.hpp"

#include "chain/row_codec.hpp"

namespace grid::chain::pledge_rows {

namespace {

/// Keys of Table::pledge.
constexpr std::uint8_t kParameters[] = {0};
constexpr std::uint8_t kTotals[] = {1};
/// First byte of keys of Table::pledge_index.
enum class Index : std::uint8_t { epoch_profit = 0, end_profit = 1, member = 2, pools_of_account = 3 };

RowWriter index_key(Index kind, const Address& address) {
    RowWriter out;
    out.u8(static_cast<std::uint8_t>(kind)).raw(address.bytes);
    return out;
}

Bytes pair_key(const Address& provider, const Address& account) {
    return RowWriter{}.raw(provider.bytes).raw(account.bytes).take();
}

Bytes word(const Amount& v) {
    return RowWriter{}.raw(v.word().bytes).take();
}
Amount word(RowReader& in) {
    return Amount::from_word(in.hash());
}

Bytes write(const PledgeParameters& p) {
    return RowWriter{}
        .u64(p.epoch_length.count)
        .u64(p.unbonding_period.count)
        .u64(p.slash_delay.count)
        .number(p.max_slash_bp, 2)
        .money(p.epoch_profit)
        .take();
}

PledgeParameters read_parameters(RowReader& in) {
    PledgeParameters p;
    p.epoch_length.count = in.u64();
    p.unbonding_period.count = in.u64();
    p.slash_delay.count = in.u64();
    p.max_slash_bp = static_cast<std::uint16_t>(in.number(2));
    p.epoch_profit = in.money();
    return p;
}

Bytes write(const PledgeTotals& t) {
    return RowWriter{}
        .u64(t.epoch)
        .money(t.promised_in_epoch)
        .money(t.promised)
        .money(t.unclaimed)
        .u64(t.slashes)
        .take();
}

PledgeTotals read_totals(RowReader& in) {
    PledgeTotals t;
    t.epoch = in.u64();
    t.promised_in_epoch = in.money();
    t.promised = in.money();
    t.unclaimed = in.money();
    t.slashes = in.u64();
    return t;
}

Bytes write(const Pool& p) {
    return RowWriter{}
        .money(p.total)
        .raw(p.shares.word().bytes)
        .raw(p.earning.word().bytes)
        .raw(p.incoming.word().bytes)
        .u64(p.incoming_epoch)
        .raw(p.profit_per_share.word().bytes)
        .u64(p.generation)
        .u64(p.slash_epoch)
        .money(p.slashed)
        .u32(p.members)
        .take();
}

Pool read_pool(RowReader& in) {
    Pool p;
    p.total = in.money();
    p.shares = word(in);
    p.earning = word(in);
    p.incoming = word(in);
    p.incoming_epoch = in.u64();
    p.profit_per_share = word(in);
    p.generation = in.u64();
    p.slash_epoch = in.u64();
    p.slashed = in.money();
    p.members = in.u32();
    return p;
}

Bytes write(const Position& p) {
    RowWriter out;
    out.raw(p.active.word().bytes)
        .raw(p.incoming.word().bytes)
        .u64(p.incoming_epoch)
        .money(p.profit)
        .raw(p.profit_per_share.word().bytes)
        .u64(p.generation)
        .u8(static_cast<std::uint8_t>(p.unbonding.size()));
    for (const Unbonding& entry : p.unbonding)
        out.raw(entry.shares.word().bytes).u64(entry.release_at.seconds);
    return out.take();
}

Position read_position(RowReader& in) {
    Position p;
    p.active = word(in);
    p.incoming = word(in);
    p.incoming_epoch = in.u64();
    p.profit = in.money();
    p.profit_per_share = word(in);
    p.generation = in.u64();
    p.unbonding.resize(in.u8());
    for (Unbonding& entry : p.unbonding) {
        entry.shares = word(in);
        entry.release_at.seconds = in.u64();
    }
    return p;
}

Bytes write(const Slash& s) {
    return RowWriter{}
        .u8(static_cast<std::uint8_t>(s.status))
        .raw(s.provider.bytes)
        .raw(s.by.bytes)
        .money(s.amount)
        .money(s.taken)
        .u64(s.executable_at.seconds)
        .u64(s.generation)
        .take();
}

Slash read_slash(RowReader& in) {
    Slash s;
    s.status = static_cast<SlashStatus>(in.u8());
    s.provider = in.address();
    s.by = in.address();
    s.amount = in.money();
    s.taken = in.money();
    s.executable_at.seconds = in.u64();
    s.generation = in.u64();
    return s;
}

bool is_pool_list(ByteView value) {
    if (value.empty() || value.size() % 20 != 0 || value.size() > 20 * kMaxPoolsOfAccount) return false;
    RowReader in{value};
    for (std::size_t i = 0; i < value.size() / 20; ++i)
        if (in.address().is_zero()) return false;
    return true;
}

std::optional<Amount> index_word(const State& state, Index kind, const Address& provider, std::uint64_t n) {
    const ByteView row = state.plain_row(Table::pledge_index, index_key(kind, provider).u64(n).take());
    if (row.empty()) return std::nullopt;
    RowReader in{row};
    return word(in);
}

void set_index_word(State& state, Index kind, const Address& provider, std::uint64_t n, const Amount& value) {
    state.set_plain_row(Table::pledge_index, index_key(kind, provider).u64(n).take(), word(value));
}

}  // namespace

PledgeParameters parameters(const State& state) {
    const ByteView row = state.plain_row(Table::pledge, kParameters);
    if (row.empty()) return {};
    RowReader in{row};
    return read_parameters(in);
}

void set_parameters(State& state, const PledgeParameters& parameters) {
    state.set_plain_row(Table::pledge, kParameters, write(parameters));
}

PledgeTotals totals(const State& state) {
    const ByteView row = state.plain_row(Table::pledge, kTotals);
    if (row.empty()) return {};
    RowReader in{row};
    return read_totals(in);
}

void set_totals(State& state, const PledgeTotals& totals) {
    state.set_plain_row(Table::pledge, kTotals, write(totals));
}

Pool pool(const State& state, const Address& provider) {
    const ByteView row = state.plain_row(Table::pools, provider.view());
    if (row.empty()) return {};
    RowReader in{row};
    return read_pool(in);
}

void set_pool(State& state, const Address& provider, const Pool& pool) {
    state.set_plain_row(Table::pools, provider.view(), write(pool));
}

std::optional<Position> position(const State& state, const Address& provider, const Address& account) {
    const ByteView row = state.plain_row(Table::positions, pair_key(provider, account));
    if (row.empty()) return std::nullopt;
    RowReader in{row};
    return read_position(in);
}

void set_position(State& state, const Address& provider, const Address& account, const Position& position) {
    state.set_plain_row(Table::positions, pair_key(provider, account), write(position));
}

std::optional<Slash> slash(const State& state, std::uint64_t id) {
    const ByteView row = state.plain_row(Table::slashes, RowWriter{}.u64(id).take());
    if (row.empty()) return std::nullopt;
    RowReader in{row};
    Slash s = read_slash(in);
    s.id = id;
    return s;
}

void set_slash(State& state, const Slash& slash) {
    state.set_plain_row(Table::slashes, RowWriter{}.u64(slash.id).take(), write(slash));
}

std::optional<Amount> profit_at_epoch(const State& state, const Address& provider, std::uint64_t epoch) {
    return index_word(state, Index::epoch_profit, provider, epoch);
}
void set_profit_at_epoch(State& state, const Address& provider, std::uint64_t epoch, const Amount& value) {
    set_index_word(state, Index::epoch_profit, provider, epoch, value);
}

std::optional<Amount> profit_at_end(const State& state, const Address& provider, std::uint64_t generation) {
    return index_word(state, Index::end_profit, provider, generation);
}
void set_profit_at_end(State& state, const Address& provider, std::uint64_t generation, const Amount& value) {
    set_index_word(state, Index::end_profit, provider, generation, value);
}

Address member(const State& state, const Address& provider, std::uint32_t index) {
    return RowReader{
        state.plain_row(Table::pledge_index, index_key(Index::member, provider).u32(index).take())}
        .address();
}
void set_member(State& state, const Address& provider, std::uint32_t index, const Address& account) {
    state.set_plain_row(Table::pledge_index, index_key(Index::member, provider).u32(index).take(),
                        account.view());
}

std::vector<Address> pools_of(const State& state, const Address& account) {
    const ByteView row =
        state.plain_row(Table::pledge_index, index_key(Index::pools_of_account, account).take());
    RowReader in{row};
    std::vector<Address> providers(row.size() / 20);
    for (Address& provider : providers) provider = in.address();
    return providers;
}
void set_pools_of(State& state, const Address& account, const std::vector<Address>& providers) {
    RowWriter out;
    for (const Address& provider : providers) out.raw(provider.bytes);
    state.set_plain_row(Table::pledge_index, index_key(Index::pools_of_account, account).take(), out.take());
}

bool is_row(Table table, ByteView key, ByteView value) {
    RowReader in{value};
    switch (table) {
        case Table::pledge:
            if (key.size() != 1 || key[0] > 1) return false;
            if (key[0] == 0) return read_parameters(in).epoch_length.count != 0 && in.good();
            read_totals(in);
            return in.good();
        case Table::pools:
            read_pool(in);
            return key.size() == 20 && in.good();
        case Table::positions:
            read_position(in);
            return key.size() == 40 && in.good();
        case Table::slashes: {
            const SlashStatus status = read_slash(in).status;
            return key.size() == 8 && in.good() && status > SlashStatus::none &&
                   status <= SlashStatus::lapsed;
        }
        case Table::pledge_index:
            if (key.size() == 29 && key[0] <= 1) return value.size() == 32;
            if (key.size() == 25 && key[0] == 2) return value.size() == 20;
            return key.size() == 21 && key[0] == 3 && is_pool_list(value);
        default:
            return false;
    }
}

}  // namespace grid::chain::pledge_rows

#include "chain/council_rows.hpp"

#include "chain/row_codec.hpp"

namespace grid::chain::council_rows {

namespace {

Bytes key_of(std::uint64_t id) {
    return RowWriter{}.u64(id).take();
}

Bytes key_of(const Hash& role, const Address& account) {
    return RowWriter{}.raw(role.bytes).raw(account.bytes).take();
}

Bytes write(const Council& c) {
    RowWriter out;
    out.u32(c.threshold).u64(c.delay.count).u64(c.term).u64(c.proposals);
    for (const Address& member : c.members) out.raw(member.bytes);
    return out.take();
}

Council read_council(RowReader& in, std::size_t size) {
    Council c;
    c.threshold = in.u32();
    c.delay.count = in.u64();
    c.term = in.u64();
    c.proposals = in.u64();
    for (std::size_t rest = size - std::min<std::size_t>(size, 28); rest > 0;
         rest -= std::min<std::size_t>(rest, 20))
        c.members.push_back(in.address());
    return c;
}

Bytes write(const Proposal& p) {
    return RowWriter{}
        .u8(static_cast<std::uint8_t>(p.status))
        .raw(p.proposer.bytes)
        .raw(p.target.bytes)
        .u64(p.term)
        .u64(p.created_at.seconds)
        .u64(p.ready_at.seconds)
        .u32(p.approvals)
        .u32(p.vetoes)
        .number(p.data.size(), 2)
        .raw(p.data)
        .take();
}

Proposal read_proposal(RowReader& in) {
    Proposal p;
    p.status = static_cast<ProposalStatus>(in.u8());
    p.proposer = in.address();
    p.target = in.address();
    p.term = in.u64();
    p.created_at.seconds = in.u64();
    p.ready_at.seconds = in.u64();
    p.approvals = in.u32();
    p.vetoes = in.u32();
    const ByteView data = in.raw(in.number(2));
    p.data.assign(data.begin(), data.end());
    return p;
}

}  // namespace

Council council(const State& state) {
    const ByteView row = state.plain_row(Table::council, {});
    if (row.empty()) return {};
    RowReader in{row};
    return read_council(in, row.size());
}

void set_council(State& state, const Council& council) {
    state.set_plain_row(Table::council, {}, write(council));
}

std::optional<Proposal> proposal(const State& state, std::uint64_t id) {
    const ByteView row = state.plain_row(Table::proposals, key_of(id));
    if (row.empty()) return std::nullopt;
    RowReader in{row};
    Proposal p = read_proposal(in);
    p.id = id;
    return p;
}

void set_proposal(State& state, const Proposal& proposal) {
    state.set_plain_row(Table::proposals, key_of(proposal.id), write(proposal));
}

bool has_role(const State& state, const Hash& role, const Address& account) {
    return !state.plain_row(Table::roles, key_of(role, account)).empty();
}

void set_role(State& state, const Hash& role, const Address& account, bool granted) {
    state.set_plain_row(Table::roles, key_of(role, account), granted ? Bytes{1} : Bytes{});
}

bool is_row(Table table, ByteView key, ByteView value) {
    RowReader in{value};
    switch (table) {
        case Table::council: {
            const Council c = read_council(in, value.size());
            const bool can_be = c.members.empty() ? c.threshold == 0 : is_council(c.members, c.threshold);
            return key.empty() && in.good() && can_be;
        }
        case Table::proposals: {
            const Proposal p = read_proposal(in);
            return key.size() == 8 && in.good() && p.status > ProposalStatus::none &&
                   p.status <= ProposalStatus::cancelled;
        }
        case Table::roles:
            return key.size() == 52 && value.size() == 1 && value[0] == 1;
        default:
            return false;
    }
}

}  // namespace grid::chain::council_rows

// How keys and rows are written and read: fixed big-endian fields, one layout for each table.

#include "chain/row_layouts.hpp"

namespace grid::chain::rows {

Bytes key_of(const Address& a) {
    return {a.bytes.begin(), a.bytes.end()};
}
Bytes key_of(const Hash& h) {
    return {h.bytes.begin(), h.bytes.end()};
}
Bytes key_of(OrderId id) {
    return RowWriter{}.u64(id.value).take();
}
Bytes key_of(const SaltOfProvider& s) {
    return RowWriter{}.raw(s.provider.bytes).raw(s.salt.bytes).take();
}
Bytes key_of(const AddressPair& p) {
    return RowWriter{}.raw(p.first.bytes).raw(p.second.bytes).take();
}

SaltOfProvider salt_of(RowReader& in) {
    SaltOfProvider salt;
    salt.provider = in.address();
    salt.salt = in.hash();
    return salt;
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
        .number(p.market.fee_bp, 2)
        .raw(p.market.treasury.bytes)
        .number(p.market.profit_bp, 2)
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
    p.market.fee_bp = static_cast<std::uint16_t>(in.number(2));
    p.market.treasury = in.address();
    p.market.profit_bp = static_cast<std::uint16_t>(in.number(2));
    return p;
}

namespace {
enum ProviderFlag : std::uint8_t { kRenewable = 1, kAcceptsOffers = 2 };
}  // namespace

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
        .money(p.probation_pledge)
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
    p.probation_pledge = in.money();
    p.operator_key = in.address();
    return p;
}

namespace {
enum OrderFlag : std::uint8_t {
    kUserCheck = 1,
    kProviderCheck = 2,
    kOrderRenewable = 4,
    kUnservedReported = 8,
    kWasSuspended = 16
};
}  // namespace

Bytes write(const Order& o) {
    const auto flags = static_cast<std::uint8_t>(
        (o.user_check ? kUserCheck : 0) | (o.provider_check ? kProviderCheck : 0) |
        (o.renewable ? kOrderRenewable : 0) | (o.unserved_reported ? kUnservedReported : 0) |
        (o.was_suspended ? kWasSuspended : 0));
    constexpr std::size_t kRoom = 320;
    // Begins with the status and the parties: read_head.
    return RowWriter{kRoom}
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
        .money(o.paid_fee)
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
        .u64(o.replaces.value)
        .number(o.fee_bp, 2)
        .money(o.profit)
        .money(o.profit_minted)
        .number(o.profit_bp, 2)
        .take();
}

Order read_order(RowReader& in, OrderId id) {
    Order o;
    o.id = id;
    o.status = static_cast<OrderStatus>(in.u8());
    const std::uint8_t flags = in.u8();
    o.user_check = (flags & kUserCheck) != 0;
    o.provider_check = (flags & kProviderCheck) != 0;
    o.renewable = (flags & kOrderRenewable) != 0;
    o.unserved_reported = (flags & kUnservedReported) != 0;
    o.was_suspended = (flags & kWasSuspended) != 0;
    o.user = in.address();
    o.provider = in.address();
    o.resources = in.resources();
    o.prices = in.prices();
    o.deposit = in.money();
    o.accrued = in.money();
    o.paid_provider = in.money();
    o.paid_user = in.money();
    o.paid_fee = in.money();
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
    o.replaces.value = in.u64();
    o.fee_bp = static_cast<std::uint16_t>(in.number(2));
    o.profit = in.money();
    o.profit_minted = in.money();
    o.profit_bp = static_cast<std::uint16_t>(in.number(2));
    return o;
}

OrderHead read_head(RowReader& in) {
    OrderHead head;
    head.status = static_cast<OrderStatus>(in.u8());
    in.u8();
    head.user = in.address();
    head.provider = in.address();
    return head;
}

}  // namespace grid::chain::rows

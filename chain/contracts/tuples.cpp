#include "chain/contracts/tuples.hpp"

#include <algorithm>
#include <array>

namespace grid::chain::tuples {

namespace {

/// A component of Delta: two's complement in 128 bits, sign-extended to a word.
Hash signed_word(std::uint64_t magnitude, bool negative) {
    if (!negative || magnitude == 0) return Amount{magnitude}.word();
    Hash word = Amount{~magnitude + 1}.word();
    std::fill(word.bytes.begin(), word.bytes.begin() + 24, std::uint8_t{0xff});
    return word;
}

/// None when the word is not a sign-extended int128.
std::optional<SignedAmount> signed_value(Hash word) {
    const bool negative = (word.bytes[16] & 0x80) != 0;
    const std::uint8_t extension = negative ? 0xff : 0x00;
    if (!std::all_of(word.bytes.begin(), word.bytes.begin() + 16,
                     [&](std::uint8_t b) { return b == extension; }))
        return std::nullopt;
    if (!negative) return SignedAmount{Amount::from_word(word), false};
    for (std::uint8_t& byte : word.bytes) byte = static_cast<std::uint8_t>(~byte);
    return SignedAmount{Amount::from_word(word) + Amount{1}, true};
}

Timestamp time(abi::Decoder& in) {
    return {in.u64()};
}
Seconds seconds(abi::Decoder& in) {
    return {in.u64()};
}

}  // namespace

void put(abi::Encoder& out, const Resources& v) {
    out.uint(v.cpu_milli).uint(v.memory_mib).uint(v.storage_mib).uint(v.gpus);
}

void put(abi::Encoder& out, const Prices& v) {
    out.uint(v.cpu_milli).uint(v.memory_mib).uint(v.storage_mib).uint(v.gpus);
}

Resources resources(abi::Decoder& in) {
    Resources v;
    v.cpu_milli = in.u64();
    v.memory_mib = in.u64();
    v.storage_mib = in.u64();
    v.gpus = in.u64();
    return v;
}

Prices prices(abi::Decoder& in) {
    Prices v;
    v.cpu_milli = in.uint(96);
    v.memory_mib = in.uint(96);
    v.storage_mib = in.uint(96);
    v.gpus = in.uint(96);
    return v;
}

namespace {

void put_info_head(abi::Encoder& out, const Provider& v) {
    out.text(v.host).uint(v.port);
    put(out, v.prices);
    put(out, v.minimum_prices);
    put(out, v.total);
}

void put_info_tail(abi::Encoder& out, const Provider& v) {
    out.text(v.attributes)
        .uint(v.probation.count)
        .uint(v.probation_pledge)
        .boolean(v.renewable)
        .boolean(v.accepts_offers)
        .address(v.operator_key);
}

void read_info_head(abi::Decoder& in, Provider& v) {
    v.host = in.text();
    v.port = static_cast<std::uint16_t>(in.uint(16).limbs()[0]);
    v.prices = prices(in);
    v.minimum_prices = prices(in);
    v.total = resources(in);
}

void read_info_tail(abi::Decoder& in, Provider& v) {
    v.attributes = in.text();
    v.probation = seconds(in);
    v.probation_pledge = in.uint(96);
    v.renewable = in.boolean();
    v.accepts_offers = in.boolean();
    v.operator_key = in.address();
}

}  // namespace

Bytes info(const Provider& v) {
    abi::Encoder out;
    put_info_head(out, v);
    put_info_tail(out, v);
    return out.take();
}

Provider info(abi::Decoder& in) {
    Provider v;
    read_info_head(in, v);
    read_info_tail(in, v);
    return v;
}

Bytes provider(const Provider& v) {
    abi::Encoder out;
    out.address(v.address);
    put_info_head(out, v);
    put(out, v.available);
    put_info_tail(out, v);
    out.uint(static_cast<std::uint64_t>(v.status));
    return out.take();
}

Provider provider(abi::Decoder& in) {
    Provider v;
    v.address = in.address();
    read_info_head(in, v);
    v.available = resources(in);
    read_info_tail(in, v);
    v.status = static_cast<ProviderStatus>(in.uint(8).limbs()[0]);
    return v;
}

void put(abi::Encoder& out, const Order& v) {
    out.uint(v.id.value).address(v.user).address(v.provider);
    put(out, v.resources);
    put(out, v.prices);
    out.uint(v.deposit)
        .uint(v.accrued)
        .uint(v.paid_provider)
        .uint(v.paid_user)
        .uint(v.paid_fee)
        .boolean(v.user_check)
        .boolean(v.provider_check)
        .boolean(v.renewable)
        .boolean(v.unserved_reported)
        .boolean(v.was_suspended)
        .uint(v.created_at.seconds)
        .uint(v.activated_at.seconds)
        .uint(v.activate_height)
        .uint(v.settled_at.seconds)
        .uint(v.settle_height)
        .uint(v.probation.count)
        .uint(v.duration.count)
        .uint(v.suspended.count)
        .uint(v.suspended_since.seconds)
        .uint(v.activation_deadline.seconds)
        .uint(v.replaces.value)
        .uint(v.fee_bp)
        .uint(v.profit)
        .uint(v.profit_minted)
        .uint(v.profit_bp)
        .uint(static_cast<std::uint64_t>(v.status));
}

Order order(abi::Decoder& in) {
    Order v;
    v.id = {in.u64()};
    v.user = in.address();
    v.provider = in.address();
    v.resources = resources(in);
    v.prices = prices(in);
    v.deposit = in.uint();
    v.accrued = in.uint();
    v.paid_provider = in.uint();
    v.paid_user = in.uint();
    v.paid_fee = in.uint();
    v.user_check = in.boolean();
    v.provider_check = in.boolean();
    v.renewable = in.boolean();
    v.unserved_reported = in.boolean();
    v.was_suspended = in.boolean();
    v.created_at = time(in);
    v.activated_at = time(in);
    v.activate_height = in.u64();
    v.settled_at = time(in);
    v.settle_height = in.u64();
    v.probation = seconds(in);
    v.duration = seconds(in);
    v.suspended = seconds(in);
    v.suspended_since = time(in);
    v.activation_deadline = time(in);
    v.replaces = {in.u64()};
    v.fee_bp = static_cast<std::uint16_t>(in.uint(16).limbs()[0]);
    v.profit = in.uint();
    v.profit_minted = in.uint();
    v.profit_bp = static_cast<std::uint16_t>(in.uint(16).limbs()[0]);
    v.status = static_cast<OrderStatus>(in.uint(8).limbs()[0]);
    return v;
}

void put(abi::Encoder& out, const Quote& v) {
    out.address(v.provider).address(v.user);
    put(out, v.resources);
    put(out, v.prices);
    out.uint(v.duration.count)
        .uint(v.probation.count)
        .boolean(v.renewable)
        .uint(v.valid_until.seconds)
        .uint(v.replaces.value)
        .uint(v.epoch)
        .hash(v.salt);
}

Quote quote(abi::Decoder& in) {
    Quote v;
    v.provider = in.address();
    v.user = in.address();
    v.resources = resources(in);
    v.prices = prices(in);
    v.duration = seconds(in);
    v.probation = seconds(in);
    v.renewable = in.boolean();
    v.valid_until = time(in);
    v.replaces = {in.u64()};
    v.epoch = in.u64();
    v.salt = in.hash();
    return v;
}

void put(abi::Encoder& out, const MarketParameters& v) {
    out.uint(v.activation_deadline.count)
        .uint(v.max_unactivated)
        .uint(v.minimum_deposit)
        .uint(v.probation_window.count)
        .uint(v.max_probation_cancels)
        .uint(v.fee_bp)
        .address(v.treasury)
        .uint(v.profit_bp);
}

MarketParameters parameters(abi::Decoder& in) {
    MarketParameters v;
    v.activation_deadline = seconds(in);
    v.max_unactivated = static_cast<std::uint32_t>(in.uint(32).limbs()[0]);
    v.minimum_deposit = in.uint();
    v.probation_window = seconds(in);
    v.max_probation_cancels = static_cast<std::uint32_t>(in.uint(32).limbs()[0]);
    v.fee_bp = static_cast<std::uint16_t>(in.uint(16).limbs()[0]);
    v.treasury = in.address();
    v.profit_bp = static_cast<std::uint16_t>(in.uint(16).limbs()[0]);
    return v;
}

void put(abi::Encoder& out, const Delta& v) {
    for (const std::uint64_t amount :
         {v.amounts.cpu_milli, v.amounts.memory_mib, v.amounts.storage_mib, v.amounts.gpus})
        out.word(signed_word(amount, v.negative));
}

std::optional<DeltaWords> delta_words(abi::Decoder& in) {
    DeltaWords words;
    for (SignedAmount& part : words) {
        const auto value = signed_value(in.word());
        if (!value) return std::nullopt;
        part = *value;
    }
    return words;
}

std::optional<Delta> delta(const DeltaWords& words) {
    bool positive = false;
    Delta v;
    for (const SignedAmount& part : words) {
        if (!part.magnitude.fits_u64()) return std::nullopt;
        if (!part.magnitude.is_zero()) (part.negative ? v.negative : positive) = true;
    }
    if (positive && v.negative) return std::nullopt;
    v.amounts = {words[0].magnitude.to_u64(), words[1].magnitude.to_u64(), words[2].magnitude.to_u64(),
                 words[3].magnitude.to_u64()};
    return v;
}

Bytes array(std::size_t length, const abi::Encoder& elements) {
    const Hash count = Amount{length}.word();
    Bytes out(count.bytes.begin(), count.bytes.end());
    const Bytes body = elements.take();
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

}  // namespace grid::chain::tuples

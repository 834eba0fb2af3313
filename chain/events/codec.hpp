#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "chain/abi.hpp"
#include "chain/block.hpp"
#include "chain/contracts.hpp"
#include "chain/market.hpp"

/// What the codecs of all contracts' events share. Only for chain/events.cpp.
namespace grid::chain::events {

using Contract = Address ContractAddresses::*;

/// Reads a log: topics first, then data; bad once anything is malformed or missing.
class LogReader {
public:
    explicit LogReader(const Log& log) : log_(log), data_(log.data) {}
    Hash topic() {
        if (next_ < log_.topics.size()) return log_.topics[next_++];
        bad_ = true;
        return {};
    }
    Address topic_address() {
        const auto address = Address::from_word(topic());
        if (!address) bad_ = true;
        return address ? *address : Address{};
    }
    OrderId topic_id() {
        const Amount id = Amount::from_word(topic());
        if (!id.fits_u64()) bad_ = true;
        return {id.limbs()[0]};
    }
    abi::Decoder& data() { return data_; }
    void refuse() { bad_ = true; }
    bool good() const { return !bad_ && !data_.bad() && next_ == log_.topics.size(); }

private:
    const Log& log_;
    abi::Decoder data_;
    std::size_t next_ = 1;
    bool bad_ = false;
};

inline Hash topic(const Address& a) {
    return a.word();
}
inline Hash topic(OrderId id) {
    return Amount{id.value}.word();
}
inline Hash topic(const Hash& h) {
    return h;
}

/// How an event is written and read: one specialisation for each.
template <class E>
struct Codec;

/// Transfer(from, to, value) of both contracts.
template <class E, Contract Emitter>
struct TransferCodec {
    static constexpr std::string_view kSignature = "Transfer(address,address,uint256)";
    static constexpr Contract kEmitter = Emitter;
    static auto topics(const E& e) { return std::array{topic(e.from), topic(e.to)}; }
    static void data(abi::Encoder& out, const E& e) { out.uint(e.amount); }
    static E read(LogReader& in) {
        E e;
        e.from = in.topic_address();
        e.to = in.topic_address();
        e.amount = in.data().uint();
        return e;
    }
};

}  // namespace grid::chain::events

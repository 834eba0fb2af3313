#pragma once

#include "chain/contracts/pledge_tuples.hpp"
#include "chain/events/codec.hpp"
#include "chain/events/pledge.hpp"

namespace grid::chain::events {

/// What they have in common: the emitter, and ids as topics.
struct PledgeCodec {
    static constexpr Contract kEmitter = &ContractAddresses::pledge;
    static Hash id(std::uint64_t v) { return Amount{v}.word(); }
    static std::uint64_t id(LogReader& in) { return in.topic_id().value; }
};

template <>
struct Codec<EpochRolled> : PledgeCodec {
    static constexpr std::string_view kSignature = "EpochRolled(uint64,uint64)";
    static std::array<Hash, 0> topics(const EpochRolled&) { return {}; }
    static void data(abi::Encoder& out, const EpochRolled& e) { out.uint(e.from).uint(e.to); }
    static EpochRolled read(LogReader& in) {
        EpochRolled e;
        e.from = in.data().u64();
        e.to = in.data().u64();
        return e;
    }
};

template <>
struct Codec<PositionChanged> : PledgeCodec {
    static constexpr std::string_view kSignature =
        "PositionChanged(address,address,uint8,uint256,uint256,uint64," GRID_ABI_POSITION_STATE
        "," GRID_ABI_POOL_STATE ")";
    static auto topics(const PositionChanged& e) { return std::array{topic(e.account), topic(e.provider)}; }
    static void data(abi::Encoder& out, const PositionChanged& e) {
        out.uint(static_cast<std::uint64_t>(e.change)).uint(e.amount).uint(e.shares);
        out.uint(e.release_at.seconds);
        tuples::put_state(out, e.position);
        tuples::put(out, e.pool);
    }
    static PositionChanged read(LogReader& in) {
        PositionChanged e;
        e.account = in.topic_address();
        e.provider = in.topic_address();
        e.change = static_cast<PositionChange>(in.data().uint(8).limbs()[0]);
        if (e.change > PositionChange::claimed) in.refuse();
        e.amount = in.data().uint();
        e.shares = in.data().uint();
        e.release_at = {in.data().u64()};
        e.position = tuples::position_state(in.data());
        e.pool = tuples::pool(in.data());
        return e;
    }
};

template <>
struct Codec<ProfitMinted> : PledgeCodec {
    static constexpr std::string_view kSignature = "ProfitMinted(address,uint64,uint256,uint256,uint256)";
    static auto topics(const ProfitMinted& e) { return std::array{topic(e.provider), topic(e.order)}; }
    static void data(abi::Encoder& out, const ProfitMinted& e) {
        out.uint(e.amount).uint(e.earning).uint(e.profit_per_share);
    }
    static ProfitMinted read(LogReader& in) {
        ProfitMinted e;
        e.provider = in.topic_address();
        e.order = in.topic_id();
        e.amount = in.data().uint();
        e.earning = in.data().uint();
        e.profit_per_share = in.data().uint();
        return e;
    }
};

template <>
struct Codec<SlashAnnounced> : PledgeCodec {
    static constexpr std::string_view kSignature =
        "SlashAnnounced(uint64,address,address,uint256,string,uint64)";
    static auto topics(const SlashAnnounced& e) {
        return std::array{id(e.id), topic(e.provider), topic(e.by)};
    }
    static void data(abi::Encoder& out, const SlashAnnounced& e) {
        out.uint(e.amount).text(e.reason).uint(e.executable_at.seconds);
    }
    static SlashAnnounced read(LogReader& in) {
        SlashAnnounced e;
        e.id = id(in);
        e.provider = in.topic_address();
        e.by = in.topic_address();
        e.amount = in.data().uint();
        e.reason = in.data().text();
        e.executable_at = {in.data().u64()};
        return e;
    }
};

template <>
struct Codec<SlashExecuted> : PledgeCodec {
    static constexpr std::string_view kSignature =
        "SlashExecuted(uint64,address,address,uint256,uint256," GRID_ABI_POOL_STATE ")";
    static auto topics(const SlashExecuted& e) {
        return std::array{id(e.id), topic(e.provider), topic(e.to)};
    }
    static void data(abi::Encoder& out, const SlashExecuted& e) {
        out.uint(e.taken).uint(e.left);
        tuples::put(out, e.pool);
    }
    static SlashExecuted read(LogReader& in) {
        SlashExecuted e;
        e.id = id(in);
        e.provider = in.topic_address();
        e.to = in.topic_address();
        e.taken = in.data().uint();
        e.left = in.data().uint();
        e.pool = tuples::pool(in.data());
        return e;
    }
};

template <>
struct Codec<SlashVetoed> : PledgeCodec {
    static constexpr std::string_view kSignature = "SlashVetoed(uint64,address)";
    static auto topics(const SlashVetoed& e) { return std::array{id(e.id), topic(e.by)}; }
    static void data(abi::Encoder&, const SlashVetoed&) {}
    static SlashVetoed read(LogReader& in) {
        SlashVetoed e;
        e.id = id(in);
        e.by = in.topic_address();
        return e;
    }
};

}  // namespace grid::chain::events

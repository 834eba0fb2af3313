#pragma once

#include "chain/contracts/tuples.hpp"
#include "chain/events/codec.hpp"
#include "chain/events/council.hpp"

namespace grid::chain::events {

/// What they have in common: the emitter, and an id as the first topic.
struct CouncilCodec {
    static constexpr Contract kEmitter = &ContractAddresses::council;
    static Hash id(std::uint64_t v) { return Amount{v}.word(); }
    static std::uint64_t id(LogReader& in) { return in.topic_id().value; }
    static std::uint32_t count(LogReader& in) {
        return static_cast<std::uint32_t>(in.data().uint(32).limbs()[0]);
    }
};

template <>
struct Codec<ProposalCreated> : CouncilCodec {
    static constexpr std::string_view kSignature = "ProposalCreated(uint64,address,address,bytes,uint64)";
    static auto topics(const ProposalCreated& e) {
        return std::array{id(e.id), topic(e.proposer), topic(e.target)};
    }
    static void data(abi::Encoder& out, const ProposalCreated& e) { out.bytes(e.data).uint(e.term); }
    static ProposalCreated read(LogReader& in) {
        ProposalCreated e;
        e.id = id(in);
        e.proposer = in.topic_address();
        e.target = in.topic_address();
        const ByteView data = in.data().bytes();
        e.data.assign(data.begin(), data.end());
        e.term = in.data().u64();
        return e;
    }
};

template <>
struct Codec<ProposalApproved> : CouncilCodec {
    static constexpr std::string_view kSignature = "ProposalApproved(uint64,address,uint32,uint64)";
    static auto topics(const ProposalApproved& e) { return std::array{id(e.id), topic(e.member)}; }
    static void data(abi::Encoder& out, const ProposalApproved& e) {
        out.uint(e.approvals).uint(e.ready_at.seconds);
    }
    static ProposalApproved read(LogReader& in) {
        ProposalApproved e;
        e.id = id(in);
        e.member = in.topic_address();
        e.approvals = count(in);
        e.ready_at = {in.data().u64()};
        return e;
    }
};

template <>
struct Codec<ProposalVetoed> : CouncilCodec {
    static constexpr std::string_view kSignature = "ProposalVetoed(uint64,address,uint32)";
    static auto topics(const ProposalVetoed& e) { return std::array{id(e.id), topic(e.by)}; }
    static void data(abi::Encoder& out, const ProposalVetoed& e) { out.uint(e.vetoes); }
    static ProposalVetoed read(LogReader& in) {
        ProposalVetoed e;
        e.id = id(in);
        e.by = in.topic_address();
        e.vetoes = count(in);
        return e;
    }
};

template <>
struct Codec<ProposalCancelled> : CouncilCodec {
    static constexpr std::string_view kSignature = "ProposalCancelled(uint64)";
    static auto topics(const ProposalCancelled& e) { return std::array{id(e.id)}; }
    static void data(abi::Encoder&, const ProposalCancelled&) {}
    static ProposalCancelled read(LogReader& in) { return {id(in)}; }
};

template <>
struct Codec<ProposalExecuted> : CouncilCodec {
    static constexpr std::string_view kSignature = "ProposalExecuted(uint64,address)";
    static auto topics(const ProposalExecuted& e) { return std::array{id(e.id), topic(e.by)}; }
    static void data(abi::Encoder&, const ProposalExecuted&) {}
    static ProposalExecuted read(LogReader& in) {
        ProposalExecuted e;
        e.id = id(in);
        e.by = in.topic_address();
        return e;
    }
};

template <>
struct Codec<RoleChanged> : CouncilCodec {
    static constexpr std::string_view kSignature = "RoleChanged(bytes32,address,bool)";
    static auto topics(const RoleChanged& e) { return std::array{topic(e.role), topic(e.account)}; }
    static void data(abi::Encoder& out, const RoleChanged& e) { out.boolean(e.granted); }
    static RoleChanged read(LogReader& in) {
        RoleChanged e;
        e.role = in.topic();
        e.account = in.topic_address();
        e.granted = in.data().boolean();
        return e;
    }
};

template <>
struct Codec<MembersChanged> : CouncilCodec {
    static constexpr std::string_view kSignature = "MembersChanged(uint64,address[],uint32)";
    static auto topics(const MembersChanged& e) { return std::array{id(e.term)}; }
    static void data(abi::Encoder& out, const MembersChanged& e) {
        abi::Encoder elements;
        for (const Address& member : e.members) elements.address(member);
        out.dynamic(tuples::array(e.members.size(), elements)).uint(e.threshold);
    }
    static MembersChanged read(LogReader& in) {
        MembersChanged e;
        e.term = id(in);
        std::size_t length = 0;
        abi::Decoder elements = in.data().array(length, kMaxCouncilMembers);
        for (std::size_t i = 0; i < length; ++i) e.members.push_back(elements.address());
        if (elements.bad()) in.refuse();
        e.threshold = count(in);
        return e;
    }
};

template <>
struct Codec<DelayChanged> : CouncilCodec {
    static constexpr std::string_view kSignature = "DelayChanged(uint64)";
    static std::array<Hash, 0> topics(const DelayChanged&) { return {}; }
    static void data(abi::Encoder& out, const DelayChanged& e) { out.uint(e.delay.count); }
    static DelayChanged read(LogReader& in) { return {{in.data().u64()}}; }
};

}  // namespace grid::chain::events

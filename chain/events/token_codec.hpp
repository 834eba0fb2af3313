#pragma once

#include "chain/events/codec.hpp"
#include "chain/events/token.hpp"

namespace grid::chain::events {

template <>
struct Codec<TokenTransfer> : TransferCodec<TokenTransfer, &ContractAddresses::token> {};

template <>
struct Codec<TokenApproval> {
    static constexpr std::string_view kSignature = "Approval(address,address,uint256)";
    static constexpr Contract kEmitter = &ContractAddresses::token;
    static auto topics(const TokenApproval& e) { return std::array{topic(e.owner), topic(e.spender)}; }
    static void data(abi::Encoder& out, const TokenApproval& e) { out.uint(e.amount); }
    static TokenApproval read(LogReader& in) {
        TokenApproval e;
        e.owner = in.topic_address();
        e.spender = in.topic_address();
        e.amount = in.data().uint();
        return e;
    }
};

}  // namespace grid::chain::events

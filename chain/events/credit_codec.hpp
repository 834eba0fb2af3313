#pragma once

#include "chain/events/codec.hpp"
#include "chain/events/credit.hpp"

namespace grid::chain::events {

template <>
struct Codec<CreditTransfer> : TransferCodec<CreditTransfer, &ContractAddresses::credit> {};

template <class E>
struct AccountAmountCodec {
    static constexpr Contract kEmitter = &ContractAddresses::credit;
    static auto topics(const E& e) { return std::array{topic(e.account)}; }
    static void data(abi::Encoder& out, const E& e) { out.uint(e.amount); }
    static E read(LogReader& in) {
        E e;
        e.account = in.topic_address();
        e.amount = in.data().uint();
        return e;
    }
};
template <>
struct Codec<CreditPurchased> : AccountAmountCodec<CreditPurchased> {
    static constexpr std::string_view kSignature = "Purchased(address,uint256)";
};
template <>
struct Codec<CreditRedeemed> : AccountAmountCodec<CreditRedeemed> {
    static constexpr std::string_view kSignature = "Redeemed(address,uint256)";
};

template <>
struct Codec<CreditTransferReceived> {
    static constexpr std::string_view kSignature = "TransferReceived(address,uint256)";
    static constexpr Contract kEmitter = &ContractAddresses::credit;
    static auto topics(const CreditTransferReceived& e) { return std::array{topic(e.from)}; }
    static void data(abi::Encoder& out, const CreditTransferReceived& e) { out.uint(e.amount); }
    static CreditTransferReceived read(LogReader& in) {
        CreditTransferReceived e;
        e.from = in.topic_address();
        e.amount = in.data().uint();
        return e;
    }
};

template <>
struct Codec<CreditTransferClaimed> {
    static constexpr std::string_view kSignature = "TransferClaimed(address,address,uint256)";
    static constexpr Contract kEmitter = &ContractAddresses::credit;
    static auto topics(const CreditTransferClaimed& e) { return std::array{topic(e.from), topic(e.by)}; }
    static void data(abi::Encoder& out, const CreditTransferClaimed& e) { out.uint(e.amount); }
    static CreditTransferClaimed read(LogReader& in) {
        CreditTransferClaimed e;
        e.from = in.topic_address();
        e.by = in.topic_address();
        e.amount = in.data().uint();
        return e;
    }
};

}  // namespace grid::chain::events

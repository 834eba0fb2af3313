#pragma once

#include <optional>
#include <span>
#include <variant>

#include "chain/block.hpp"
#include "chain/contracts.hpp"
#include "chain/events/council.hpp"
#include "chain/events/credit.hpp"
#include "chain/events/market.hpp"
#include "chain/events/pledge.hpp"
#include "chain/events/registry.hpp"
#include "chain/events/token.hpp"

/// The contracts' events, typed: chain/events/ has those of each contract and how each is written. One source
/// for both directions: the native contracts emit through `to_log`.
namespace grid::chain {

using Event = std::variant<TokenTransfer, TokenApproval, CreditTransfer, CreditPurchased, CreditRedeemed,
                           CreditTransferReceived, CreditTransferClaimed, ProviderSet, ProviderDeregistered,
                           ResourceDelta, OrderCreated, OrderActivated, OrderSettled, OrderCancelled,
                           OrderCompleted, Withdrawn, QuoteUsed, ParameterSet, OrderSuspended, OrderResumed,
                           OrderExtended, OrderReplaced, OrderUnserved, QuoteCancelled, QuoteEpochBumped,
                           ProposalCreated, ProposalApproved, ProposalVetoed, ProposalCancelled,
                           ProposalExecuted, RoleChanged, MembersChanged, DelayChanged, EpochRolled,
                           PositionChanged, ProfitMinted, SlashAnnounced, SlashExecuted, SlashVetoed>;

/// The event of a log of one of these contracts; none for a foreign address, an unknown topic or malformed
/// data.
std::optional<Event> decode_event(const Log& log, const ContractAddresses& contracts);

/// The log that the contract emits for it.
Log to_log(const Event& event, const ContractAddresses& contracts);

/// "OrderSettled" etc., as in the ABI.
std::string_view name_of(const Event& event);

/// Topic 0: keccak256 of the event's signature. `topic_of<OrderCreated>()`.
template <class E>
const Hash& topic_of();

/// An event of the ABI and the contract that emits it.
struct EventType {
    std::string_view signature;
    Address ContractAddresses::*emitter;
};
/// In the order of `Event`.
std::span<const EventType> event_types() noexcept;

}  // namespace grid::chain

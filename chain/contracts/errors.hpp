#pragma once

#include <array>
#include <span>

#include "chain/abi.hpp"

/// The custom errors of chain/abi, natively.
namespace grid::chain::errors {

/// An error of the ABI: its signature and the names of its arguments, which are all of elementary types.
struct ErrorType {
    std::string_view signature;
    std::array<std::string_view, 3> names{};
};

inline constexpr ErrorType kErc20InsufficientBalance{"ERC20InsufficientBalance(address,uint256,uint256)",
                                                     {"sender", "balance", "needed"}};
inline constexpr ErrorType kErc20InsufficientAllowance{"ERC20InsufficientAllowance(address,uint256,uint256)",
                                                       {"spender", "allowance", "needed"}};
inline constexpr ErrorType kErc20InvalidReceiver{"ERC20InvalidReceiver(address)", {"receiver"}};
inline constexpr ErrorType kErc20InvalidSpender{"ERC20InvalidSpender(address)", {"spender"}};
inline constexpr ErrorType kErc20ExceededCap{"ERC20ExceededCap(uint256,uint256)", {"supply", "cap"}};
inline constexpr ErrorType kErc2612ExpiredSignature{"ERC2612ExpiredSignature(uint256)", {"deadline"}};
inline constexpr ErrorType kErc2612InvalidSigner{"ERC2612InvalidSigner(address,address)",
                                                 {"signer", "owner"}};
inline constexpr ErrorType kNotMinter{"NotMinter(address)", {"caller"}};
inline constexpr ErrorType kFaucetClosed{"FaucetClosed()", {}};
inline constexpr ErrorType kFaucetLimit{"FaucetLimit(uint256,uint256)", {"amount", "limit"}};
inline constexpr ErrorType kInsufficientCredits{"InsufficientCredits(uint256,uint256)",
                                                {"needed", "available"}};
inline constexpr ErrorType kNotProtocol{"NotProtocol(address)", {"caller"}};
inline constexpr ErrorType kZeroAmount{"ZeroAmount()", {}};
inline constexpr ErrorType kNothingPending{"NothingPending(address)", {"from"}};
inline constexpr ErrorType kUnknownProvider{"UnknownProvider(address)", {"provider"}};
inline constexpr ErrorType kProviderInactive{"ProviderInactive(address)", {"provider"}};
inline constexpr ErrorType kInvalidField{"InvalidField(string)", {"field"}};
inline constexpr ErrorType kTotalBelowReserved{"TotalBelowReserved(uint8,uint64,uint64)",
                                               {"resource", "total", "reserved"}};
inline constexpr ErrorType kInsufficientResources{"InsufficientResources(uint8,uint64,uint64)",
                                                  {"resource", "wanted", "available"}};
inline constexpr ErrorType kReservationMismatch{"ReservationMismatch(address,bytes32)", {"provider", "ref"}};
inline constexpr ErrorType kTooMany{"TooMany(uint256,uint256)", {"given", "limit"}};
inline constexpr ErrorType kUnknownOrder{"UnknownOrder(uint64)", {"id"}};
inline constexpr ErrorType kStaleOrder{"StaleOrder(uint64)", {"id"}};
inline constexpr ErrorType kWrongStatus{"WrongStatus(uint64,uint8)", {"id", "status"}};
inline constexpr ErrorType kNotParty{"NotParty(uint64,address)", {"id", "caller"}};
inline constexpr ErrorType kInvalidDuration{"InvalidDuration(uint64)", {"secs"}};
inline constexpr ErrorType kOrderExists{"OrderExists(uint64)", {"id"}};
inline constexpr ErrorType kDepositBelowMinimum{"DepositBelowMinimum(uint256,uint256)",
                                                {"deposit", "minimum"}};
inline constexpr ErrorType kTooManyUnactivated{"TooManyUnactivated(uint32,uint32)", {"count", "limit"}};
inline constexpr ErrorType kProbationUsed{"ProbationUsed(address,address)", {"user", "provider"}};
inline constexpr ErrorType kProbationTooShort{"ProbationTooShort(uint64,uint64)", {"offered", "wanted"}};
inline constexpr ErrorType kOffersNotAccepted{"OffersNotAccepted(address)", {"provider"}};
inline constexpr ErrorType kPriceTooLow{"PriceTooLow(uint8,uint96,uint96)",
                                        {"resource", "offered", "minimum"}};
inline constexpr ErrorType kQuoteExpired{"QuoteExpired(uint64)", {"validUntil"}};
inline constexpr ErrorType kQuoteSpent{"QuoteSpent(bytes32)", {"digest"}};
inline constexpr ErrorType kQuoteNotForCaller{"QuoteNotForCaller(address,address)", {"user", "caller"}};
inline constexpr ErrorType kQuoteReplaces{"QuoteReplaces(uint64)", {"id"}};
inline constexpr ErrorType kInvalidQuoteSignature{"InvalidQuoteSignature()", {}};
inline constexpr ErrorType kQuoteSignerUnknown{"QuoteSignerUnknown(address)", {"signer"}};
inline constexpr ErrorType kActivationExpired{"ActivationExpired(uint64,uint64)", {"id", "deadline"}};
inline constexpr ErrorType kExceedsClaimable{"ExceedsClaimable(uint256,uint256)", {"amount", "claimable"}};
inline constexpr ErrorType kOrderPastEnd{"OrderPastEnd(uint64,uint64)", {"id", "endsAt"}};
inline constexpr ErrorType kAlreadySuspended{"AlreadySuspended(uint64)", {"id"}};
inline constexpr ErrorType kNotSuspended{"NotSuspended(uint64)", {"id"}};
inline constexpr ErrorType kNotRenewable{"NotRenewable(uint64)", {"id"}};
inline constexpr ErrorType kNotInProbation{"NotInProbation(uint64)", {"id"}};
inline constexpr ErrorType kAlreadyReported{"AlreadyReported(uint64)", {"id"}};
inline constexpr ErrorType kQuoteRevoked{"QuoteRevoked(bytes32)", {"salt"}};
inline constexpr ErrorType kQuoteEpochPast{"QuoteEpochPast(uint64,uint64)", {"epoch", "current"}};
inline constexpr ErrorType kPledgeTooSmall{"PledgeTooSmall(uint256,uint256)", {"pledged", "wanted"}};
inline constexpr ErrorType kUnknownParameter{"UnknownParameter(bytes32)", {"key"}};
inline constexpr ErrorType kInvalidParameter{"InvalidParameter(bytes32,uint256)", {"key", "value"}};
// Council and Pledge
inline constexpr ErrorType kNotMember{"NotMember(address)", {"caller"}};
inline constexpr ErrorType kNotCouncil{"NotCouncil(address)", {"caller"}};
inline constexpr ErrorType kInvalidTarget{"InvalidTarget(address)", {"target"}};
inline constexpr ErrorType kUnknownProposal{"UnknownProposal(uint64)", {"id"}};
inline constexpr ErrorType kProposalClosed{"ProposalClosed(uint64,uint8)", {"id", "status"}};
inline constexpr ErrorType kProposalStale{"ProposalStale(uint64,uint64)", {"id", "term"}};
inline constexpr ErrorType kAlreadyVoted{"AlreadyVoted(uint64,address)", {"id", "member"}};
inline constexpr ErrorType kNotApproved{"NotApproved(uint64,uint32,uint32)",
                                        {"id", "approvals", "threshold"}};
inline constexpr ErrorType kProposalNotReady{"ProposalNotReady(uint64,uint64)", {"id", "readyAt"}};
inline constexpr ErrorType kProposalExpired{"ProposalExpired(uint64,uint64)", {"id", "expiresAt"}};
inline constexpr ErrorType kReentered{"Reentered()", {}};
inline constexpr ErrorType kUnknownRole{"UnknownRole(bytes32)", {"role"}};
inline constexpr ErrorType kInvalidMembers{"InvalidMembers()", {}};
inline constexpr ErrorType kInvalidDelay{"InvalidDelay(uint64,uint64)", {"delay", "limit"}};
inline constexpr ErrorType kPoolRuined{"PoolRuined(address)", {"provider"}};
inline constexpr ErrorType kInsufficientPledge{"InsufficientPledge(uint256,uint256)", {"needed", "pledged"}};
inline constexpr ErrorType kTooManyUnbonding{"TooManyUnbonding(uint256)", {"limit"}};
inline constexpr ErrorType kNothingUnbonded{"NothingUnbonded(address,address)", {"account", "provider"}};
inline constexpr ErrorType kNothingEarned{"NothingEarned(address,address)", {"account", "provider"}};
inline constexpr ErrorType kMissingRole{"MissingRole(bytes32,address)", {"role", "account"}};
inline constexpr ErrorType kSlashTooLarge{"SlashTooLarge(uint256,uint256)", {"amount", "limit"}};
inline constexpr ErrorType kUnknownSlash{"UnknownSlash(uint64)", {"id"}};
inline constexpr ErrorType kSlashClosed{"SlashClosed(uint64,uint8)", {"id", "status"}};
inline constexpr ErrorType kSlashNotDue{"SlashNotDue(uint64,uint64)", {"id", "executableAt"}};
inline constexpr ErrorType kSlashLimitReached{"SlashLimitReached(address,uint64)", {"provider", "epoch"}};

/// All of them.
std::span<const ErrorType> all() noexcept;

/// Ends a native call: thrown inside the execution, caught at its border, never crosses the room.
struct Revert {
    Bytes data;
};

inline abi::Encoder& put_argument(abi::Encoder& out, const Amount& v) {
    return out.uint(v);
}
inline abi::Encoder& put_argument(abi::Encoder& out, const Address& v) {
    return out.address(v);
}
inline abi::Encoder& put_argument(abi::Encoder& out, const Hash& v) {
    return out.hash(v);
}
inline abi::Encoder& put_argument(abi::Encoder& out, std::string_view v) {
    return out.text(v);
}

/// Reverts with that error; arguments in the order of its signature.
template <class... Arguments>
[[noreturn]] void revert(const ErrorType& error, const Arguments&... arguments) {
    abi::Encoder out;
    (put_argument(out, arguments), ...);
    throw Revert{out.take(abi::selector(error.signature))};
}

}  // namespace grid::chain::errors

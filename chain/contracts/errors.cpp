#include "chain/contracts/errors.hpp"

namespace grid::chain::errors {

std::span<const ErrorType> all() noexcept {
    static constexpr std::array kAll{
        kErc20InsufficientBalance,
        kErc20InsufficientAllowance,
        kErc20InvalidReceiver,
        kErc20InvalidSpender,
        kErc20ExceededCap,
        kErc2612ExpiredSignature,
        kErc2612InvalidSigner,
        kNotMinter,
        kFaucetClosed,
        kFaucetLimit,
        kInsufficientCredits,
        kNotProtocol,
        kZeroAmount,
        kNothingPending,
        kUnknownProvider,
        kProviderInactive,
        kInvalidField,
        kTotalBelowReserved,
        kInsufficientResources,
        kReservationMismatch,
        kTooMany,
        kUnknownOrder,
        kStaleOrder,
        kWrongStatus,
        kNotParty,
        kInvalidDuration,
        kOrderExists,
        kDepositBelowMinimum,
        kTooManyUnactivated,
        kProbationUsed,
        kProbationTooShort,
        kOffersNotAccepted,
        kPriceTooLow,
        kQuoteExpired,
        kQuoteSpent,
        kQuoteNotForCaller,
        kQuoteReplaces,
        kInvalidQuoteSignature,
        kQuoteSignerUnknown,
        kActivationExpired,
        kExceedsClaimable,
    };
    return kAll;
}

}  // namespace grid::chain::errors

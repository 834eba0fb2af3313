// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Prices, Resources} from "./IRegistry.sol";

/// @notice Status: 0 none, 1 unactivated, 2 running, 3 cancelled, 4 completed. Times in seconds since 1970, 0 when it has not happened.
struct Order {
    uint64 id;
    address user;
    address provider;
    Resources resources;
    Prices prices;
    uint256 deposit; // V = ceil(R * D / 3600)
    uint256 accrued; // earned by the provider at the last settlement
    uint256 paidProvider;
    uint256 paidUser;
    uint256 paidFee; // the protocol's part of what accrued
    bool userCheck;
    bool providerCheck;
    bool renewable; // the user may extend it
    bool unservedReported; // by the user, in probation
    bool wasSuspended; // by the provider, at any time
    uint64 createdAt;
    uint64 activatedAt;
    uint64 activateHeight;
    uint64 settledAt;
    uint64 settleHeight;
    uint64 probation; // P: free seconds before the paid term
    uint64 duration; // D: the paid term
    uint64 suspendedSeconds; // of the paid term, by closed suspensions
    uint64 suspendedSince; // 0 while it is not suspended
    uint64 activationDeadline; // activation must come before it
    uint64 replaces; // the order that it continues, or 0
    uint16 feeBp; // basis points of what accrues that go to the protocol
    uint256 profit; // promised to those who pledge to the provider, for all of the deposit
    uint256 profitMinted; // of it, due for what accrued: minted, or lapsed where nobody earned
    uint16 profitBp; // of the deposit; at most feeBp
    uint8 status;
}

/// @notice Terms that a provider signs for one user (EIP-712; domain "GRID Market", version "1", chain id, this contract).
/// The type string is Quote(address provider,address user,uint64 cpuMilli,uint64 memoryMiB,uint64 storageMiB,uint64 gpus,
/// uint96 cpuMilliPrice,uint96 memoryMiBPrice,uint96 storageMiBPrice,uint96 gpuPrice,uint64 duration,uint64 probation,
/// bool renewable,uint64 validUntil,uint64 replaces,uint64 epoch,bytes32 salt), without the line breaks.
struct Quote {
    address provider;
    address user;
    Resources resources;
    Prices prices;
    uint64 duration;
    uint64 probation; // unused when it replaces an order: what is left of that one's goes on
    bool renewable; // the user may extend the order
    uint64 validUntil; // in time while block.timestamp < validUntil
    uint64 replaces; // the order to continue (replaceOrder), or 0 for a new one
    uint64 epoch; // quoteEpoch(provider) when it was signed
    bytes32 salt; // makes it unique; the provider can cancel by it
}

/// @notice A permit of GridToken (EIP-2612) by the caller, for Credit.
struct Permit {
    uint256 value;
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @notice Where the money of an order stands after an event.
struct Balance {
    uint256 deposit;
    uint256 accrued;
    uint256 paidProvider;
    uint256 paidUser;
    uint256 paidFee;
    uint64 endsAt; // E; 0 before activation; 2^64-1 while a suspension that began before S is open
}

/// @notice From deployment, then by the council; what concerns an order is copied into it at creation.
struct Parameters {
    uint64 activationDeadline; // seconds from creation
    uint32 maxUnactivated; // who has so many orders waiting for activation needs a quote
    uint256 minimumDeposit; // for orders without a quote
    uint64 probationWindow; // W: one free probation for a pair in each; 0: no limit
    uint32 maxProbationCancels; // N: who cancels in probation more often in a window gets none in it
    uint16 feeBp; // basis points of what accrues that go to the protocol
    address treasury; // who gets them; zero: they are burned with their backing. Read when the fee is paid
    uint16 profitBp; // basis points of a deposit that are promised to pledges; at most feeBp
}

/// @title The market: orders that escrow their price and pay for the time served
/// @notice Deposits are this contract's balance in Credit: always the sum of deposit - paidProvider - paidUser -
/// paidFee over all orders.
///
/// With R = sum of price * amount, S = activatedAt + probation, E = S + D:
/// earned(t) = V when all of D was served, else floor(R * served(t) / 3600) with served(t) = clamp(t - S, 0, D) - suspended
/// seconds. A suspension that began before S moves S and E by its length (it is added to probation on resume) instead.
/// Of what accrued, floor(accrued * feeBp / 10000) is the protocol's, the rest the provider's.
/// A running order at t >= E is past its end: settle, cancelOrder and withdraw by anybody then complete it.
///
/// A call that changes an order checks, in this order: the id exists (UnknownOrder), it is the newest of its user and provider
/// (StaleOrder; not for withdraw), its status (WrongStatus), then who calls, then the rest.
interface IMarket {
    event OrderCreated(
        uint64 indexed id,
        address indexed user,
        address indexed provider,
        Resources resources,
        Prices prices,
        uint64 duration,
        uint64 probation,
        bool userCheck,
        bool providerCheck,
        uint64 createdAt,
        uint64 activationDeadline,
        uint256 deposit,
        bool renewable,
        uint64 replaces,
        uint16 feeBp,
        uint256 profit,
        uint16 profitBp
    );
    event OrderActivated(
        uint64 indexed id, address indexed by, uint64 activatedAt, uint64 activateHeight, uint64 startsAt, Balance balance
    );
    event OrderSettled(uint64 indexed id, uint64 settledAt, uint64 settleHeight, Balance balance);
    event OrderCancelled(uint64 indexed id, address indexed by, uint64 settledAt, uint64 settleHeight, Balance balance);
    event OrderCompleted(uint64 indexed id, uint64 settledAt, uint64 settleHeight, Balance balance);
    event Withdrawn(uint64 indexed id, address indexed account, uint256 amount, Balance balance);
    event QuoteUsed(bytes32 indexed digest, address indexed provider, address indexed user, uint64 id);

    /// @param suspendedSince the block's time
    event OrderSuspended(uint64 indexed id, address indexed by, uint64 suspendedSince, uint64 height, Balance balance);
    /// @param startsAt S, moved when the suspension began before it
    /// @param suspendedSeconds of the paid term, altogether
    event OrderResumed(
        uint64 indexed id, address indexed by, uint64 resumedAt, uint64 startsAt, uint64 suspendedSeconds, Balance balance
    );
    /// @param duration D afterwards
    event OrderExtended(
        uint64 indexed id, address indexed by, uint64 secs, uint64 duration, uint256 addedDeposit, uint256 addedProfit, Balance balance
    );
    /// @param key the name in struct Parameters, as left-aligned ASCII
    event ParameterSet(bytes32 indexed key, uint256 value);
    event OrderReplaced(uint64 indexed oldId, uint64 indexed newId);
    /// @notice The user says that in probation nothing was served.
    event OrderUnserved(uint64 indexed id, address indexed user, address indexed provider, uint64 reportedAt);
    event QuoteCancelled(address indexed provider, bytes32 indexed salt);
    /// @param epoch quotes of any other epoch are void from now on
    event QuoteEpochBumped(address indexed provider, uint64 epoch);

    error UnknownOrder(uint64 id);
    error StaleOrder(uint64 id);
    error WrongStatus(uint64 id, uint8 status);
    error NotParty(uint64 id, address caller);
    /// @param secs a duration of 0, a duration or probation over ten years of 365 days, or what would make it longer
    error InvalidDuration(uint64 secs);
    error OrderPastEnd(uint64 id, uint64 endsAt);
    error AlreadySuspended(uint64 id);
    error NotSuspended(uint64 id);
    error NotRenewable(uint64 id);
    error NotInProbation(uint64 id);
    error AlreadyReported(uint64 id);
    /// @param id the live order of the pair
    error OrderExists(uint64 id);
    error DepositBelowMinimum(uint256 deposit, uint256 minimum);
    error TooManyUnactivated(uint32 count, uint32 limit);
    /// @notice The pair had its probation in this window, or the user cancelled in probation too often in it.
    error ProbationUsed(address user, address provider);
    /// @notice The provider grants probation only to who pledged more.
    error PledgeTooSmall(uint256 pledged, uint256 wanted);
    error ProbationTooShort(uint64 offered, uint64 wanted);
    error OffersNotAccepted(address provider);
    /// @param resource 0 cpuMilli, 1 memoryMiB, 2 storageMiB, 3 gpus: the first that fails
    error PriceTooLow(uint8 resource, uint96 offered, uint96 minimum);
    error QuoteExpired(uint64 validUntil);
    error QuoteSpent(bytes32 digest);
    error QuoteNotForCaller(address user, address caller);
    /// @param id the quote names an order where a new one is wanted, or one of another provider
    error QuoteReplaces(uint64 id);
    /// @notice The provider cancelled quotes of this salt.
    error QuoteRevoked(bytes32 salt);
    /// @param current the provider's epoch: quotes of any other are void
    error QuoteEpochPast(uint64 epoch, uint64 current);
    /// @notice Not 65 bytes r, s, v with v 27 or 28 and s in the lower half, or no key signed this.
    error InvalidQuoteSignature();
    error QuoteSignerUnknown(address signer);
    error ActivationExpired(uint64 id, uint64 deadline);
    error ZeroAmount();
    error ExceedsClaimable(uint256 amount, uint256 claimable);
    error TooMany(uint256 given, uint256 limit);
    error NotCouncil(address caller);
    error UnknownParameter(bytes32 key);
    error InvalidParameter(bytes32 key, uint256 value);
    error UnknownProvider(address provider);
    error ProviderInactive(address provider);
    /// @notice Raised by the registry.
    error InsufficientResources(uint8 resource, uint64 wanted, uint64 available);
    /// @notice Raised by the credit contract.
    error InsufficientCredits(uint256 needed, uint256 available);

    /// @notice An offer at the caller's prices: deposit escrowed, resources reserved. The probation is the provider's,
    /// or none when the pair or the user has used it up, or the user has pledged less than the provider asks for it.
    /// Profit of profitBp of the deposit, as much as the epoch and the token's cap leave, is promised to the provider's pledges.
    /// @dev Guards in order: duration, provider registered and active, no live order of the pair, minimum deposit, number of
    /// unactivated orders, probation at least minProbation (ProbationUsed, PledgeTooSmall, ProbationTooShort), provider accepts offers, prices, resources, credits.
    function createOrder(
        address provider,
        Resources calldata resources,
        Prices calldata prices,
        uint64 duration,
        uint64 minProbation
    ) external returns (uint64 id);

    /// @notice An order on terms that the provider or its operator key signed for the caller. The terms bind: minimum
    /// prices, minimum deposit and probation windows do not apply, and either party may activate.
    /// @dev Guards in order: duration, probation, provider registered and active, no live order of the pair, quote for a new
    /// order, not expired, of the provider's epoch, not cancelled, not spent, for the caller, signature well-formed, signer,
    /// resources, credits.
    function createOrderWithQuote(Quote calldata quote, bytes calldata signature) external returns (uint64 id);

    /// @notice createOrder, after `permit.value` tokens became credits (ICredit.purchaseWithPermit): from tokens to an order
    /// in one transaction.
    /// @dev Guards in order: those of purchaseWithPermit, those of createOrder.
    function createOrderWithPermit(
        address provider,
        Resources calldata resources,
        Prices calldata prices,
        uint64 duration,
        uint64 minProbation,
        Permit calldata permit
    ) external returns (uint64 id);
    /// @dev Guards in order: those of purchaseWithPermit, those of createOrderWithQuote.
    function createOrderWithQuoteAndPermit(Quote calldata quote, bytes calldata signature, Permit calldata permit)
        external
        returns (uint64 id);
    /// @dev Guards in order: those of purchaseWithPermit, those of extendOrder.
    function extendOrderWithPermit(uint64 id, uint64 secs, Permit calldata permit) external;

    /// @notice By the council: a field of struct Parameters. Orders keep what they were created with.
    /// @param key its name, as left-aligned ASCII
    /// @dev Guards in order: caller, key, value: durations at most ten years (activationDeadline not 0), amounts below 2^96,
    /// profitBp <= feeBp <= 10000, treasury no contract of the protocol.
    function setParameter(bytes32 key, uint256 value) external;

    /// @notice Continues quote.replaces on new terms without a gap: the running order is completed early, at this second
    /// (earned is paid, the rest refunded, resources given back), and the new one is created and activated in its place.
    /// What is left of the old probation goes on, max(0, S - t); there is no second one.
    /// @dev Guards in order: the replaced order exists, is the newest of its pair, runs, is the caller's, is before its end,
    /// is with the quote's provider (QuoteReplaces); duration, probation, provider registered and active, not expired, of the
    /// provider's epoch, not cancelled, not spent, for the caller, signature well-formed, signer, resources, credits.
    function replaceOrder(Quote calldata quote, bytes calldata signature) external returns (uint64 newId);

    /// @notice Starts the clock. By the provider or its operator; by the user too when the provider's check is set.
    /// @dev Guard: before the activation deadline.
    function activateOrder(uint64 id) external;

    /// @notice Stops the clock, for an outage of the provider's cluster. By the provider or its operator.
    /// @dev Guards in order: exists, newest, running, caller, before the end, not suspended.
    function suspend(uint64 id) external;
    /// @notice The clock goes on. By the provider or its operator.
    /// @dev Guards in order: exists, newest, running, caller, before the end, suspended.
    function resume(uint64 id) external;

    /// @notice A longer paid term at the same prices: V' = ceil(R * (D + secs) / 3600), the user adds V' - V.
    /// @dev Guards in order: exists, newest, running, caller is the user, before the end, renewable, secs not 0 and D + secs
    /// at most ten years, credits.
    function extendOrder(uint64 id, uint64 secs) external;

    /// @notice The user says that in probation nothing was served: part of the provider's reputation.
    /// @dev Guards in order: exists, newest, running, caller is the user, before S, not reported.
    function reportUnserved(uint64 id) external;

    /// @notice By either party; of an unactivated order by anybody from its deadline on. Refunds what was not earned and
    /// pays the provider what was, at once. Past the end it completes the order instead.
    function cancelOrder(uint64 id) external;

    /// @notice By anybody: pays the provider what it has earned and was not paid; past the end also the user's rest, and
    /// the order is completed.
    function settle(uint64 id) external;

    /// @notice Settles each of at most 256; ids that settle would refuse are skipped.
    /// @return settled how many were settled
    function settleMany(uint64[] calldata ids) external returns (uint256 settled);

    /// @notice Of an ended order: takes the caller's unpaid part. Past the end of a running one it completes the order by
    /// anybody's call, and the amount is ignored.
    /// @dev Guards in order: exists, status, party, amount not zero, claimable.
    function withdraw(uint64 id, uint256 amount) external;

    /// @notice Voids the caller's quotes of that salt that were not used.
    /// @dev Guards in order: caller ever registered as a provider (UnknownProvider), not cancelled (QuoteRevoked).
    function cancelQuote(bytes32 salt) external;
    /// @notice Voids all of the caller's quotes that were not used.
    /// @dev Guard: caller ever registered as a provider (UnknownProvider).
    function bumpQuoteEpoch() external;

    /// @notice What createOrder checks of the pair and the deposit; the probation that the order would get.
    /// @dev Guards in order: provider registered and active, no live order of the pair, minimum deposit, number of unactivated
    /// orders, probation at least minProbation.
    function checkPermission(address user, address provider, uint256 deposit, uint64 minProbation)
        external
        view
        returns (uint64 probation);

    /// @notice An order with status 0 when there is none.
    function get(uint64 id) external view returns (Order memory);
    /// @notice Orders in the order of the ids, of at most 100; status 0 where there is none.
    function getMany(uint64[] calldata ids) external view returns (Order[] memory);
    /// @notice The newest order of the pair, live or ended; 0 when there was none.
    function current(address user, address provider) external view returns (uint64);
    /// @notice Ids run from 1 to this.
    function count() external view returns (uint256);
    /// @notice What the order will have earned at t, not before its last change; 0 for an unknown id.
    function earnedAt(uint64 id, uint64 t) external view returns (uint256);
    /// @notice Ids in ascending order; a limit over 100 is refused.
    function ordersOfUser(address user, uint256 offset, uint256 limit) external view returns (uint64[] memory);
    function ordersOfProvider(address provider, uint256 offset, uint256 limit) external view returns (uint64[] memory);
    /// @notice Running orders with an id of at least `from` that end at t or before, in ascending order; a limit over 100 is
    /// refused. One call looks at no more than 10,000 ids. Orders whose end is not known are left out.
    /// @return ids at most `limit`
    /// @return next the id to go on from; 0 when there is nothing more
    function ordersEndingBefore(uint64 t, uint64 from, uint256 limit)
        external
        view
        returns (uint64[] memory ids, uint64 next);
    function quoteUsed(bytes32 digest) external view returns (bool);
    function quoteCancelled(address provider, bytes32 salt) external view returns (bool);
    function quoteEpoch(address provider) external view returns (uint64);
    function parameters() external view returns (Parameters memory);
}

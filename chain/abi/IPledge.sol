// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @notice Fixed by genesis.
struct PledgeParameters {
    uint64 epochLength; // seconds; epoch = block.timestamp / epochLength
    uint64 unbondingPeriod; // seconds from unpledge to withdrawUnbonded; longer than the delay of a slash
    uint64 slashDelay; // seconds from the announcement of a slash to its execution
    uint16 maxSlashBp; // of a pool, in an epoch
    uint256 epochProfit; // most profit that is promised to orders in an epoch
}

/// @notice What stands behind one provider. A share is worth total / shares credits: at most one, less after a slash.
struct PoolState {
    uint256 total; // credits
    uint256 shares; // of all positions, unbonding ones included
    uint256 earning; // of them, those that earn profit
    uint256 incoming; // of them, those pledged in incomingEpoch: they earn from the next one
    uint64 incomingEpoch;
    uint256 profitPerShare; // sum over all profit of profit * 2^64 / earning
    uint64 generation; // how often nothing was left
}

/// @notice What an account has in one pool, as it was when it changed last.
struct PositionState {
    uint256 active; // shares that earn
    uint256 incoming; // shares pledged in incomingEpoch
    uint64 incomingEpoch;
    uint256 profit; // credits banked, not claimed
    uint256 profitPerShare; // the pool's, up to which profit of active shares is banked
    uint64 generation;
}

/// @notice Shares that earn nothing, can be slashed, and can be withdrawn from releaseAt on.
struct Unbonding {
    uint256 shares;
    uint64 releaseAt;
}

/// @notice A position as it stands now, in credits.
struct Position {
    address account;
    uint256 pledged;
    uint256 unbonding;
    uint256 earned; // profit to claim
    PositionState state;
    Unbonding[] entries;
}

/// @notice Status: 0 none, 1 announced, 2 executed, 3 vetoed, 4 lapsed (everything had been slashed before).
struct Slash {
    uint64 id;
    address provider;
    address by;
    uint256 amount; // announced
    uint256 taken;
    uint64 executableAt;
    uint64 generation;
    uint8 status;
}

/// @title Pledges: credits that stand behind a provider, earn profit and can be slashed
/// @notice Whoever pledges to a provider holds shares of its pool. A pledge earns from the next epoch on. Profit is minted as
/// the provider's orders are served and shared by what earns then; it is never paid out of what is pledged. `unpledge` starts
/// the unbonding period: nothing is earned, slashes still count, up to `withdrawUnbonded`.
///
/// Rounding is for the pool: pledge gives floor(amount * shares / total) shares, unpledge takes ceil(amount * shares / total),
/// withdrawal pays floor(shares * total / all shares). Nobody can add credits to a pool without shares, so a share is never
/// worth more than a credit. A slash that leaves a share worth less than 2^-32 credits takes the rest: the pool starts anew
/// with the next generation. Below 2^-16 a pool takes no new pledges.
interface IPledge {
    /// @notice The first call in a new epoch.
    event EpochRolled(uint64 from, uint64 to);
    /// @param change 0 pledged, 1 unpledged, 2 withdrawn, 3 claimed
    /// @param amount credits: pledged, unpledged, paid out, claimed
    /// @param shares gained, moved to unbonding, given up, 0
    /// @param releaseAt of what was unpledged, else 0
    event PositionChanged(
        address indexed account,
        address indexed provider,
        uint8 change,
        uint256 amount,
        uint256 shares,
        uint64 releaseAt,
        PositionState position,
        PoolState pool
    );
    event ProfitMinted(address indexed provider, uint64 indexed order, uint256 amount, uint256 earning, uint256 profitPerShare);
    event SlashAnnounced(
        uint64 indexed id, address indexed provider, address indexed by, uint256 amount, string reason, uint64 executableAt
    );
    /// @param taken now
    /// @param left of the slash, for the next epochs; 0: it is done
    /// @param to the treasury; zero: burned with its backing
    event SlashExecuted(
        uint64 indexed id, address indexed provider, address indexed to, uint256 taken, uint256 left, PoolState pool
    );
    event SlashVetoed(uint64 indexed id, address indexed by);

    error ZeroAmount();
    error UnknownProvider(address provider);
    /// @notice A share is worth less than 2^-16 credits.
    error PoolRuined(address provider);
    /// @notice An account has positions in at most 32 pools.
    error TooMany(uint256 given, uint256 limit);
    error InsufficientPledge(uint256 needed, uint256 pledged);
    /// @notice A position has at most 8 unbonding entries.
    error TooManyUnbonding(uint256 limit);
    error NothingUnbonded(address account, address provider);
    error NothingEarned(address account, address provider);
    error MissingRole(bytes32 role, address account);
    error SlashTooLarge(uint256 amount, uint256 limit);
    error UnknownSlash(uint64 id);
    error SlashClosed(uint64 id, uint8 status);
    error SlashNotDue(uint64 id, uint64 executableAt);
    /// @notice As much as may be was taken from the pool in this epoch.
    error SlashLimitReached(address provider, uint64 epoch);
    error NotProtocol(address caller);
    /// @notice Raised by the credit contract.
    error InsufficientCredits(uint256 needed, uint256 available);

    /// @notice Takes the caller's credits.
    /// @dev Guards in order: amount not zero, provider registered, pool not ruined, number of pools of the caller, credits.
    function pledge(uint256 amount, address provider) external;
    /// @notice Starts the unbonding of shares worth `amount`, first of those that do not earn yet.
    /// @dev Guards in order: amount not zero, not more than is pledged, number of unbonding entries.
    function unpledge(uint256 amount, address provider) external;
    /// @notice Pays what has unbonded.
    /// @dev Guard: something has.
    function withdrawUnbonded(address provider) external returns (uint256 amount);
    /// @notice Pays the caller's profit.
    /// @dev Guard: there is some.
    function claim(address provider) external returns (uint256 amount);

    /// @notice Announces that `amount` of the pool will be taken, unbonding shares included.
    /// @param reason for people, at most 256 bytes
    /// @dev Guards in order: role SLASHER, amount not zero, size of the reason, at most maxSlashBp of the pool.
    function slash(address provider, uint256 amount, string calldata reason) external returns (uint64 id);
    /// @notice By anybody. Takes what maxSlashBp leaves in this epoch; the rest stays announced for the next ones.
    /// @dev Guards in order: exists, announced, due, something may be taken in this epoch.
    function executeSlash(uint64 id) external returns (uint256 taken);
    /// @notice By a holder of VETO or the council, before everything was taken.
    /// @dev Guards in order: role VETO (MissingRole), exists, announced.
    function vetoSlash(uint64 id) external;

    /// @notice Market only: promises an order profit, as much as the epoch and the token's cap leave.
    /// @dev Guard: caller.
    function promiseProfit(uint256 wanted) external returns (uint256 promised);
    /// @notice Market only: mints promised profit for the provider's pool; what nobody would earn, or the cap does not leave, lapses.
    /// @dev Guard: caller.
    function mintProfit(address provider, uint64 order, uint256 amount) external returns (uint256 minted);
    /// @notice Market only: a promise that will not be kept.
    /// @dev Guard: caller.
    function lapseProfit(uint256 amount) external;

    function parameters() external view returns (PledgeParameters memory);
    function epoch() external view returns (uint64);
    /// @notice As it stands now.
    function pool(address provider) external view returns (PoolState memory);
    /// @notice What may still be taken from the pool in this epoch.
    function slashable(address provider) external view returns (uint256);
    function position(address account, address provider) external view returns (Position memory);
    /// @notice What the account's positions are worth, without what unbonds.
    function pledgedBy(address account) external view returns (uint256);
    /// @notice Profit to claim.
    function earned(address account, address provider) external view returns (uint256);
    /// @notice The pools in which the account has something.
    function poolsOf(address account) external view returns (address[] memory);
    /// @notice Accounts that ever pledged to the provider, in the order of their first pledge: how many, and a page of their
    /// positions; a limit over 100 is refused.
    function positionCount(address provider) external view returns (uint256);
    function positions(address provider, uint256 offset, uint256 limit) external view returns (Position[] memory);
    /// @notice Ids run from 1 to this.
    function slashCount() external view returns (uint256);
    /// @notice Status 0 for an unknown id.
    function getSlash(uint64 id) external view returns (Slash memory);
    /// @notice Profit: minted and not claimed, promised and not minted, promised in this epoch.
    function profit() external view returns (uint256 unclaimed, uint256 promised, uint256 promisedInEpoch);
}

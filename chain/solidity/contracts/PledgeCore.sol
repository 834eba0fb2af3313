// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPledge, PledgeParameters, PoolState, PositionState, Slash, Unbonding} from "../../abi/IPledge.sol";
import {Contracts} from "./Contracts.sol";

/// @title Pools, positions and epochs: the storage of Pledge and every formula of docs/contracts/pledge.md
/// @dev A share is worth more than 2^-32 credits, or the pool begins anew: so there are fewer than 2^128 shares. The sum of all
/// profit ever minted would have to be 2^128 credits before profitPerShare left its 192 bits.
abstract contract PledgeCore is IPledge, ReentrancyGuardTransient {
    using SafeCast for uint256;

    /// @dev Four slots.
    struct PoolRecord {
        uint96 total;
        uint96 slashed; // in slashEpoch
        uint64 slashEpoch;
        uint128 shares;
        uint128 earning;
        uint128 incoming;
        uint64 incomingEpoch;
        uint64 generation;
        uint192 profitPerShare;
    }

    /// @dev Three slots, and one for each entry.
    struct PositionRecord {
        uint128 active;
        uint128 incoming;
        uint96 profit;
        uint64 incomingEpoch;
        uint64 generation;
        bool known; // the account ever pledged here
        uint192 profitPerShare;
        UnbondingRecord[] unbonding;
    }

    struct UnbondingRecord {
        uint128 shares;
        uint64 releaseAt;
    }

    /// @dev Over all pools: two slots.
    struct Totals {
        uint64 epoch; // of the last change
        uint96 promisedInEpoch;
        uint96 promised; // and neither minted nor lapsed
        uint96 unclaimed; // minted and not claimed, rounding included
        uint64 slashes;
    }

    /// @dev A position in memory.
    struct Held {
        PositionState state;
        Unbonding[] unbonding;
    }

    /// @dev 1 is worth 2^-64 credits in profitPerShare.
    uint256 internal constant PROFIT_UNIT = 2 ** 64;

    uint64 private immutable _epochLength;
    uint64 internal immutable _unbondingPeriod;
    uint64 internal immutable _slashDelay;
    uint16 internal immutable _maxSlashBp;
    uint256 internal immutable _epochProfit;

    Totals internal _totals;
    mapping(address provider => PoolRecord) private _pools;
    mapping(address provider => mapping(address account => PositionRecord)) private _positions;
    /// @dev profitPerShare with which an epoch began, plus one; where shares began to earn in it.
    mapping(address provider => mapping(uint64 epoch => uint256)) private _epochMarks;
    /// @dev profitPerShare with which a generation ended.
    mapping(address provider => mapping(uint64 generation => uint256)) private _endMarks;
    mapping(address provider => address[]) internal _members;
    mapping(address account => address[]) internal _poolsOf;

    constructor(Contracts memory c, PledgeParameters memory p) {
        require(address(this) == c.pledge);
        require(p.epochLength != 0 && p.epochLength <= 365 days && p.unbondingPeriod <= 365 days);
        // Who unpledges when a slash is announced must still be there when it comes.
        require(p.slashDelay < p.unbondingPeriod && p.maxSlashBp <= 10_000 && p.epochProfit <= type(uint96).max);
        (_epochLength, _unbondingPeriod, _slashDelay) = (p.epochLength, p.unbondingPeriod, p.slashDelay);
        (_maxSlashBp, _epochProfit) = (p.maxSlashBp, p.epochProfit);
    }

    function parameters() public view returns (PledgeParameters memory) {
        return PledgeParameters(_epochLength, _unbondingPeriod, _slashDelay, _maxSlashBp, _epochProfit);
    }

    function epoch() public view returns (uint64) {
        return uint64(block.timestamp) / _epochLength;
    }

    /// @dev Begins a call that changes something: the first one in an epoch rolls it.
    function _begin() internal {
        uint64 now_ = epoch();
        uint64 last = _totals.epoch;
        if (last == now_) return;
        emit EpochRolled(last, now_);
        (_totals.epoch, _totals.promisedInEpoch) = (now_, 0);
    }

    /// @dev The pool as it stands in this epoch: what was pledged in an earlier one earns.
    function _poolNow(address provider) internal view returns (PoolState memory pool) {
        pool = _load(provider);
        if (_hasMatured(pool)) _mature(pool);
    }

    /// @dev The same, with the mark from which the incoming shares have earned recorded; the caller saves the pool.
    function _openPool(address provider) internal returns (PoolState memory pool) {
        pool = _load(provider);
        if (!_hasMatured(pool)) return pool;
        // Nothing was minted since the epoch of the pledge: what is there now is what the next one began with.
        _epochMarks[provider][pool.incomingEpoch + 1] = pool.profitPerShare + 1;
        _mature(pool);
    }

    function _hasMatured(PoolState memory pool) private view returns (bool) {
        return pool.incoming != 0 && pool.incomingEpoch < epoch();
    }

    function _mature(PoolState memory pool) private pure {
        pool.earning += pool.incoming;
        pool.incoming = 0;
    }

    /// @dev The position with all profit up to now banked; empty when there is none.
    function _positionNow(address provider, address account, PoolState memory pool) internal view returns (Held memory held) {
        PositionRecord storage r = _positions[provider][account];
        PositionState memory s = held.state;
        if (!r.known) {
            s.profitPerShare = pool.profitPerShare;
            s.generation = pool.generation;
            return held;
        }
        s.active = r.active;
        s.incoming = r.incoming;
        s.incomingEpoch = r.incomingEpoch;
        s.profit = r.profit;
        s.profitPerShare = r.profitPerShare;
        s.generation = r.generation;
        if (s.generation != pool.generation) {
            // Its generation has ended: what was earned before that is left.
            _bank(provider, pool, s, _endMarks[provider][s.generation]);
            s.active = s.incoming = 0;
            s.generation = pool.generation;
            return held;
        }
        _bank(provider, pool, s, pool.profitPerShare);
        if (s.incomingEpoch < epoch()) {
            s.active += s.incoming;
            s.incoming = 0;
        }
        uint256 size = r.unbonding.length;
        held.unbonding = new Unbonding[](size);
        for (uint256 i = 0; i < size; ++i) {
            held.unbonding[i] = Unbonding(r.unbonding[i].shares, r.unbonding[i].releaseAt);
        }
    }

    /// @dev Banks what active shares earned up to a value of profitPerShare, and incoming ones since their epoch began: rounded
    /// down once for both.
    function _bank(address provider, PoolState memory pool, PositionState memory s, uint256 to) private view {
        uint256 units = _units(s.active, s.profitPerShare, to);
        if (s.incoming != 0) {
            // Without a mark the pool has not been opened in a later epoch: nothing was minted since.
            uint256 mark = _epochMarks[provider][s.incomingEpoch + 1];
            units += _units(s.incoming, mark == 0 ? pool.profitPerShare : mark - 1, to);
        }
        s.profit += units / PROFIT_UNIT;
        s.profitPerShare = pool.profitPerShare;
    }

    function _units(uint256 shares, uint256 from, uint256 to) private pure returns (uint256) {
        return to > from ? shares * (to - from) : 0;
    }

    /// @dev What shares are worth.
    function _valueOf(PoolState memory pool, uint256 shares) internal pure returns (uint256) {
        return shares == 0 ? 0 : shares * pool.total / pool.shares;
    }

    /// @dev Nothing is left: shares that there were are worth nothing for ever, and the next pledge begins anew.
    function _endGeneration(address provider, PoolState memory pool) internal {
        _endMarks[provider][pool.generation] = pool.profitPerShare;
        pool.total = pool.shares = pool.earning = pool.incoming = 0;
        ++pool.generation;
    }

    /// @dev Takes credits from everybody in the pool; when too little is left, all. Answers how much.
    function _take(address provider, PoolState memory pool, uint256 amount) internal returns (uint256) {
        uint256 before = pool.total;
        pool.total -= amount < before ? amount : before;
        if (pool.total << 32 < pool.shares || pool.total == 0) _endGeneration(provider, pool);
        return before - pool.total;
    }

    /// @dev What was taken from the pool in this epoch.
    function _takenInEpoch(address provider) internal view returns (uint256) {
        PoolRecord storage r = _pools[provider];
        return r.slashEpoch == epoch() ? r.slashed : 0;
    }

    /// @dev What may still be taken from the pool in this epoch.
    function _slashable(PoolState memory pool, uint256 taken) internal view returns (uint256) {
        uint256 limit = (pool.total + taken) * _maxSlashBp / 10_000;
        return limit > taken ? limit - taken : 0;
    }

    function _load(address provider) private view returns (PoolState memory) {
        PoolRecord storage r = _pools[provider];
        return PoolState(r.total, r.shares, r.earning, r.incoming, r.incomingEpoch, r.profitPerShare, r.generation);
    }

    function _save(address provider, PoolState memory pool) internal {
        PoolRecord storage r = _pools[provider];
        r.total = pool.total.toUint96();
        r.shares = pool.shares.toUint128();
        r.earning = uint128(pool.earning);
        r.incoming = uint128(pool.incoming);
        r.incomingEpoch = pool.incomingEpoch;
        r.profitPerShare = pool.profitPerShare.toUint192();
        r.generation = pool.generation;
    }

    function _saveTaken(address provider, uint256 taken) internal {
        PoolRecord storage r = _pools[provider];
        (r.slashed, r.slashEpoch) = (taken.toUint96(), epoch());
    }

    /// @dev Records the caller's position; the list of the account's pools follows whether something is there.
    function _save(address provider, Held memory held) internal {
        PositionRecord storage r = _positions[provider][msg.sender];
        if (!r.known) {
            r.known = true;
            _members[provider].push(msg.sender);
        }
        PositionState memory s = held.state;
        r.active = uint128(s.active);
        r.incoming = uint128(s.incoming);
        r.incomingEpoch = s.incomingEpoch;
        r.profit = s.profit.toUint96();
        r.profitPerShare = uint192(s.profitPerShare);
        r.generation = s.generation;
        uint256 size = held.unbonding.length;
        while (r.unbonding.length > size) r.unbonding.pop();
        for (uint256 i = 0; i < size; ++i) {
            UnbondingRecord memory entry = UnbondingRecord(uint128(held.unbonding[i].shares), held.unbonding[i].releaseAt);
            if (i < r.unbonding.length) r.unbonding[i] = entry;
            else r.unbonding.push(entry);
        }
        _keepList(provider, s.active == 0 && s.incoming == 0 && size == 0 && s.profit == 0);
    }

    /// @dev The place of a pool in the caller's list; the list's length when it is not there.
    function _placeOf(address provider) internal view returns (uint256 i) {
        address[] storage list = _poolsOf[msg.sender];
        uint256 size = list.length;
        while (i < size && list[i] != provider) ++i;
    }

    /// @dev In the order in which the account came: at most 32.
    function _keepList(address provider, bool empty) private {
        address[] storage list = _poolsOf[msg.sender];
        uint256 place = _placeOf(provider);
        if ((place == list.length) == empty) return;
        if (!empty) return list.push(provider);
        for (; place + 1 < list.length; ++place) {
            list[place] = list[place + 1];
        }
        list.pop();
    }
}

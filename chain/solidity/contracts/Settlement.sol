// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Order} from "../../abi/IMarket.sol";
import {Prices, Resources} from "../../abi/IRegistry.sol";

/// @title What an order has earned at a time: integers, cumulative, independent of how often anyone settles
///
///   S = activatedAt + P, E = S + D; a suspension begun before S moves both by its length (it is added to P on resume); a later
///   one is taken off the time served. b(t) = clamp(t - S, 0, D) - suspended seconds
///   earned(t) = V if b = D, else floor(R * b / 3600)
///
/// @dev `t` is never before the order's last change. The formulas of chain/settlement.cpp, down to what happens to times near 2^64.
library Settlement {
    uint8 internal constant UNACTIVATED = 1;
    uint8 internal constant RUNNING = 2;
    uint8 internal constant CANCELLED = 3;
    uint8 internal constant COMPLETED = 4;
    /// @dev An end that nobody knows yet.
    uint64 internal constant UNKNOWN_END = type(uint64).max;
    uint256 internal constant ALL_BASIS_POINTS = 10_000;

    /// @dev R: below 2^162, and R * D below 2^191.
    function hourlyRate(Resources memory r, Prices memory p) internal pure returns (uint256) {
        unchecked {
            return uint256(r.cpuMilli) * p.cpuMilli + uint256(r.memoryMiB) * p.memoryMiB + uint256(r.storageMiB) * p.storageMiB
                + uint256(r.gpus) * p.gpus;
        }
    }

    /// @dev V = ceil(R * D / 3600).
    function depositFor(uint256 rate, uint64 duration) internal pure returns (uint256) {
        unchecked {
            return (rate * duration + 3599) / 3600;
        }
    }

    function isLive(Order memory o) internal pure returns (bool) {
        return o.status == UNACTIVATED || o.status == RUNNING;
    }

    /// @dev S, while no suspension that began before it is open.
    function startsAt(Order memory o) internal pure returns (uint64) {
        return o.activatedAt + o.probation;
    }

    /// @dev E: served while t < E. The same holds.
    function endsAt(Order memory o) internal pure returns (uint64) {
        return startsAt(o) + o.duration;
    }

    /// @dev S as it stands at t: a suspension that began before it and is still open moves it.
    function startsAt(Order memory o, uint64 t) internal pure returns (uint64) {
        unchecked {
            return suspendedBeforeStart(o) ? startsAt(o) + since(o.suspendedSince, t) : startsAt(o);
        }
    }

    /// @dev A running order whose end has come.
    function pastEnd(Order memory o, uint64 t) internal pure returns (bool) {
        unchecked {
            return o.status == RUNNING && t >= startsAt(o, t) + o.duration;
        }
    }

    /// @dev Seconds of the paid term that were suspended up to t, an open suspension included.
    function suspendedAt(Order memory o, uint64 t) internal pure returns (uint64) {
        if (o.suspendedSince == 0 || suspendedBeforeStart(o)) return o.suspendedSeconds;
        uint64 end = endsAt(o);
        return o.suspendedSeconds + since(o.suspendedSince, t < end ? t : end);
    }

    /// @dev earned(t) of a running order; accrued of an ended one; 0 before activation.
    function earnedAt(Order memory o, uint64 t) internal pure returns (uint256) {
        if (o.status != RUNNING) return o.accrued;
        uint64 elapsed = since(startsAt(o, t), t);
        if (elapsed > o.duration) elapsed = o.duration;
        uint64 off = suspendedAt(o, t);
        uint64 served = elapsed > off ? elapsed - off : 0;
        if (served == o.duration) return o.deposit;
        return hourlyRate(o.resources, o.prices) * served / 3600;
    }

    /// @dev What events and views tell: E, or UNKNOWN_END while a suspension that began before S is open.
    function announcedEnd(Order memory o) internal pure returns (uint64) {
        return suspendedBeforeStart(o) ? UNKNOWN_END : endsAt(o);
    }

    /// @dev The protocol's part of what accrued.
    function feeOf(uint256 accrued, uint16 feeBp) internal pure returns (uint256) {
        return accrued * feeBp / ALL_BASIS_POINTS;
    }

    /// @dev What is due of an order's profit: floor(profit * accrued / V), never less than was minted. An extension for which less
    /// was promised lowers the part of the deposit that is profit.
    function profitDue(Order memory o) internal pure returns (uint256) {
        if (o.profit == 0) return 0;
        uint256 due = o.profit * o.accrued / o.deposit;
        return due > o.profitMinted ? due : o.profitMinted;
    }

    /// @dev Starts the clock again, before the end.
    function resume(Order memory o, uint64 t) internal pure {
        if (suspendedBeforeStart(o)) o.probation += since(o.suspendedSince, t);
        else o.suspendedSeconds = suspendedAt(o, t);
        o.suspendedSince = 0;
    }

    /// @dev What is left of an order's probation at t, for the order that continues it: max(0, S - t).
    function probationLeft(Order memory o, uint64 t) internal pure returns (uint64) {
        return since(t, startsAt(o, t));
    }

    /// @dev An open suspension that began in probation: it moves S instead of counting against the paid term.
    function suspendedBeforeStart(Order memory o) private pure returns (bool) {
        return o.suspendedSince != 0 && o.suspendedSince < startsAt(o);
    }

    function since(uint64 from, uint64 to) private pure returns (uint64) {
        unchecked {
            return to > from ? to - from : 0;
        }
    }
}

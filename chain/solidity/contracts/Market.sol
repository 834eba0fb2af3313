// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ICredit} from "../../abi/ICredit.sol";
import {Order, Parameters, Permit} from "../../abi/IMarket.sol";
import {Contracts, TEN_YEARS} from "./Contracts.sol";
import {MarketCore} from "./MarketCore.sol";
import {MarketCreation} from "./MarketCreation.sol";
import {MarketViews} from "./MarketViews.sol";
import {OrderRecord, Orders} from "./Orders.sol";
import {Settlement} from "./Settlement.sol";

/// @title The market, as chain/abi/IMarket.sol says: how orders live and end; the rest is what it inherits
contract Market is MarketCreation, MarketViews {
    using Orders for OrderRecord;
    using Settlement for Order;

    uint256 private constant MAX_BATCH = 256;

    constructor(Contracts memory c, Parameters memory p) MarketCore(c, p) {}

    // --- life

    function activateOrder(uint64 id) external nonReentrant {
        Order memory o = _newest(id);
        if (o.status != Settlement.UNACTIVATED) revert WrongStatus(id, o.status);
        bool byUser = msg.sender == o.user && o.providerCheck;
        if (!byUser && !_byProviderSide(o)) revert NotParty(id, msg.sender);
        if (block.timestamp >= o.activationDeadline) revert ActivationExpired(id, o.activationDeadline);
        _start(o);
    }

    function suspend(uint64 id) external nonReentrant {
        Order memory o = _suspendable(id);
        if (o.suspendedSince != 0) revert AlreadySuspended(id);
        o.suspendedSince = _now();
        o.wasSuspended = true;
        _orders[id].saveClock(o);
        emit OrderSuspended(id, msg.sender, _now(), uint64(block.number), _balance(o));
    }

    function resume(uint64 id) external nonReentrant {
        Order memory o = _suspendable(id);
        if (o.suspendedSince == 0) revert NotSuspended(id);
        o.resume(_now());
        _orders[id].saveClock(o);
        emit OrderResumed(id, msg.sender, _now(), o.startsAt(), o.suspendedSeconds, _balance(o));
    }

    function extendOrder(uint64 id, uint64 secs) external nonReentrant {
        _extend(id, secs);
    }

    function extendOrderWithPermit(uint64 id, uint64 secs, Permit calldata permit) external nonReentrant {
        _buyCredits(permit);
        _extend(id, secs);
    }

    function reportUnserved(uint64 id) external nonReentrant {
        Order memory o = _running(id);
        _checkUser(o);
        if (block.timestamp >= o.startsAt(_now())) revert NotInProbation(id);
        if (o.unservedReported) revert AlreadyReported(id);
        _orders[id].unservedReported = true;
        emit OrderUnserved(id, o.user, o.provider, _now());
    }

    function settle(uint64 id) external nonReentrant {
        _settle(_running(id));
    }

    function settleMany(uint64[] calldata given) external nonReentrant returns (uint256 settled) {
        uint64[] memory ids = given;
        if (ids.length > MAX_BATCH) revert TooMany(ids.length, MAX_BATCH);
        for (uint256 i = 0; i < ids.length; ++i) {
            // A running order is always the newest of its pair: there is one live order for a pair.
            if (_orders[ids[i]].status != Settlement.RUNNING) continue;
            _settle(_orders[ids[i]].load(ids[i]));
            ++settled;
        }
    }

    /// @dev A running order before its end, for its provider's side.
    function _suspendable(uint64 id) private view returns (Order memory o) {
        o = _running(id);
        if (!_byProviderSide(o)) revert NotParty(id, msg.sender);
        _checkBeforeEnd(o);
    }

    function _extend(uint64 id, uint64 secs) private {
        Order memory o = _running(id);
        _checkUser(o);
        _checkBeforeEnd(o);
        if (!o.renewable) revert NotRenewable(id);
        if (secs == 0 || secs > TEN_YEARS - o.duration) revert InvalidDuration(secs);
        uint256 before = o.deposit;
        o.duration += secs;
        o.deposit = Settlement.depositFor(Settlement.hourlyRate(o.resources, o.prices), o.duration);
        uint256 added = o.deposit - before;
        uint256 addedProfit = _promise(o, added);
        o.profit += addedProfit;
        if (added != 0) ICredit(_credit).escrow(msg.sender, added);
        // Only now the deposit is known to fit: there are so many credits.
        _orders[id].saveMoney(o);
        _orders[id].saveClock(o);
        emit OrderExtended(id, msg.sender, secs, o.duration, added, addedProfit, _balance(o));
    }

    // --- end

    function cancelOrder(uint64 id) external nonReentrant {
        Order memory o = _newest(id);
        if (!o.isLive()) revert WrongStatus(id, o.status);
        if (o.pastEnd(_now())) return _complete(o);
        bool runs = o.status == Settlement.RUNNING;
        bool expired = !runs && block.timestamp >= o.activationDeadline;
        if (msg.sender != o.user && msg.sender != o.provider && !expired) revert NotParty(id, msg.sender);
        if (runs) _countProbationCancel(o);
        _end(o, Settlement.CANCELLED);
        emit OrderCancelled(id, msg.sender, o.settledAt, o.settleHeight, _balance(o));
    }

    function withdraw(uint64 id, uint256 amount) external nonReentrant {
        Order memory o = _existing(id);
        if (o.pastEnd(_now())) return _complete(o);
        if (o.isLive()) revert WrongStatus(id, o.status);
        if (msg.sender != o.provider && msg.sender != o.user) revert NotParty(id, msg.sender);
        if (amount == 0) revert ZeroAmount();
        // Whatever ended the order has paid both parties: nothing is left to claim.
        revert ExceedsClaimable(amount, 0);
    }

    /// @dev Who cancels free time again and again loses it. Not counted: an order that the provider had suspended.
    function _countProbationCancel(Order memory o) private {
        uint64 length = _settings.probationWindow;
        if (length == 0 || msg.sender != o.user || o.wasSuspended || block.timestamp >= o.startsAt()) return;
        uint64 window = _now() / length;
        User storage u = _users[o.user];
        if (u.cancelWindow != window) (u.cancelWindow, u.probationCancels) = (window, 0);
        ++u.probationCancels;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {Balance, IMarket, Order, Parameters} from "../../abi/IMarket.sol";
import {IPledge} from "../../abi/IPledge.sol";
import {Delta, IRegistry} from "../../abi/IRegistry.sol";
import {Contracts, MULTICALL3, TEN_YEARS} from "./Contracts.sol";
import {OrderRecord, Orders} from "./Orders.sol";
import {IProviderTerms} from "./ProviderTerms.sol";
import {Settlement} from "./Settlement.sol";

/// @title What all calls of the Market share: its storage, its guards, and how orders open, start, accrue and end
abstract contract MarketCore is IMarket, ReentrancyGuardTransient {
    using Orders for OrderRecord;
    using Settlement for Order;

    /// @dev Of a user and a provider.
    struct Pair {
        uint64 current; // the newest order
        uint64 probationUse; // one more than the window of the last one; 0: none
    }

    /// @dev Of a user.
    struct User {
        uint32 unactivated; // orders
        uint32 probationCancels; // in the window
        uint64 cancelWindow;
    }

    /// @dev Parameters in two slots.
    struct Settings {
        uint64 activationDeadline;
        uint32 maxUnactivated;
        uint96 minimumDeposit;
        uint64 probationWindow;
        address treasury;
        uint32 maxProbationCancels;
        uint16 feeBp;
        uint16 profitBp;
    }

    address private immutable _token;
    address internal immutable _credit;
    address internal immutable _registry;
    address private immutable _council;
    address internal immutable _pledge;

    Settings internal _settings;
    uint64 internal _count;
    mapping(uint64 id => OrderRecord) internal _orders;
    mapping(address user => mapping(address provider => Pair)) internal _pairs;
    mapping(address user => User) internal _users;
    mapping(address user => uint64[]) internal _ordersOfUser;
    mapping(address provider => uint64[]) internal _ordersOfProvider;

    constructor(Contracts memory c, Parameters memory p) {
        require(address(this) == c.market);
        (_token, _credit, _registry, _council, _pledge) = (c.token, c.credit, c.registry, c.council, c.pledge);
        _set("activationDeadline", p.activationDeadline);
        _set("maxUnactivated", p.maxUnactivated);
        _set("minimumDeposit", p.minimumDeposit);
        _set("probationWindow", p.probationWindow);
        _set("maxProbationCancels", p.maxProbationCancels);
        _set("feeBp", p.feeBp);
        _set("treasury", uint160(p.treasury));
        _set("profitBp", p.profitBp);
    }

    function setParameter(bytes32 key, uint256 value) external {
        if (msg.sender != _council) revert NotCouncil(msg.sender);
        _set(key, value);
    }

    function _set(bytes32 key, uint256 value) private {
        Settings storage s = _settings;
        if (key == "activationDeadline") {
            _require(value != 0 && value <= TEN_YEARS, key, value);
            s.activationDeadline = uint64(value);
        } else if (key == "maxUnactivated") {
            _require(value <= type(uint32).max, key, value);
            s.maxUnactivated = uint32(value);
        } else if (key == "minimumDeposit") {
            _require(value <= type(uint96).max, key, value);
            s.minimumDeposit = uint96(value);
        } else if (key == "probationWindow") {
            _require(value <= TEN_YEARS, key, value);
            s.probationWindow = uint64(value);
        } else if (key == "maxProbationCancels") {
            _require(value <= type(uint32).max, key, value);
            s.maxProbationCancels = uint32(value);
        } else if (key == "feeBp") {
            _require(value >= s.profitBp && value <= Settlement.ALL_BASIS_POINTS, key, value);
            s.feeBp = uint16(value);
        } else if (key == "treasury") {
            _require(value <= type(uint160).max && !_isContract(address(uint160(value))), key, value);
            s.treasury = address(uint160(value));
        } else if (key == "profitBp") {
            _require(value <= s.feeBp, key, value);
            s.profitBp = uint16(value);
        } else {
            revert UnknownParameter(key);
        }
        emit ParameterSet(key, value);
    }

    function _require(bool holds, bytes32 key, uint256 value) private pure {
        if (!holds) revert InvalidParameter(key, value);
    }

    function _isContract(address a) private view returns (bool) {
        return a == _token || a == _credit || a == _registry || a == address(this) || a == _council || a == _pledge || a == MULTICALL3;
    }

    // --- guards

    function _now() internal view returns (uint64) {
        return uint64(block.timestamp);
    }

    function _existing(uint64 id) internal view returns (Order memory o) {
        o = _orders[id].load(id);
        if (o.status == 0) revert UnknownOrder(id);
    }

    /// @dev An order that calls but withdraw may change: the newest of its pair.
    function _newest(uint64 id) internal view returns (Order memory o) {
        o = _existing(id);
        if (_pairs[o.user][o.provider].current != id) revert StaleOrder(id);
    }

    function _running(uint64 id) internal view returns (Order memory o) {
        o = _newest(id);
        if (o.status != Settlement.RUNNING) revert WrongStatus(id, o.status);
    }

    function _checkUser(Order memory o) internal view {
        if (msg.sender != o.user) revert NotParty(o.id, msg.sender);
    }

    /// @dev The provider, or its operator key.
    function _byProviderSide(Order memory o) internal view returns (bool) {
        if (msg.sender == o.provider) return true;
        (, address operatorKey) = IProviderTerms(_registry).standing(o.provider);
        return operatorKey != address(0) && msg.sender == operatorKey;
    }

    function _checkBeforeEnd(Order memory o) internal view {
        if (o.pastEnd(_now())) revert OrderPastEnd(o.id, o.endsAt());
    }

    function _checkDuration(uint64 secs) internal pure {
        if (secs == 0 || secs > TEN_YEARS) revert InvalidDuration(secs);
    }

    function _checkActive(uint8 status, address provider) internal pure {
        if (status == 0) revert UnknownProvider(provider);
        if (status != 1) revert ProviderInactive(provider);
    }

    function _checkPairFree(address user, address provider) internal view {
        uint64 id = _pairs[user][provider].current;
        uint8 status = _orders[id].status;
        if (status == Settlement.UNACTIVATED || status == Settlement.RUNNING) revert OrderExists(id);
    }

    // --- how orders open, start, accrue and end

    /// @dev Reserves, escrows and records an order whose terms have passed every other guard, for the caller.
    function _open(Order memory o) internal returns (uint64 id) {
        Settings memory s = _settings;
        id = ++_count;
        o.id = id;
        o.user = msg.sender;
        o.userCheck = true;
        o.createdAt = _now();
        o.activationDeadline = _now() + s.activationDeadline;
        o.feeBp = s.feeBp;
        o.profitBp = s.profitBp;
        o.status = Settlement.UNACTIVATED;
        _reserve(o, true);
        ICredit(_credit).escrow(msg.sender, o.deposit);
        o.profit = _promise(o, o.deposit);
        _orders[id].create(o);
        _pairs[msg.sender][o.provider].current = id;
        ++_users[msg.sender].unactivated;
        _ordersOfUser[msg.sender].push(id);
        _ordersOfProvider[o.provider].push(id);
        _emitCreated(o);
    }

    function _emitCreated(Order memory o) private {
        emit OrderCreated(
            o.id,
            o.user,
            o.provider,
            o.resources,
            o.prices,
            o.duration,
            o.probation,
            o.userCheck,
            o.providerCheck,
            o.createdAt,
            o.activationDeadline,
            o.deposit,
            o.renewable,
            o.replaces,
            o.feeBp,
            o.profit,
            o.profitBp
        );
    }

    /// @dev Starts the clock of an unactivated order, now.
    function _start(Order memory o) internal {
        o.providerCheck = true;
        o.activatedAt = _now();
        o.activateHeight = uint64(block.number);
        o.status = Settlement.RUNNING;
        _orders[o.id].saveClock(o);
        --_users[o.user].unactivated;
        // What is left of a replaced order's probation is no probation of its own.
        uint64 length = _settings.probationWindow;
        if (length != 0 && o.probation != 0 && o.replaces == 0) {
            _pairs[o.user][o.provider].probationUse = _now() / length + 1;
        }
        emit OrderActivated(o.id, msg.sender, o.activatedAt, o.activateHeight, o.startsAt(), _balance(o));
    }

    /// @dev Settles a running order, and completes it when its end has come.
    function _settle(Order memory o) internal {
        if (o.pastEnd(_now())) return _complete(o);
        _accrueAndPay(o);
        emit OrderSettled(o.id, o.settledAt, o.settleHeight, _balance(o));
    }

    /// @dev Ends a running order as completed: at its end, or early when another continues it.
    function _complete(Order memory o) internal {
        _end(o, Settlement.COMPLETED);
        emit OrderCompleted(o.id, o.settledAt, o.settleHeight, _balance(o));
    }

    /// @dev Ends a live order: accrued is booked, everybody is paid, the resources come back.
    function _end(Order memory o, uint8 status) internal {
        if (o.status == Settlement.UNACTIVATED) --_users[o.user].unactivated;
        else o.accrued = o.earnedAt(_now());
        o.status = status;
        _orders[o.id].saveClock(o);
        _pay(o);
        _reserve(o, false);
    }

    function _accrueAndPay(Order memory o) private {
        o.accrued = o.earnedAt(_now());
        _pay(o);
    }

    /// @dev Pays everybody what is theirs out of the escrow. The order is recorded before any credit moves.
    function _pay(Order memory o) private {
        o.settledAt = _now();
        o.settleHeight = uint64(block.number);
        uint256 fee = Settlement.feeOf(o.accrued, o.feeBp);
        uint256 toProvider = o.accrued - fee - o.paidProvider;
        uint256 toUser = o.isLive() ? 0 : o.deposit - o.accrued - o.paidUser;
        uint256 toProtocol = fee - o.paidFee;
        o.paidProvider += toProvider;
        o.paidUser += toUser;
        o.paidFee += toProtocol;
        uint256 profit = o.profitDue();
        uint256 due = profit - o.profitMinted;
        o.profitMinted = profit;
        // What is left of an ended order's will never be earned.
        uint256 lapsed = o.isLive() ? 0 : o.profit - profit;
        _orders[o.id].saveMoney(o);
        if (toProvider != 0) ICredit(_credit).release(o.provider, toProvider);
        if (toUser != 0) ICredit(_credit).release(o.user, toUser);
        if (toProtocol != 0) _payFee(toProtocol);
        if (due != 0) IPledge(_pledge).mintProfit(o.provider, o.id, due);
        if (lapsed != 0) IPledge(_pledge).lapseProfit(lapsed);
    }

    /// @dev The protocol's part goes to the treasury, or out of the world with its backing.
    function _payFee(uint256 fee) private {
        address treasury = _settings.treasury;
        if (treasury == address(0)) ICredit(_credit).burn(fee);
        else ICredit(_credit).release(treasury, fee);
    }

    /// @dev Promises profit for a deposit, by the order's profitBp; how much.
    function _promise(Order memory o, uint256 deposit) internal returns (uint256) {
        uint256 wanted = deposit * o.profitBp / Settlement.ALL_BASIS_POINTS;
        return wanted == 0 ? 0 : IPledge(_pledge).promiseProfit(wanted);
    }

    /// @dev Where an order's money stands, for an event.
    function _balance(Order memory o) internal pure returns (Balance memory) {
        uint64 end = o.activatedAt == 0 ? 0 : o.announcedEnd();
        return Balance(o.deposit, o.accrued, o.paidProvider, o.paidUser, o.paidFee, end);
    }

    /// @dev Reserves an order's resources under its id, or gives them back.
    function _reserve(Order memory o, bool reserves) private {
        int128 sign = reserves ? -1 : int128(1);
        Delta memory delta = Delta(
            sign * int128(uint128(o.resources.cpuMilli)),
            sign * int128(uint128(o.resources.memoryMiB)),
            sign * int128(uint128(o.resources.storageMiB)),
            sign * int128(uint128(o.resources.gpus))
        );
        IRegistry(_registry).update(o.provider, delta, bytes32(uint256(o.id)));
    }
}

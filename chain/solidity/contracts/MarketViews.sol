// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Order, Parameters} from "../../abi/IMarket.sol";
import {MAX_PAGE, pageOf} from "./Contracts.sol";
import {MarketCore} from "./MarketCore.sol";
import {OrderRecord, Orders} from "./Orders.sol";
import {Settlement} from "./Settlement.sol";

/// @title What may be asked of the Market
abstract contract MarketViews is MarketCore {
    using Orders for OrderRecord;
    using Settlement for Order;

    uint256 private constant MAX_SCAN = 10_000;

    function get(uint64 id) external view returns (Order memory) {
        return _orders[id].load(id);
    }

    function getMany(uint64[] calldata ids) external view returns (Order[] memory orders) {
        if (ids.length > MAX_PAGE) revert TooMany(ids.length, MAX_PAGE);
        orders = new Order[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            orders[i] = _orders[ids[i]].load(ids[i]);
        }
    }

    function current(address user, address provider) external view returns (uint64) {
        return _pairs[user][provider].current;
    }

    function count() external view returns (uint256) {
        return _count;
    }

    function earnedAt(uint64 id, uint64 t) external view returns (uint256) {
        return _orders[id].load(id).earnedAt(t);
    }

    function ordersOfUser(address user, uint256 offset, uint256 limit) external view returns (uint64[] memory) {
        return _page(_ordersOfUser[user], offset, limit);
    }

    function ordersOfProvider(address provider, uint256 offset, uint256 limit) external view returns (uint64[] memory) {
        return _page(_ordersOfProvider[provider], offset, limit);
    }

    /// @dev Reads one slot of an order.
    function ordersEndingBefore(uint64 t, uint64 from, uint256 limit) external view returns (uint64[] memory ids, uint64 next) {
        if (limit > MAX_PAGE) revert TooMany(limit, MAX_PAGE);
        ids = new uint64[](limit);
        uint64 last = _count;
        uint64 id = from == 0 ? 1 : from;
        uint256 found;
        for (uint256 scanned = 0; id <= last && found < limit && scanned < MAX_SCAN; ++scanned) {
            OrderRecord storage r = _orders[id];
            if (r.status == Settlement.RUNNING) {
                uint64 start = uint64(r.activatedAt) + r.probation;
                bool known = r.suspendedSince == 0 || r.suspendedSince >= start;
                if (known && start + r.duration <= t) ids[found++] = id;
            }
            ++id;
        }
        assembly ("memory-safe") {
            mstore(ids, found)
        }
        if (id <= last) next = id;
    }

    function parameters() external view returns (Parameters memory) {
        Settings memory s = _settings;
        return Parameters(
            s.activationDeadline,
            s.maxUnactivated,
            s.minimumDeposit,
            s.probationWindow,
            s.maxProbationCancels,
            s.feeBp,
            s.treasury,
            s.profitBp
        );
    }

    function _page(uint64[] storage all, uint256 offset, uint256 limit) private view returns (uint64[] memory page) {
        if (limit > MAX_PAGE) revert TooMany(limit, MAX_PAGE);
        (uint256 begin, uint256 end) = pageOf(all.length, offset, limit);
        page = new uint64[](end - begin);
        for (uint256 i = begin; i < end; ++i) {
            page[i - begin] = all[i];
        }
    }
}

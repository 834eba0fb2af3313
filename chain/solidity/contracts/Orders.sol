// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Order} from "../../abi/IMarket.sol";
import {Prices, Resources} from "../../abi/IRegistry.sol";
import {Settlement} from "./Settlement.sol";

/// @notice An order as it is stored: eight slots, of which the first five never change.
/// @dev 96 bits hold every amount of credits (the supply of tokens stays below 2^96), 40 bits every second and every block of the
/// next 30,000 years, 32 bits every duration up to ten years. What was paid is not stored: whatever accrues is paid at once, so
/// it follows from what accrued (Orders.load). userCheck is always set.
struct OrderRecord {
    address user;
    uint40 createdAt;
    uint40 activationDeadline;
    uint16 feeBp;
    //
    address provider;
    uint40 replaces;
    uint16 profitBp;
    bool renewable;
    //
    Resources resources;
    //
    uint96 cpuPrice;
    uint96 memoryPrice;
    //
    uint96 storagePrice;
    uint96 gpuPrice;
    //
    uint96 deposit;
    uint96 accrued;
    uint40 settledAt;
    //
    uint96 profit;
    uint96 profitMinted;
    uint40 settleHeight;
    //
    uint40 activatedAt;
    uint40 activateHeight;
    uint40 probation;
    uint32 duration;
    uint32 suspendedSeconds;
    uint40 suspendedSince;
    uint8 status;
    bool providerCheck;
    bool unservedReported;
    bool wasSuspended;
}

/// @title Orders between storage and memory
library Orders {
    /// @dev An order with status 0 when there is none.
    function load(OrderRecord storage r, uint64 id) internal view returns (Order memory o) {
        o.status = r.status;
        if (o.status == 0) return o;
        o.id = id;
        o.user = r.user;
        o.provider = r.provider;
        o.resources = r.resources;
        o.prices = Prices(r.cpuPrice, r.memoryPrice, r.storagePrice, r.gpuPrice);
        o.deposit = r.deposit;
        o.accrued = r.accrued;
        o.feeBp = r.feeBp;
        o.userCheck = true;
        o.providerCheck = r.providerCheck;
        o.renewable = r.renewable;
        o.unservedReported = r.unservedReported;
        o.wasSuspended = r.wasSuspended;
        o.createdAt = r.createdAt;
        o.activatedAt = r.activatedAt;
        o.activateHeight = r.activateHeight;
        o.settledAt = r.settledAt;
        o.settleHeight = r.settleHeight;
        o.probation = r.probation;
        o.duration = r.duration;
        o.suspendedSeconds = r.suspendedSeconds;
        o.suspendedSince = r.suspendedSince;
        o.activationDeadline = r.activationDeadline;
        o.replaces = r.replaces;
        o.profit = r.profit;
        o.profitMinted = r.profitMinted;
        o.profitBp = r.profitBp;
        unchecked {
            o.paidFee = Settlement.feeOf(o.accrued, o.feeBp);
            o.paidProvider = o.accrued - o.paidFee;
            if (!Settlement.isLive(o)) o.paidUser = o.deposit - o.accrued;
        }
    }

    /// @dev All of a new order. Its deposit is in the escrow, so it fits.
    function create(OrderRecord storage r, Order memory o) internal {
        r.user = o.user;
        r.createdAt = uint40(o.createdAt);
        r.activationDeadline = uint40(o.activationDeadline);
        r.feeBp = o.feeBp;
        r.provider = o.provider;
        r.replaces = uint40(o.replaces);
        r.profitBp = o.profitBp;
        r.renewable = o.renewable;
        r.resources = o.resources;
        r.cpuPrice = o.prices.cpuMilli;
        r.memoryPrice = o.prices.memoryMiB;
        r.storagePrice = o.prices.storageMiB;
        r.gpuPrice = o.prices.gpus;
        saveMoney(r, o);
        saveClock(r, o);
    }

    /// @dev What settling and extending change.
    function saveMoney(OrderRecord storage r, Order memory o) internal {
        r.deposit = uint96(o.deposit);
        r.accrued = uint96(o.accrued);
        r.settledAt = uint40(o.settledAt);
        r.profit = uint96(o.profit);
        r.profitMinted = uint96(o.profitMinted);
        r.settleHeight = uint40(o.settleHeight);
    }

    /// @dev What starting, stopping and ending change: one slot.
    function saveClock(OrderRecord storage r, Order memory o) internal {
        r.activatedAt = uint40(o.activatedAt);
        r.activateHeight = uint40(o.activateHeight);
        r.probation = uint40(o.probation);
        r.duration = uint32(o.duration);
        r.suspendedSeconds = uint32(o.suspendedSeconds);
        r.suspendedSince = uint40(o.suspendedSince);
        r.status = o.status;
        r.providerCheck = o.providerCheck;
        r.unservedReported = o.unservedReported;
        r.wasSuspended = o.wasSuspended;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Order} from "../../abi/IMarket.sol";
import {Prices, Resources} from "../../abi/IRegistry.sol";
import {Settlement} from "../contracts/Settlement.sol";
import {Base} from "./Base.sol";

/// @title The formulas against their definitions, with amounts and times of any size that can be
contract SettlementTest is Base {
    using Settlement for Order;

    function setUp() public override {}

    function _order(uint64[4] calldata r, uint96[4] calldata p, uint64 probation, uint64 duration) private pure returns (Order memory o) {
        o.resources = Resources(r[0], r[1], r[2], r[3]);
        o.prices = Prices(p[0], p[1], p[2], p[3]);
        o.activatedAt = uint64(START);
        o.probation = uint64(between(probation, 0, 3650 days));
        o.duration = uint64(between(duration, 1, 3650 days));
        o.deposit = Settlement.depositFor(_rate(o), o.duration);
        o.status = Settlement.RUNNING;
    }

    function _rate(Order memory o) private pure returns (uint256) {
        return uint256(o.resources.cpuMilli) * o.prices.cpuMilli + uint256(o.resources.memoryMiB) * o.prices.memoryMiB
            + uint256(o.resources.storageMiB) * o.prices.storageMiB + uint256(o.resources.gpus) * o.prices.gpus;
    }

    function testFuzz_a_deposit_is_the_price_rounded_up(uint64[4] calldata r, uint96[4] calldata p, uint64 duration) external pure {
        Order memory o = _order(r, p, 0, duration);
        same(Settlement.hourlyRate(o.resources, o.prices), _rate(o), "rate");
        uint256 exact = _rate(o) * o.duration;
        require(o.deposit * 3600 >= exact && o.deposit * 3600 < exact + 3600, "deposit");
    }

    function testFuzz_what_is_served_is_earned(uint64[4] calldata r, uint96[4] calldata p, uint64 probation, uint64 duration, uint64 t)
        external
        pure
    {
        Order memory o = _order(r, p, probation, duration);
        t = uint64(between(t, START, START + 7400 days));
        uint64 start = o.startsAt();
        uint256 served = t <= start ? 0 : t - start >= o.duration ? o.duration : t - start;
        uint256 expected = served == o.duration ? o.deposit : _rate(o) * served / 3600;
        same(o.earnedAt(t), expected, "earned");
        require(o.earnedAt(t) <= o.deposit && o.earnedAt(t) <= o.earnedAt(t + 1), "never more, never less");
        require(o.pastEnd(t) == (t >= o.endsAt()), "end");
        same(o.probationLeft(t), t >= start ? 0 : start - t, "probation");
    }

    function testFuzz_a_suspension_before_the_start_moves_start_and_end(
        uint64[4] calldata r,
        uint96[4] calldata p,
        uint64 probation,
        uint64 duration,
        uint64 from,
        uint64 length
    ) external pure {
        Order memory o = _order(r, p, probation | 1, duration);
        if (o.probation == 0) o.probation = 1;
        uint64 start = o.startsAt();
        uint64 end = o.endsAt();
        o.suspendedSince = uint64(between(from, START, start - 1));
        uint64 t = o.suspendedSince + uint64(between(length, 0, 3650 days));
        uint64 slept = t - o.suspendedSince;
        same(o.startsAt(t), start + slept, "start");
        same(o.announcedEnd(), Settlement.UNKNOWN_END, "end unknown");
        same(o.earnedAt(t), 0, "nothing");
        require(!o.pastEnd(t), "never past the end");
        o.resume(t);
        same(o.startsAt(), start + slept, "start moved");
        same(o.endsAt(), end + slept, "end moved");
        same(o.announcedEnd(), end + slept, "end known");
        same(o.suspendedSeconds, 0, "none of the paid term");
        same(o.earnedAt(end + slept), o.deposit, "all in the end");
    }

    function testFuzz_a_suspension_of_the_paid_term_is_not_earned(
        uint64[4] calldata r,
        uint96[4] calldata p,
        uint64 duration,
        uint64 from,
        uint64 length,
        uint64 t
    ) external pure {
        Order memory o = _order(r, p, 0, duration);
        o.suspendedSince = uint64(between(from, START, o.endsAt() - 1));
        uint64 resumed = uint64(between(length, o.suspendedSince, o.endsAt() - 1));
        uint256 before = o.earnedAt(o.suspendedSince);
        same(o.earnedAt(resumed), before, "nothing meanwhile");
        same(o.earnedAt(o.endsAt() + 5), o.suspendedSince == START ? 0 : before, "nor up to the end");
        uint64 slept = resumed - o.suspendedSince;
        o.resume(resumed);
        same(o.suspendedSeconds, slept, "of the paid term");
        t = uint64(between(t, resumed, o.endsAt() + 100));
        uint256 elapsed = t >= o.endsAt() ? o.duration : t - START;
        uint256 served = elapsed - slept;
        same(o.earnedAt(t), served == o.duration ? o.deposit : _rate(o) * served / 3600, "earned");
    }

    function test_orders_that_do_not_run_have_earned_what_accrued() external pure {
        Order memory o;
        o.accrued = 7;
        o.status = Settlement.CANCELLED;
        same(o.earnedAt(type(uint64).max), 7, "accrued");
        require(!o.pastEnd(type(uint64).max) && !o.isLive(), "ended");
        o.status = Settlement.UNACTIVATED;
        require(o.isLive(), "live");
    }

    function test_times_near_the_largest_number_wrap_as_they_do_natively() external pure {
        Order memory o;
        o.status = Settlement.RUNNING;
        (o.activatedAt, o.probation, o.duration, o.suspendedSince) = (1000, 100, 10, 1050);
        same(o.startsAt(type(uint64).max), 49, "start");
        require(o.pastEnd(type(uint64).max), "past a wrapped end");
    }

    function testFuzz_profit_follows_what_accrued_and_never_falls(uint96 deposit, uint96 profit, uint96 accrued, uint96 minted)
        external
        pure
    {
        Order memory o;
        o.deposit = between(deposit, 1, type(uint96).max);
        o.profit = between(profit, 1, o.deposit);
        o.accrued = between(accrued, 0, o.deposit);
        o.profitMinted = between(minted, 0, o.profit);
        uint256 share = o.profit * o.accrued / o.deposit;
        same(o.profitDue(), share > o.profitMinted ? share : o.profitMinted, "due");
        o.profit = 0;
        same(o.profitDue(), 0, "none promised");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {Balance, IMarket, Order, Permit} from "../../abi/IMarket.sol";
import {Info} from "../../abi/IRegistry.sol";
import {Base} from "./Base.sol";

/// @dev Stands where the credits are, and calls back.
contract Reentering {
    fallback() external {
        IMarket(msg.sender).settle(1);
    }
}

/// @title Orders from activation to their end
contract MarketLifeTest is Base {
    uint64 private constant UNKNOWN = type(uint64).max;

    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        register(bob, info());
    }

    function _register(uint64 probation) private {
        Info memory i = info();
        i.probation = probation;
        register(bob, i);
    }

    function _refused(address by, bytes memory data, bytes memory why) private {
        (bool ok, bytes memory answer) = tryCall(by, its.market, data);
        require(!ok && keccak256(answer) == keccak256(why), "refused otherwise");
    }

    function _unknown(uint64 id) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.UnknownOrder.selector, id);
    }

    function _wrong(uint64 id, uint8 status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.WrongStatus.selector, id, status);
    }

    function _notParty(uint64 id, address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarket.NotParty.selector, id, caller);
    }

    /// @dev All calls that change an order by its id, with what else they take.
    function _calls(uint64 id) private view returns (bytes[8] memory) {
        return [
            abi.encodeCall(market.activateOrder, (id)),
            abi.encodeCall(market.suspend, (id)),
            abi.encodeCall(market.resume, (id)),
            abi.encodeCall(market.extendOrder, (id, 1)),
            abi.encodeCall(market.reportUnserved, (id)),
            abi.encodeCall(market.settle, (id)),
            abi.encodeCall(market.cancelOrder, (id)),
            abi.encodeCall(market.withdraw, (id, 1))
        ];
    }

    function test_an_order_that_is_not_there_or_not_the_newest_is_refused() external {
        uint64 old = order(3600);
        vm.prank(alice);
        market.cancelOrder(old);
        order(3600);
        for (uint256 i = 0; i < 8; ++i) {
            _refused(alice, _calls(9)[i], _unknown(9));
            if (i < 7) _refused(alice, _calls(old)[i], abi.encodeWithSelector(IMarket.StaleOrder.selector, old));
        }
        _refused(alice, _calls(old)[7], abi.encodeWithSelector(IMarket.ExceedsClaimable.selector, 1, 0));
    }

    function test_calls_of_the_wrong_status_are_refused_before_the_caller_is_asked() external {
        uint64 id = order(3600);
        for (uint256 i = 1; i < 8; ++i) {
            if (i != 6) _refused(carol, _calls(id)[i], _wrong(id, 1));
        }
        vm.prank(bob);
        market.activateOrder(id);
        _refused(carol, _calls(id)[0], _wrong(id, 2));
        _refused(carol, _calls(id)[7], _wrong(id, 2));
        vm.prank(alice);
        market.cancelOrder(id);
        for (uint256 i = 0; i < 7; ++i) {
            _refused(carol, _calls(id)[i], _wrong(id, 3));
        }
    }

    function test_only_the_provider_side_activates_an_offer() external {
        uint64 id = order(3600);
        _refused(alice, _calls(id)[0], _notParty(id, alice));
        _refused(carol, _calls(id)[0], _notParty(id, carol));
        emits(its.market);
        emit IMarket.OrderActivated(id, operator, uint64(START), 1000, uint64(START), Balance(RATE, 0, 0, 0, 0, uint64(START) + 3600));
        vm.prank(operator);
        market.activateOrder(id);
        Order memory o = market.get(id);
        require(o.status == 2 && o.activatedAt == START && o.activateHeight == 1000 && o.providerCheck, "running");
        Info memory i = info();
        i.operatorKey = address(0);
        register(bob, i);
        _refused(operator, _calls(id)[1], _notParty(id, operator));
    }

    function test_activation_has_a_deadline() external {
        uint64 id = order(3600);
        vm.warp(START + 3600);
        _refused(bob, _calls(id)[0], abi.encodeWithSelector(IMarket.ActivationExpired.selector, id, START + 3600));
        vm.warp(START + 3599);
        vm.prank(bob);
        market.activateOrder(id);
    }

    function test_an_order_is_settled_and_completed() external {
        uint64 id = activated(3600);
        later(900);
        uint256 earned = RATE * 900 / 3600;
        emits(its.market);
        emit IMarket.OrderSettled(id, uint64(START) + 900, 1001, Balance(RATE, earned, earned, 0, 0, uint64(START) + 3600));
        vm.prank(carol);
        market.settle(id);
        same(credit.balanceOf(bob), earned, "paid");
        market.settle(id);
        same(credit.balanceOf(bob), earned, "nothing more in the same second");
        vm.warp(START + 3600);
        emits(its.market);
        emit IMarket.OrderCompleted(id, uint64(START) + 3600, 1001, Balance(RATE, RATE, RATE, 0, 0, uint64(START) + 3600));
        vm.prank(carol);
        market.settle(id);
        same(credit.balanceOf(bob), RATE, "all");
        same(credit.balanceOf(its.market), 0, "escrow");
        same(registry.get(bob).available.cpuMilli, 4000, "resources");
        _refused(alice, _calls(id)[5], _wrong(id, 4));
    }

    function test_past_the_end_anybody_completes_an_order_by_three_calls() external {
        for (uint256 i = 5; i < 8; ++i) {
            uint64 id = activated(60);
            later(60);
            (bool ok,) = tryCall(carol, its.market, _calls(id)[i]);
            require(ok && market.get(id).status == 4 && market.get(id).paidUser == 0, "completed");
        }
    }

    function test_many_are_settled_at_once() external {
        register(dave, info());
        uint64 one = activated(3600);
        vm.prank(alice);
        uint64 two = market.createOrder(dave, resources(), prices(), 60, 0);
        uint64[] memory ids = new uint64[](5);
        (ids[0], ids[1], ids[2], ids[3], ids[4]) = (one, two, 77, one, 0);
        later(60);
        same(market.settleMany(ids), 2, "one of them, twice");
        vm.prank(dave);
        market.activateOrder(two);
        later(60);
        same(market.settleMany(ids), 3, "both");
        same(market.get(two).status, 4, "completed");
        same(market.settleMany(new uint64[](256)), 0, "none");
        refuses(abi.encodeWithSelector(IMarket.TooMany.selector, 257, 256));
        market.settleMany(new uint64[](257));
    }

    // --- suspension

    function test_a_suspension_in_the_paid_term_is_not_earned() external {
        uint64 id = activated(3600);
        later(100);
        emits(its.market);
        emit IMarket.OrderSuspended(id, bob, uint64(START) + 100, 1001, Balance(RATE, 0, 0, 0, 0, uint64(START) + 3600));
        vm.prank(bob);
        market.suspend(id);
        _refused(bob, _calls(id)[1], abi.encodeWithSelector(IMarket.AlreadySuspended.selector, id));
        later(500);
        market.settle(id);
        same(market.get(id).accrued, RATE * 100 / 3600, "nothing meanwhile");
        emits(its.market);
        emit IMarket.OrderResumed(
            id,
            operator,
            uint64(START) + 600,
            uint64(START),
            500,
            Balance(RATE, RATE * 100 / 3600, RATE * 100 / 3600, 0, 0, uint64(START) + 3600)
        );
        vm.prank(operator);
        market.resume(id);
        _refused(bob, _calls(id)[2], abi.encodeWithSelector(IMarket.NotSuspended.selector, id));
        vm.warp(START + 3600);
        market.settle(id);
        Order memory o = market.get(id);
        same(o.accrued, RATE * 3100 / 3600, "3100 seconds");
        same(o.paidUser, RATE - o.accrued, "the rest");
    }

    function test_a_suspension_in_probation_moves_the_end() external {
        _register(60);
        uint64 id = activated(3600);
        later(10);
        emits(its.market);
        emit IMarket.OrderSuspended(id, bob, uint64(START) + 10, 1001, Balance(RATE, 0, 0, 0, 0, UNKNOWN));
        vm.prank(bob);
        market.suspend(id);
        (uint64[] memory ids,) = market.ordersEndingBefore(UNKNOWN, 0, 10);
        same(ids.length, 0, "end unknown");
        later(100_000);
        market.settle(id);
        same(market.get(id).status, 2, "not past its end");
        vm.prank(bob);
        market.resume(id);
        require(market.get(id).probation == 100_060 && market.get(id).suspendedSeconds == 0, "moved");
        vm.warp(START + 100_060 + 3600);
        _refused(bob, _calls(id)[1], abi.encodeWithSelector(IMarket.OrderPastEnd.selector, id, START + 100_060 + 3600));
        market.settle(id);
        same(market.get(id).accrued, RATE, "all of it");
    }

    function test_suspension_is_the_provider_sides_before_the_end() external {
        uint64 id = activated(3600);
        _refused(alice, _calls(id)[1], _notParty(id, alice));
        _refused(alice, _calls(id)[2], _notParty(id, alice));
        vm.warp(START + 3600);
        _refused(alice, _calls(id)[1], _notParty(id, alice));
        _refused(bob, _calls(id)[2], abi.encodeWithSelector(IMarket.OrderPastEnd.selector, id, START + 3600));
    }

    // --- extension

    function test_a_user_extends_at_the_same_prices() external {
        uint64 id = activated(3600);
        uint256 added = (RATE * 4601 + 3599) / 3600 - RATE;
        emits(its.market);
        emit IMarket.OrderExtended(id, alice, 1001, 4601, added, 0, Balance(RATE + added, 0, 0, 0, 0, uint64(START) + 4601));
        vm.prank(alice);
        market.extendOrder(id, 1001);
        vm.warp(START + 4601);
        market.settle(id);
        same(credit.balanceOf(bob), RATE + added, "paid");
    }

    function test_guards_of_an_extension_in_their_order() external {
        uint64 id = activated(3600);
        _refused(bob, _calls(id)[3], _notParty(id, bob));
        bytes memory none = abi.encodeCall(market.extendOrder, (id, 0));
        bytes memory more = abi.encodeCall(market.extendOrder, (id, 3650 days - 3599));
        _refused(alice, none, abi.encodeWithSelector(IMarket.InvalidDuration.selector, 0));
        _refused(alice, more, abi.encodeWithSelector(IMarket.InvalidDuration.selector, 3650 days - 3599));
        vm.startPrank(alice);
        credit.redeem(credit.balanceOf(alice) - 1);
        vm.stopPrank();
        uint256 added = (RATE * 3700 + 3599) / 3600 - RATE;
        _refused(
            alice, abi.encodeCall(market.extendOrder, (id, 100)), abi.encodeWithSelector(IMarket.InsufficientCredits.selector, added, 1)
        );
        vm.warp(START + 3600);
        _refused(alice, none, abi.encodeWithSelector(IMarket.OrderPastEnd.selector, id, START + 3600));
        market.settle(id);
        Info memory i = info();
        i.renewable = false;
        register(bob, i);
        fund(alice, 1 ether);
        id = activated(3600);
        _refused(alice, abi.encodeCall(market.extendOrder, (id, 0)), abi.encodeWithSelector(IMarket.NotRenewable.selector, id));
    }

    function test_an_extension_with_a_permit() external {
        uint64 id = activated(3600);
        Permit memory p = signPermit(ALICE_KEY, its.credit, RATE, block.timestamp);
        vm.prank(alice);
        market.extendOrderWithPermit(id, 3600, p);
        same(market.get(id).deposit, 2 * RATE, "deposit");
        p.deadline = 1;
        refuses(abi.encodeWithSelector(IGridToken.ERC2612ExpiredSignature.selector, 1));
        vm.prank(alice);
        market.extendOrderWithPermit(id, 3600, p);
    }

    function test_an_extension_that_rounding_makes_free_costs_nothing() external {
        setParameter("minimumDeposit", 0);
        Info memory i = info();
        (i.minimumPrices.cpuMilli, i.minimumPrices.memoryMiB) = (0, 0);
        register(bob, i);
        i.prices.cpuMilli = 1;
        (i.prices.memoryMiB, i.prices.storageMiB, i.prices.gpus) = (0, 0, 0);
        i.total.cpuMilli = 1;
        vm.prank(alice);
        uint64 id = market.createOrder(bob, i.total, i.prices, 10, 0);
        vm.prank(bob);
        market.activateOrder(id);
        vm.prank(alice);
        market.extendOrder(id, 10);
        require(market.get(id).deposit == 1 && market.get(id).duration == 20, "rounded up already");
    }

    // --- reports and ends

    function test_a_user_reports_once_in_probation() external {
        _register(60);
        uint64 id = activated(3600);
        _refused(bob, _calls(id)[4], _notParty(id, bob));
        later(59);
        emits(its.market);
        emit IMarket.OrderUnserved(id, alice, bob, uint64(START) + 59);
        vm.prank(alice);
        market.reportUnserved(id);
        require(market.get(id).unservedReported, "reported");
        _refused(alice, _calls(id)[4], abi.encodeWithSelector(IMarket.AlreadyReported.selector, id));
        later(1);
        _refused(alice, _calls(id)[4], abi.encodeWithSelector(IMarket.NotInProbation.selector, id));
    }

    function test_a_cancel_pays_what_was_earned_and_refunds_the_rest() external {
        uint64 id = activated(3600);
        later(1);
        _refused(carol, _calls(id)[6], _notParty(id, carol));
        uint256 earned = RATE / 3600;
        emits(its.market);
        emit IMarket.OrderCancelled(id, bob, uint64(START) + 1, 1001, Balance(RATE, earned, earned, RATE - earned, 0, uint64(START) + 3600));
        vm.prank(bob);
        market.cancelOrder(id);
        same(credit.balanceOf(bob), earned, "one second");
        same(credit.balanceOf(alice), 1000 ether - earned, "the rest");
        same(credit.balanceOf(its.market), 0, "escrow");
        same(registry.get(bob).available.cpuMilli, 4000, "resources");
    }

    function test_an_unactivated_order_is_refunded_by_its_parties_and_late_by_anybody() external {
        uint64 id = order(3600);
        _refused(operator, _calls(id)[6], _notParty(id, operator));
        vm.prank(bob);
        market.cancelOrder(id);
        same(credit.balanceOf(alice), 1000 ether, "all");
        id = order(3600);
        vm.warp(START + 3599);
        _refused(carol, _calls(id)[6], _notParty(id, carol));
        vm.warp(START + 3600);
        vm.prank(carol);
        market.cancelOrder(id);
        same(credit.balanceOf(alice), 1000 ether, "all again");
        require(market.get(id).settledAt == START + 3600 && market.get(id).activatedAt == 0, "times");
    }

    function test_nothing_is_left_to_withdraw() external {
        uint64 id = activated(3600);
        later(10);
        vm.prank(alice);
        market.cancelOrder(id);
        _refused(carol, _calls(id)[7], _notParty(id, carol));
        _refused(alice, abi.encodeCall(market.withdraw, (id, 0)), abi.encodeWithSelector(IMarket.ZeroAmount.selector));
        _refused(bob, _calls(id)[7], abi.encodeWithSelector(IMarket.ExceedsClaimable.selector, 1, 0));
    }

    function test_the_fee_is_burned_or_goes_to_the_treasury() external {
        setParameter("feeBp", 1000);
        uint256 supply = token.totalSupply();
        uint64 id = activated(3600);
        later(1800);
        market.settle(id);
        uint256 accrued = RATE / 2;
        uint256 fee = accrued / 10;
        Order memory o = market.get(id);
        require(o.paidFee == fee && o.paidProvider == accrued - fee && o.feeBp == 1000, "split");
        same(token.totalSupply(), supply - fee, "burned with its backing");
        setParameter("treasury", uint160(dave));
        later(1800);
        market.settle(id);
        same(credit.balanceOf(dave), RATE / 10 - fee, "the treasury");
        same(credit.balanceOf(bob), RATE - RATE / 10, "the provider");
        same(credit.balanceOf(its.market), 0, "escrow");
    }

    function test_who_rents_from_oneself_is_paid_by_oneself() external {
        register(alice, info());
        vm.startPrank(alice);
        uint64 id = market.createOrder(alice, resources(), prices(), 60, 0);
        market.activateOrder(id);
        later(30);
        market.cancelOrder(id);
        vm.stopPrank();
        same(credit.balanceOf(alice), 1000 ether, "the same");
    }

    function test_nobody_enters_twice() external {
        uint64 id = activated(3600);
        later(10);
        vm.etch(its.credit, type(Reentering).runtimeCode);
        _refused(alice, _calls(id)[5], abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
    }
}

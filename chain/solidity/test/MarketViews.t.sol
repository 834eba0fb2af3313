// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IMarket, Order} from "../../abi/IMarket.sol";
import {Base} from "./Base.sol";

contract MarketViewsTest is Base {
    uint64 private constant UNKNOWN = type(uint64).max;

    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        register(bob, info());
    }

    function test_views_of_what_is_not_there() external view {
        require(market.get(1).status == 0 && market.get(1).id == 0 && !market.get(1).userCheck, "order");
        require(market.current(alice, bob) == 0 && market.earnedAt(1, 5) == 0, "nothing");
        same(market.ordersOfUser(alice, 0, 10).length, 0, "none");
    }

    function test_pages_of_orders() external {
        for (uint256 i = 0; i < 3; ++i) {
            uint64 id = activated(3600);
            vm.prank(alice);
            market.cancelOrder(id);
        }
        uint64[] memory page = market.ordersOfUser(alice, 1, 100);
        require(page.length == 2 && page[0] == 2 && page[1] == 3, "the end");
        same(market.ordersOfProvider(bob, 0, 2).length, 2, "the beginning");
        refuses(abi.encodeWithSelector(IMarket.TooMany.selector, 101, 100));
        market.ordersOfUser(alice, 0, 101);
        uint64[] memory ids = new uint64[](3);
        (ids[0], ids[1], ids[2]) = (3, 9, 1);
        Order[] memory orders = market.getMany(ids);
        require(orders[0].id == 3 && orders[1].status == 0 && orders[2].id == 1, "in the order of the ids");
        refuses(abi.encodeWithSelector(IMarket.TooMany.selector, 101, 100));
        market.getMany(new uint64[](101));
    }

    function test_orders_that_end_before_a_time() external {
        uint64[4] memory secs = [uint64(100), 300, 200, 100];
        for (uint160 i = 0; i < 4; ++i) {
            register(address(i + 1), info());
            vm.prank(alice);
            market.createOrder(address(i + 1), resources(), prices(), secs[i], 0);
            vm.prank(address(i + 1));
            market.activateOrder(uint64(i + 1));
        }
        vm.prank(alice);
        market.cancelOrder(4);
        (uint64[] memory ids, uint64 next) = market.ordersEndingBefore(uint64(START) + 200, 0, 100);
        require(ids.length == 2 && ids[0] == 1 && ids[1] == 3 && next == 0, "1 and 3");
        (ids, next) = market.ordersEndingBefore(uint64(START) + 200, 1, 1);
        require(ids.length == 1 && next == 2, "a page");
        (ids, next) = market.ordersEndingBefore(uint64(START) + 199, 2, 100);
        require(ids.length == 0 && next == 0, "a second before");
        (ids, next) = market.ordersEndingBefore(uint64(START) + 300, 0, 0);
        require(ids.length == 0 && next == 1, "none wanted");
        (ids, next) = market.ordersEndingBefore(uint64(START) + 300, UNKNOWN, 5);
        require(ids.length == 0 && next == 0, "behind the last");
        vm.prank(address(1));
        market.suspend(1);
        (ids,) = market.ordersEndingBefore(uint64(START) + 300, 0, 100);
        same(ids.length, 3, "a suspension of the paid term moves no end");
        refuses(abi.encodeWithSelector(IMarket.TooMany.selector, 101, 100));
        market.ordersEndingBefore(0, 0, 101);
    }

    function test_ten_thousand_ids_are_looked_at_in_a_call() external {
        // As many orders as that by writing the count: the slots of the others are empty.
        vm.store(its.market, bytes32(uint256(2)), bytes32(uint256(10_001)));
        uint256 gas = gasleft();
        (uint64[] memory ids, uint64 next) = market.ordersEndingBefore(UNKNOWN, 0, 100);
        gas -= gasleft();
        require(ids.length == 0 && next == 10_001, "go on");
        require(gas < 30_000_000, "a block's gas");
        (, next) = market.ordersEndingBefore(UNKNOWN, next, 100);
        same(next, 0, "done");
    }

    function test_what_will_have_been_earned() external {
        uint64 id = activated(3600);
        same(market.earnedAt(id, uint64(START) + 36), RATE / 100, "ahead");
        same(market.earnedAt(id, UNKNOWN), RATE, "all");
        later(36);
        vm.prank(alice);
        market.cancelOrder(id);
        same(market.earnedAt(id, UNKNOWN), RATE / 100, "ended");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Parameters, Permit, Quote} from "../../abi/IMarket.sol";
import {Info, Prices} from "../../abi/IRegistry.sol";
import {Base} from "./Base.sol";

/// @title What each call costs as a transaction of its own: snapshots/GasTest.json, explained in docs/evm.md
/// forge-config: default.isolate = true
contract GasTest is Base {
    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        fund(carol, 1000 ether);
        register(bob, info());
        // Somebody stands behind bob and has been there: what is measured is the usual case.
        vm.prank(carol);
        pledge.pledge(100 ether, bob);
        later(60);
        uint64 id = activated(100);
        later(100);
        market.settle(id);
        vm.prank(carol);
        pledge.claim(bob);
        later(1);
    }

    function parameters() internal pure override returns (Parameters memory) {
        return Parameters(3600, 3, 100, 30 days, 1, 250, address(0x7ea5), 100);
    }

    /// @dev As people pay: a core costs some thousandths of a credit an hour.
    function prices() internal pure override returns (Prices memory) {
        return Prices(3e12, 7e12, 1e12, 100e12);
    }

    function _took(string memory call) private {
        vm.snapshotGasLastCall("GasTest", call);
    }

    function test_gas_of_tokens_and_credits() external {
        vm.prank(alice);
        token.transfer(carol, 1 ether);
        _took("GridToken.transfer");
        vm.prank(alice);
        token.transfer(its.credit, 1 ether);
        _took("GridToken.transfer to Credit");
        vm.prank(dave);
        credit.claimTransfer(alice);
        _took("Credit.claimTransfer");
        vm.prank(alice);
        token.approve(its.credit, 10 ether);
        _took("GridToken.approve");
        vm.prank(alice);
        credit.purchase(1 ether);
        _took("Credit.purchase");
        Permit memory p = signPermit(ALICE_KEY, its.credit, 5, block.timestamp);
        vm.prank(alice);
        credit.purchaseWithPermit(p.value, p.deadline, p.v, p.r, p.s);
        _took("Credit.purchaseWithPermit");
        vm.prank(alice);
        credit.redeem(1 ether);
        _took("Credit.redeem");
    }

    function test_gas_of_the_registry() external {
        Info memory i = info();
        vm.prank(dave);
        registry.set(i);
        _took("Registry.set, new");
        i.port = 1;
        vm.prank(dave);
        registry.set(i);
        _took("Registry.set, revised");
        vm.prank(dave);
        registry.deregister();
        _took("Registry.deregister");
    }

    function test_gas_of_an_order() external {
        uint64 id = order(3600);
        _took("Market.createOrder");
        vm.prank(bob);
        market.activateOrder(id);
        _took("Market.activateOrder");
        later(100);
        market.settle(id);
        _took("Market.settle");
        vm.prank(bob);
        market.suspend(id);
        _took("Market.suspend");
        later(1);
        vm.prank(operator);
        market.resume(id);
        _took("Market.resume, by the operator");
        vm.prank(alice);
        market.extendOrder(id, 3600);
        _took("Market.extendOrder");
        Quote memory q = quote();
        q.replaces = id;
        bytes memory signature = sign(BOB_KEY, q);
        vm.prank(alice);
        id = market.replaceOrder(q, signature);
        _took("Market.replaceOrder");
        later(10);
        vm.prank(alice);
        market.cancelOrder(id);
        _took("Market.cancelOrder, running");
        id = order(60);
        vm.prank(bob);
        market.activateOrder(id);
        later(60);
        market.settle(id);
        _took("Market.settle, completes");
        id = order(60);
        vm.prank(alice);
        market.cancelOrder(id);
        _took("Market.cancelOrder, unactivated");
    }

    function test_gas_of_quotes() external {
        Quote memory q = quote();
        bytes memory signature = sign(BOB_KEY, q);
        vm.prank(alice);
        uint64 id = market.createOrderWithQuote(q, signature);
        _took("Market.createOrderWithQuote");
        vm.prank(alice);
        market.cancelOrder(id);
        vm.prank(bob);
        market.cancelQuote(bytes32(uint256(1)));
        _took("Market.cancelQuote");
        vm.prank(bob);
        market.bumpQuoteEpoch();
        _took("Market.bumpQuoteEpoch");
        Permit memory p = signPermit(ALICE_KEY, its.credit, RATE * 1e12, block.timestamp);
        vm.prank(alice);
        market.createOrderWithPermit(bob, resources(), prices(), 3600, 0, p);
        _took("Market.createOrderWithPermit");
    }

    function test_gas_of_many_settlements() external {
        uint64[] memory ids = new uint64[](10);
        for (uint160 i = 0; i < 10; ++i) {
            address provider = address(1000 + i);
            register(provider, info());
            vm.prank(alice);
            ids[i] = market.createOrder(provider, resources(), prices(), 3600, 0);
            vm.prank(provider);
            market.activateOrder(ids[i]);
        }
        later(10);
        market.settleMany(ids);
        later(10);
        market.settleMany(ids);
        _took("Market.settleMany, 10 orders");
    }

    function test_gas_of_pledges() external {
        vm.prank(alice);
        pledge.pledge(1 ether, bob);
        _took("Pledge.pledge, new position");
        later(60);
        vm.prank(alice);
        pledge.pledge(1 ether, bob);
        _took("Pledge.pledge, more");
        uint64 id = activated(100);
        later(100);
        market.settle(id);
        vm.prank(alice);
        pledge.claim(bob);
        _took("Pledge.claim");
        vm.prank(alice);
        pledge.unpledge(1 ether, bob);
        _took("Pledge.unpledge");
        later(120);
        vm.prank(alice);
        pledge.withdrawUnbonded(bob);
        _took("Pledge.withdrawUnbonded");
        vm.prank(carol);
        uint64 slash = pledge.slash(bob, 1 ether, "was down for a day");
        _took("Pledge.slash");
        later(60);
        pledge.executeSlash(slash);
        _took("Pledge.executeSlash");
    }

    function test_gas_of_the_council() external {
        vm.prank(alice);
        uint64 id = council.propose(its.market, abi.encodeCall(market.setParameter, ("feeBp", 300)));
        _took("Council.propose");
        vm.prank(bob);
        council.approve(id);
        _took("Council.approve");
        later(30);
        council.execute(id);
        _took("Council.execute");
    }
}

/// @title The same where there is no fee, no profit and no free time
/// forge-config: default.isolate = true
contract GasPlainTest is Base {
    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        register(bob, info());
        uint64 id = activated(100);
        later(100);
        market.settle(id);
    }

    function test_gas_of_a_plain_order() external {
        uint64 id = order(3600);
        vm.snapshotGasLastCall("GasTest", "Market.createOrder, plain");
        vm.prank(bob);
        market.activateOrder(id);
        later(100);
        market.settle(id);
        vm.snapshotGasLastCall("GasTest", "Market.settle, plain");
        later(3600);
        market.settle(id);
        vm.snapshotGasLastCall("GasTest", "Market.settle, plain, completes");
    }
}

/// @title What a call costs more a moment later: wallets estimate in one second and are mined in another
/// @dev Nobody has had credits of an order before, so that everything is written for the first time.
/// forge-config: default.isolate = true
contract GasOverTimeTest is Base {
    uint256 private constant RESERVE = 250_000; // kGasReserve of chain/gas_limit.hpp, and what docs/evm.md tells wallets

    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        fund(carol, 1000 ether);
        Info memory i = info();
        i.probation = 100;
        register(bob, i);
        vm.prank(carol);
        pledge.pledge(100 ether, bob);
        later(60);
    }

    function parameters() internal pure override returns (Parameters memory) {
        return Parameters(3600, 3, 100, 30 days, 1, 250, address(0x7ea5), 100);
    }

    function prices() internal pure override returns (Prices memory) {
        return Prices(3e12, 7e12, 1e12, 100e12);
    }

    function _activated() private returns (uint64 id) {
        vm.prank(alice);
        id = market.createOrder(bob, resources(), prices(), 3600, 100);
        vm.prank(bob);
        market.activateOrder(id);
    }

    /// @dev The same call now and some seconds later.
    function _within(address by, bytes memory call, uint256 secs, string memory before, string memory then) private {
        uint256 state = vm.snapshotState();
        uint256 early = _took(by, call, before);
        require(vm.revertToState(state));
        later(secs);
        uint256 late = _took(by, call, then);
        require(late > early && late - early < RESERVE, then);
    }

    function _took(address by, bytes memory call, string memory name) private returns (uint256) {
        vm.prank(by);
        (bool done,) = its.market.call(call);
        require(done, name);
        return vm.snapshotGasLastCall("GasTest", string.concat("Market.", name));
    }

    function test_gas_over_the_end_of_probation() external {
        uint64 id = _activated();
        later(99);
        _within(alice, abi.encodeCall(market.cancelOrder, (id)), 2, "cancelOrder, in probation", "cancelOrder, first payment of all");
    }

    function test_gas_of_a_settlement_over_the_end_of_probation() external {
        uint64 id = _activated();
        later(99);
        _within(carol, abi.encodeCall(market.settle, (id)), 2, "settle, in probation", "settle, first payment of all");
    }

    function test_gas_after_a_settlement() external {
        uint64 id = _activated();
        later(200);
        market.settle(id);
        _within(alice, abi.encodeCall(market.cancelOrder, (id)), 1, "cancelOrder, just settled", "cancelOrder, settled a second ago");
    }

    function test_gas_of_a_settlement_over_the_end() external {
        uint64 id = _activated();
        later(3699);
        market.settle(id);
        _within(carol, abi.encodeCall(market.settle, (id)), 1, "settle, just settled", "settle, completes a second later");
    }
}

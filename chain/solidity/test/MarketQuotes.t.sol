// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IGridToken} from "../../abi/IGridToken.sol";
import {IMarket, Order, Permit, Quote} from "../../abi/IMarket.sol";
import {Info} from "../../abi/IRegistry.sol";
import {Base} from "./Base.sol";

contract MarketQuotesTest is Base {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        register(bob, info());
    }

    function _refused(bytes memory why, Quote memory q, bytes memory signature) private {
        refuses(why);
        vm.prank(alice);
        market.createOrderWithQuote(q, signature);
    }

    function _refused(bytes memory why, Quote memory q) private {
        _refused(why, q, sign(BOB_KEY, q));
    }

    function _replace(Quote memory q) private returns (uint64) {
        bytes memory signature = sign(BOB_KEY, q);
        vm.prank(alice);
        return market.replaceOrder(q, signature);
    }

    function _replaceRefused(bytes memory why, Quote memory q) private {
        bytes memory signature = sign(BOB_KEY, q);
        refuses(why);
        vm.prank(alice);
        market.replaceOrder(q, signature);
    }

    function test_the_terms_of_a_quote_bind() external {
        Quote memory q = quote();
        q.prices.cpuMilli = 0; // below the minimum price
        q.probation = 77;
        bytes32 digest = digestOf(q);
        bytes memory signature = sign(BOB_KEY, q);
        emits(its.market);
        emit IMarket.QuoteUsed(digest, bob, alice, 1);
        vm.prank(alice);
        uint64 id = market.createOrderWithQuote(q, signature);
        Order memory o = market.get(id);
        require(o.providerCheck && o.probation == 77 && o.renewable && o.replaces == 0, "terms");
        require(market.quoteUsed(digest), "used");
        vm.prank(alice);
        market.activateOrder(id); // either party may
    }

    function test_the_operator_signs_quotes() external {
        Quote memory q = quote();
        bytes memory signature = sign(OPERATOR_KEY, q);
        vm.prank(alice);
        market.createOrderWithQuote(q, signature);
    }

    function test_guards_in_their_order() external {
        Quote memory q = quote();
        (q.duration, q.probation, q.provider, q.replaces, q.validUntil, q.epoch) = (0, 3650 days + 1, carol, 5, uint64(START), 1);
        (q.user, q.salt) = (carol, bytes32(uint256(1)));
        _refused(abi.encodeWithSelector(IMarket.InvalidDuration.selector, 0), q);
        q.duration = 1;
        _refused(abi.encodeWithSelector(IMarket.InvalidDuration.selector, 3650 days + 1), q);
        q.probation = 3650 days;
        _refused(abi.encodeWithSelector(IMarket.UnknownProvider.selector, carol), q);
        q.provider = bob;
        uint64 id = order(3600);
        _refused(abi.encodeWithSelector(IMarket.OrderExists.selector, id), q);
        vm.startPrank(bob);
        market.cancelOrder(id);
        market.cancelQuote(q.salt);
        vm.stopPrank();
        _refused(abi.encodeWithSelector(IMarket.QuoteReplaces.selector, 5), q);
        q.replaces = 0;
        _refused(abi.encodeWithSelector(IMarket.QuoteExpired.selector, START), q);
        q.validUntil = uint64(START) + 1;
        _refused(abi.encodeWithSelector(IMarket.QuoteEpochPast.selector, 1, 0), q);
        q.epoch = 0;
        _refused(abi.encodeWithSelector(IMarket.QuoteRevoked.selector, bytes32(uint256(1))), q);
        q.salt = bytes32(uint256(2));
        _refused(abi.encodeWithSelector(IMarket.QuoteNotForCaller.selector, carol, alice), q);
        q.user = alice;
        _refused(abi.encodeWithSelector(IMarket.InvalidQuoteSignature.selector), q, new bytes(64));
        _refused(abi.encodeWithSelector(IMarket.QuoteSignerUnknown.selector, alice), q, sign(ALICE_KEY, q));
        q.resources.cpuMilli = 4001;
        _refused(abi.encodeWithSelector(IMarket.InsufficientResources.selector, 0, 4001, 4000), q);
        q.resources.cpuMilli = 1000;
        q.prices.cpuMilli = type(uint96).max;
        q.duration = 3600;
        uint256 deposit = RATE - 3000 + 1000 * uint256(type(uint96).max);
        _refused(abi.encodeWithSelector(IMarket.InsufficientCredits.selector, deposit, 1000 ether), q);
        q.prices.cpuMilli = 3;
        id = quoted(q);
        vm.prank(bob);
        market.cancelOrder(id);
        _refused(abi.encodeWithSelector(IMarket.QuoteSpent.selector, digestOf(q)), q);
        q.salt = bytes32(uint256(3));
        vm.prank(bob);
        registry.deregister();
        _refused(abi.encodeWithSelector(IMarket.ProviderInactive.selector, bob), q);
    }

    function test_signatures_that_are_none_are_refused() external {
        Quote memory q = quote();
        bytes memory s = sign(BOB_KEY, q);
        bytes memory invalid = abi.encodeWithSelector(IMarket.InvalidQuoteSignature.selector);
        _refused(invalid, q, abi.encodePacked(s, uint8(0)));
        s[64] = bytes1(uint8(s[64]) - 27);
        _refused(invalid, q, s);
        s[64] = bytes1(uint8(s[64]) + 27);
        (bytes32 r, bytes32 low) = (bytes32(0), bytes32(0));
        assembly {
            r := mload(add(s, 32))
            low := mload(add(s, 64))
        }
        _refused(invalid, q, abi.encodePacked(r, ORDER - uint256(low), 55 - uint8(s[64])));
        _refused(invalid, q, abi.encodePacked(bytes32(0), low, s[64]));
        Info memory i = info();
        i.operatorKey = address(0);
        register(bob, i);
        _refused(abi.encodeWithSelector(IMarket.QuoteSignerUnknown.selector, operator), q, sign(OPERATOR_KEY, q));
    }

    function test_a_quote_of_another_chain_is_void() external {
        Quote memory q = quote();
        bytes memory signature = sign(BOB_KEY, q);
        vm.chainId(99);
        vm.prank(alice);
        (bool ok, bytes memory answer) = its.market.call(abi.encodeCall(market.createOrderWithQuote, (q, signature)));
        require(!ok && bytes4(answer) == IMarket.QuoteSignerUnknown.selector, "another signer");
    }

    function test_providers_revoke_quotes() external {
        refuses(abi.encodeWithSelector(IMarket.UnknownProvider.selector, carol));
        vm.prank(carol);
        market.cancelQuote(0);
        refuses(abi.encodeWithSelector(IMarket.UnknownProvider.selector, carol));
        vm.prank(carol);
        market.bumpQuoteEpoch();
        Quote memory q = quote();
        emits(its.market);
        emit IMarket.QuoteCancelled(bob, q.salt);
        vm.prank(bob);
        market.cancelQuote(q.salt);
        require(market.quoteCancelled(bob, q.salt), "cancelled");
        refuses(abi.encodeWithSelector(IMarket.QuoteRevoked.selector, q.salt));
        vm.prank(bob);
        market.cancelQuote(q.salt);
        q.salt = bytes32(uint256(1));
        emits(its.market);
        emit IMarket.QuoteEpochBumped(bob, 1);
        vm.prank(bob);
        market.bumpQuoteEpoch();
        _refused(abi.encodeWithSelector(IMarket.QuoteEpochPast.selector, 0, 1), q);
        vm.prank(bob);
        registry.deregister();
        vm.prank(bob);
        market.bumpQuoteEpoch();
        same(market.quoteEpoch(bob), 2, "who left may, too");
    }

    function test_a_quote_and_a_permit_make_an_order() external {
        vm.prank(alice);
        credit.redeem(1000 ether);
        Quote memory q = quote();
        bytes memory signature = sign(BOB_KEY, q);
        Permit memory p = signPermit(ALICE_KEY, its.credit, RATE, block.timestamp);
        vm.prank(alice);
        uint64 id = market.createOrderWithQuoteAndPermit(q, signature, p);
        same(market.get(id).deposit, RATE, "deposit");
        refuses(abi.encodeWithSelector(IGridToken.ERC2612ExpiredSignature.selector, p.deadline));
        vm.warp(block.timestamp + 1);
        vm.prank(alice);
        market.createOrderWithQuoteAndPermit(q, signature, p);
    }

    // --- replacing

    function test_an_order_is_replaced_without_a_gap() external {
        uint64 old = activated(3600);
        later(100);
        uint256 before = credit.balanceOf(alice);
        Quote memory q = quote();
        (q.replaces, q.resources.cpuMilli) = (old, 4000); // all there are: what the old one frees serves for the new one
        q.probation = 999; // ignored
        uint64 id = _replace(q);
        Order memory o = market.get(old);
        uint256 earned = RATE * 100 / 3600;
        require(o.status == 4 && o.settledAt == block.timestamp && o.accrued == earned && o.paidProvider == earned, "completed early");
        same(o.paidUser, RATE - earned, "the rest came back");
        o = market.get(id);
        require(o.status == 2 && o.activatedAt == block.timestamp && o.replaces == old && o.probation == 0, "runs");
        same(credit.balanceOf(alice), before + RATE - earned - o.deposit, "the user");
        same(market.current(alice, bob), id, "current");
        refuses(abi.encodeWithSelector(IMarket.StaleOrder.selector, old));
        market.settle(old);
    }

    function test_what_is_left_of_the_old_probation_goes_on() external {
        Info memory i = info();
        i.probation = 100;
        register(bob, i);
        uint64 old = activated(3600);
        later(30);
        vm.prank(bob);
        market.suspend(old);
        later(20);
        Quote memory q = quote();
        q.replaces = old;
        uint64 id = _replace(q);
        Order memory o = market.get(id);
        require(o.probation == 70 && o.suspendedSince == 0 && !o.wasSuspended, "70 of 100 seconds");
        later(70);
        market.settle(id);
        same(market.get(id).accrued, 0, "not yet");
        later(1);
        market.settle(id);
        same(market.get(id).accrued, RATE / 3600, "one second");
        q = quote();
        q.replaces = id;
        same(market.get(_replace(q)).probation, 0, "none left");
    }

    function test_guards_of_a_replacement_in_their_order() external {
        Quote memory q = quote();
        (q.replaces, q.provider, q.duration) = (1, carol, 0);
        _replaceRefused(abi.encodeWithSelector(IMarket.UnknownOrder.selector, 1), q);
        uint64 id = order(3600);
        _replaceRefused(abi.encodeWithSelector(IMarket.WrongStatus.selector, id, 1), q);
        vm.prank(bob);
        market.activateOrder(id);
        bytes memory signature = sign(BOB_KEY, q);
        refuses(abi.encodeWithSelector(IMarket.NotParty.selector, id, carol));
        vm.prank(carol);
        market.replaceOrder(q, signature);
        vm.warp(START + 3600);
        _replaceRefused(abi.encodeWithSelector(IMarket.OrderPastEnd.selector, id, START + 3600), q);
        vm.warp(START + 3599);
        _replaceRefused(abi.encodeWithSelector(IMarket.QuoteReplaces.selector, id), q);
        q.provider = bob;
        _replaceRefused(abi.encodeWithSelector(IMarket.InvalidDuration.selector, 0), q);
        q.duration = 1;
        vm.prank(bob);
        registry.deregister();
        _replaceRefused(abi.encodeWithSelector(IMarket.ProviderInactive.selector, bob), q);
        register(bob, info());
        _replaceRefused(abi.encodeWithSelector(IMarket.QuoteExpired.selector, q.validUntil), q);
        q = quote();
        q.replaces = id;
        (q.resources.cpuMilli, q.prices.cpuMilli) = (4000, type(uint96).max);
        (bool ok, bytes memory answer) = tryCall(alice, its.market, abi.encodeCall(market.replaceOrder, (q, sign(BOB_KEY, q))));
        require(!ok && bytes4(answer) == IMarket.InsufficientCredits.selector, "no such credits");
        same(market.get(id).status, 2, "the old one runs on");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IPledge, PledgeParameters, PoolState, Position} from "../../abi/IPledge.sol";
import {Base} from "./Base.sol";

contract PledgeSlashTest is Base {
    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        fund(carol, 1000 ether);
        register(bob, info());
    }

    function _pledge(address by, uint256 amount) private {
        vm.prank(by);
        pledge.pledge(amount, bob);
    }

    function _unpledge(address by, uint256 amount) private {
        vm.prank(by);
        pledge.unpledge(amount, bob);
    }

    function _withdraw(address by) private returns (uint256) {
        vm.prank(by);
        return pledge.withdrawUnbonded(bob);
    }

    function _slash(uint256 amount) private returns (uint64) {
        vm.prank(carol);
        return pledge.slash(bob, amount, "was down");
    }

    function _epoch() private {
        later(60);
    }

    function _position(address account) private view returns (Position memory) {
        return pledge.position(account, bob);
    }

    function test_a_slash_waits_and_takes_from_everybody() external {
        _pledge(alice, 1000);
        _pledge(carol, 1000);
        _unpledge(carol, 500);
        emits(its.pledge);
        emit IPledge.SlashAnnounced(1, bob, carol, 600, "was down", uint64(START) + 60);
        uint64 id = _slash(600);
        refuses(abi.encodeWithSelector(IPledge.SlashNotDue.selector, id, START + 60));
        pledge.executeSlash(id);
        vm.warp(START + 60);
        uint256 supply = token.totalSupply();
        emits(its.pledge);
        emit IPledge.SlashExecuted(id, bob, address(0), 600, 0, PoolState(1400, 2000, 1500, 0, uint64(START) / 60, 0, 0));
        same(pledge.executeSlash(id), 600, "taken");
        same(token.totalSupply(), supply - 600, "burned");
        require(_position(alice).pledged == 700 && _position(carol).pledged == 350 && _position(carol).unbonding == 350, "unbonding too");
        require(pledge.getSlash(id).status == 2 && pledge.getSlash(id).taken == 600, "executed");
        refuses(abi.encodeWithSelector(IPledge.SlashClosed.selector, id, 2));
        pledge.executeSlash(id);
        vm.warp(START + 120);
        same(_withdraw(carol), 350, "what it is worth");
        vm.prank(alice);
        pledge.pledge(7, bob);
        same(_position(alice).state.incoming, 10, "floor(7 * 1500 / 1050) shares");
        vm.prank(alice);
        pledge.unpledge(4, bob);
        same(_position(alice).entries[0].shares, 6, "ceil(4 * 1510 / 1057) shares");
    }

    function test_guards_of_a_slash_in_their_order() external {
        refuses(abi.encodeWithSelector(IPledge.MissingRole.selector, bytes32("SLASHER"), alice));
        vm.prank(alice);
        pledge.slash(bob, 0, "");
        vm.startPrank(carol);
        refuses(abi.encodeWithSelector(IPledge.ZeroAmount.selector));
        pledge.slash(bob, 0, string(new bytes(257)));
        refuses(abi.encodeWithSelector(IPledge.TooMany.selector, 257, 256));
        pledge.slash(bob, 1, string(new bytes(257)));
        refuses(abi.encodeWithSelector(IPledge.SlashTooLarge.selector, 1, 0));
        pledge.slash(bob, 1, string(new bytes(256)));
        vm.stopPrank();
        refuses(abi.encodeWithSelector(IPledge.UnknownSlash.selector, 1));
        pledge.executeSlash(1);
        same(pledge.getSlash(1).id, 0, "none");
    }

    function test_an_epoch_takes_no_more_than_its_part() external {
        _pledge(alice, 1000);
        uint64 one = _slash(300);
        uint64 two = _slash(200);
        _epoch();
        same(pledge.slashable(bob), 300, "limit");
        same(pledge.executeSlash(one), 300, "the first");
        same(pledge.slashable(bob), 0, "nothing more");
        uint64 epoch = pledge.epoch();
        refuses(abi.encodeWithSelector(IPledge.SlashLimitReached.selector, bob, epoch));
        pledge.executeSlash(two);
        uint64 three = _slash(210);
        _epoch();
        same(pledge.executeSlash(two), 200, "in the next");
        same(pledge.executeSlash(three), 10, "what is left of it");
        same(pledge.getSlash(three).status, 1, "still announced");
        _epoch();
        uint256 limit = uint256(490) * 3000 / 10_000;
        same(pledge.executeSlash(three), limit, "a part again");
        _epoch();
        same(pledge.executeSlash(three), 53, "and the end");
        same(pledge.getSlash(three).status, 2, "done");
    }

    function test_a_slash_is_vetoed() external {
        _pledge(alice, 1000);
        uint64 id = _slash(300);
        refuses(abi.encodeWithSelector(IPledge.MissingRole.selector, bytes32("VETO"), alice));
        vm.prank(alice);
        pledge.vetoSlash(id);
        refuses(abi.encodeWithSelector(IPledge.UnknownSlash.selector, 9));
        vm.prank(dave);
        pledge.vetoSlash(9);
        emits(its.pledge);
        emit IPledge.SlashVetoed(id, dave);
        vm.prank(dave);
        pledge.vetoSlash(id);
        refuses(abi.encodeWithSelector(IPledge.SlashClosed.selector, id, 3));
        vm.prank(dave);
        pledge.vetoSlash(id);
        id = _slash(300);
        decide(its.pledge, abi.encodeCall(pledge.vetoSlash, (id)));
        same(pledge.getSlash(id).status, 3, "by the council");
    }

    function test_a_slash_lapses_when_nobody_of_then_is_there() external {
        _pledge(alice, 1000);
        _unpledge(alice, 1000);
        later(61);
        uint64 id = _slash(300);
        later(59);
        _withdraw(alice);
        _pledge(alice, 1000);
        later(1);
        uint256 before = pledge.pool(bob).total;
        same(pledge.executeSlash(id), 0, "nothing");
        same(pledge.getSlash(id).status, 4, "lapsed");
        same(pledge.pool(bob).total, before, "the new generation is whole");
    }

    function test_a_slash_goes_to_the_treasury() external {
        setParameter("treasury", uint160(dave));
        _pledge(alice, 1000);
        uint64 id = _slash(300);
        _epoch();
        pledge.executeSlash(id);
        same(credit.balanceOf(dave), 300, "treasury");
    }
}

/// @title Pools that slashes bring down to nothing
contract PledgeRuinTest is Base {
    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        register(bob, info());
        vm.prank(alice);
        pledge.pledge(10 ** 12, bob);
        vm.warp(START + 60);
        vm.startPrank(its.market);
        pledge.promiseProfit(500);
        pledge.mintProfit(bob, 1, 500);
        vm.stopPrank();
    }

    function pledgeParameters() internal pure override returns (PledgeParameters memory) {
        return PledgeParameters(60, 120, 60, 10_000, 1000 ether);
    }

    function _take(uint256 amount) private {
        vm.prank(carol);
        uint64 id = pledge.slash(bob, amount, "");
        later(60);
        pledge.executeSlash(id);
    }

    function test_a_ruined_pool_takes_no_new_pledges() external {
        // A share is worth 2^-16 credits, just enough; then one credit less.
        _take(10 ** 12 - 15_258_790);
        vm.prank(alice);
        pledge.pledge(1, bob);
        vm.startPrank(alice);
        pledge.unpledge(1, bob);
        vm.stopPrank();
        _take(1000);
        refuses(abi.encodeWithSelector(IPledge.PoolRuined.selector, bob));
        vm.prank(alice);
        pledge.pledge(1, bob);
    }

    function test_a_slash_that_leaves_too_little_takes_the_rest() external {
        _take(10 ** 12 - 233); // 10^12 / 2^32 is 232.8: the pool goes on
        require(pledge.pool(bob).total == 233 && pledge.pool(bob).generation == 0, "goes on");
        _take(1);
        PoolState memory p = pledge.pool(bob);
        require(p.total == 0 && p.shares == 0 && p.generation == 1, "begins anew");
        same(pledge.getSlash(2).taken, 1, "no more than was announced");
        same(pledge.getSlash(2).status, 2, "executed");
        same(pledge.position(alice, bob).pledged, 0, "worth nothing");
        same(pledge.earned(alice, bob), 499, "what was earned before stays");
        vm.prank(alice);
        pledge.pledge(5, bob);
        Position memory held = pledge.position(alice, bob);
        require(held.pledged == 5 && held.state.generation == 1 && held.earned == 499, "a new position");
    }

    function test_a_slash_of_everything() external {
        vm.prank(alice);
        pledge.unpledge(10 ** 11, bob);
        vm.prank(carol);
        uint64 one = pledge.slash(bob, 10 ** 12, "");
        vm.prank(carol);
        uint64 two = pledge.slash(bob, 5, "");
        later(60);
        same(pledge.executeSlash(one), 10 ** 12, "all");
        same(pledge.executeSlash(two), 0, "nothing is there any more");
        same(pledge.getSlash(two).status, 4, "lapsed");
        Position memory held = pledge.position(alice, bob);
        require(held.pledged == 0 && held.unbonding == 0 && held.entries.length == 0, "nothing");
        later(60);
        refuses(abi.encodeWithSelector(IPledge.NothingUnbonded.selector, alice, bob));
        vm.prank(alice);
        pledge.withdrawUnbonded(bob);
    }
}

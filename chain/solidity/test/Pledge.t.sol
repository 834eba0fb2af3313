// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {Parameters} from "../../abi/IMarket.sol";
import {IPledge, PledgeParameters, PoolState, Position, PositionState} from "../../abi/IPledge.sol";
import {Base} from "./Base.sol";

/// @dev Stands where the credits are, and calls back.
contract ReenteringPledge {
    fallback() external {
        IPledge(msg.sender).claim(address(1));
    }
}

contract PledgeTest is Base {
    uint256 private constant UNIT = 2 ** 64;

    function setUp() public virtual override {
        super.setUp();
        fund(alice, 1000 ether);
        fund(carol, 1000 ether);
        register(bob, info());
    }

    function parameters() internal pure override returns (Parameters memory) {
        return Parameters(3600, 3, 100, 30 days, 1, 1000, address(0), 500);
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

    function _claim(address by) private returns (uint256) {
        vm.prank(by);
        return pledge.claim(bob);
    }

    function _mint(uint256 amount) private returns (uint256) {
        vm.startPrank(its.market);
        require(pledge.promiseProfit(amount) == amount, "promised");
        uint256 minted = pledge.mintProfit(bob, 1, amount);
        vm.stopPrank();
        return minted;
    }

    function _epoch() private {
        later(60);
    }

    function _position(address account) private view returns (Position memory) {
        return pledge.position(account, bob);
    }

    function test_a_deployment_checks_its_parameters() external {
        cannotCreate("Pledge", abi.encode(its, pledgeParameters()), "");
        PledgeParameters[6] memory bad;
        for (uint256 i = 0; i < 6; ++i) {
            bad[i] = pledgeParameters();
        }
        bad[0].epochLength = 0;
        bad[1].epochLength = 365 days + 1;
        bad[2].unbondingPeriod = 365 days + 1;
        bad[3].slashDelay = bad[3].unbondingPeriod;
        bad[4].maxSlashBp = 10_001;
        bad[5].epochProfit = 2 ** 96;
        for (uint256 i = 0; i < 6; ++i) {
            predict();
            its.pledge = its.token;
            cannotCreate("Pledge", abi.encode(its, bad[i]), "");
        }
        PledgeParameters memory p = pledge.parameters();
        require(
            p.epochLength == 60 && p.unbondingPeriod == 120 && p.slashDelay == 60 && p.maxSlashBp == 3000 && p.epochProfit == 1000 ether,
            "parameters"
        );
    }

    function test_a_pledge_becomes_shares_that_earn_from_the_next_epoch() external {
        uint64 epoch = pledge.epoch();
        emits(its.pledge);
        emit IPledge.EpochRolled(0, epoch);
        emits(its.credit);
        emit ICredit.Transfer(alice, its.pledge, 128);
        emits(its.pledge);
        emit IPledge.PositionChanged(
            alice, bob, 0, 128, 128, 0, PositionState(0, 128, epoch, 0, 0, 0), PoolState(128, 128, 0, 128, epoch, 0, 0)
        );
        _pledge(alice, 128);
        same(pledge.pledgedBy(alice), 128, "pledged");
        same(_mint(7), 0, "nobody earns yet");
        _epoch();
        require(pledge.pool(bob).earning == 128 && pledge.pool(bob).incoming == 0, "now it earns");
        same(_mint(7), 7, "minted");
        same(pledge.earned(alice, bob), 7, "earned");
        (uint256 unclaimed, uint256 promised, uint256 inEpoch) = pledge.profit();
        require(unclaimed == 7 && promised == 0 && inEpoch == 7, "profit");
        _epoch();
        (,, inEpoch) = pledge.profit();
        same(inEpoch, 0, "another epoch");
    }

    function test_profit_is_shared_by_what_earned_then() external {
        _pledge(alice, 128);
        _epoch();
        _pledge(carol, 384);
        _mint(10); // alice alone
        _epoch();
        _mint(40); // 1 to 3
        require(pledge.earned(alice, bob) == 20 && pledge.earned(carol, bob) == 30, "shared");
        same(_claim(alice), 20, "claimed");
        same(credit.balanceOf(alice), 1000 ether - 128 + 20, "paid");
        refuses(abi.encodeWithSelector(IPledge.NothingEarned.selector, alice, bob));
        _claim(alice);
        refuses(abi.encodeWithSelector(IPledge.NothingEarned.selector, dave, bob));
        _claim(dave);
        same(_claim(carol), 30, "carol");
    }

    function test_incoming_shares_earn_nothing_that_was_minted_before_their_epoch() external {
        _pledge(alice, 128);
        _epoch();
        _mint(10);
        _pledge(carol, 128); // the mark is the profit of now
        _epoch();
        _epoch();
        _pledge(carol, 256); // banks, more incoming
        _mint(20);
        same(pledge.earned(carol, bob), 10, "half, for the first of them");
        _epoch();
        _mint(40);
        same(pledge.earned(carol, bob), 40, "three quarters of the rest");
        same(pledge.earned(alice, bob), 30, "alice");
    }

    function test_guards_of_a_pledge_in_their_order() external {
        refuses(abi.encodeWithSelector(IPledge.ZeroAmount.selector));
        pledge.pledge(0, carol);
        refuses(abi.encodeWithSelector(IPledge.UnknownProvider.selector, carol));
        pledge.pledge(1, carol);
        refuses(abi.encodeWithSelector(IPledge.InsufficientCredits.selector, 1, 0));
        _pledge(dave, 1);
    }

    function test_an_account_is_in_so_many_pools() external {
        for (uint160 i = 1; i <= 33; ++i) {
            register(address(i), info());
        }
        vm.startPrank(alice);
        for (uint160 i = 1; i <= 32; ++i) {
            pledge.pledge(10, address(i));
        }
        refuses(abi.encodeWithSelector(IPledge.TooMany.selector, 33, 32));
        pledge.pledge(10, address(33));
        pledge.pledge(10, address(32)); // in one of them
        same(pledge.pledgedBy(alice), 330, "sum");
        pledge.unpledge(10, address(5));
        vm.stopPrank();
        later(120);
        vm.startPrank(alice);
        pledge.withdrawUnbonded(address(5));
        pledge.pledge(10, address(33));
        vm.stopPrank();
        address[] memory list = pledge.poolsOf(alice);
        require(list.length == 32 && list[3] == address(4) && list[4] == address(6) && list[31] == address(33), "in order");
    }

    function test_unpledged_shares_wait_and_are_paid() external {
        _pledge(alice, 100);
        _epoch();
        _pledge(alice, 50); // these are given back first
        uint64 releaseAt = uint64(block.timestamp) + 120;
        uint64 epoch = pledge.epoch();
        emits(its.pledge);
        emit IPledge.PositionChanged(
            alice, bob, 1, 60, 60, releaseAt, PositionState(90, 0, epoch, 0, 0, 0), PoolState(150, 150, 90, 0, epoch, 0, 0)
        );
        _unpledge(alice, 60);
        _unpledge(alice, 10); // in the same second: one entry
        Position memory p = _position(alice);
        require(p.pledged == 80 && p.unbonding == 70 && p.entries.length == 1 && p.entries[0].releaseAt == releaseAt, "position");
        vm.warp(releaseAt - 1);
        refuses(abi.encodeWithSelector(IPledge.NothingUnbonded.selector, alice, bob));
        _withdraw(alice);
        vm.warp(releaseAt);
        same(_withdraw(alice), 70, "paid");
        same(credit.balanceOf(alice), 1000 ether - 80, "credits");
        require(pledge.pool(bob).total == 80 && _position(alice).entries.length == 0, "left");
    }

    function test_guards_of_unpledging() external {
        refuses(abi.encodeWithSelector(IPledge.ZeroAmount.selector));
        _unpledge(alice, 0);
        refuses(abi.encodeWithSelector(IPledge.InsufficientPledge.selector, 1, 0));
        _unpledge(alice, 1);
        _pledge(alice, 100);
        refuses(abi.encodeWithSelector(IPledge.InsufficientPledge.selector, 101, 100));
        _unpledge(alice, 101);
        for (uint256 i = 0; i < 8; ++i) {
            later(1);
            _unpledge(alice, 1);
        }
        _unpledge(alice, 1);
        later(1);
        refuses(abi.encodeWithSelector(IPledge.TooManyUnbonding.selector, 8));
        _unpledge(alice, 1);
        later(115);
        same(_withdraw(alice), 4, "the first four");
        same(_position(alice).entries.length, 4, "the others wait");
        _unpledge(alice, 1);
        same(_position(alice).entries[4].shares, 1, "in order");
    }

    function test_when_everybody_has_left_the_pool_begins_anew() external {
        _pledge(alice, 128);
        _epoch();
        _mint(7);
        _unpledge(alice, 128);
        later(120);
        _withdraw(alice);
        PoolState memory p = pledge.pool(bob);
        require(p.generation == 1 && p.total == 0 && p.shares == 0 && p.earning == 0, "empty");
        require(pledge.poolsOf(alice).length == 1, "profit is still there");
        same(_claim(alice), 7, "claimed");
        require(pledge.poolsOf(alice).length == 0 && pledge.positionCount(bob) == 1, "gone, but remembered");
        _pledge(alice, 5);
        same(pledge.positionCount(bob), 1, "the same member");
    }

    function test_nobody_enters_twice() external {
        _pledge(alice, 100);
        vm.etch(its.credit, type(ReenteringPledge).runtimeCode);
        refuses(abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        _pledge(alice, 1);
    }

    // --- profit

    function test_only_the_market_promises_mints_and_lapses() external {
        bytes memory notProtocol = abi.encodeWithSelector(IPledge.NotProtocol.selector, alice);
        vm.startPrank(alice);
        refuses(notProtocol);
        pledge.promiseProfit(1);
        refuses(notProtocol);
        pledge.mintProfit(bob, 1, 1);
        refuses(notProtocol);
        pledge.lapseProfit(1);
        vm.stopPrank();
        refuses(abi.encodeWithSelector(bytes4(keccak256("Panic(uint256)")), 0x11));
        vm.prank(its.market);
        pledge.lapseProfit(1);
    }

    function test_promises_are_what_epoch_and_cap_leave() external {
        vm.startPrank(its.market);
        same(pledge.promiseProfit(600 ether), 600 ether, "first");
        same(pledge.promiseProfit(600 ether), 400 ether, "what the epoch leaves");
        same(pledge.promiseProfit(1), 0, "nothing");
        vm.stopPrank();
        uint256 room = CAP - token.totalSupply() - 1000 ether;
        vm.prank(minter);
        token.mint(dave, room - 5);
        _epoch();
        vm.startPrank(its.market);
        same(pledge.promiseProfit(600 ether), 5, "what the cap leaves");
        pledge.lapseProfit(5);
        pledge.lapseProfit(1000 ether);
        vm.stopPrank();
        (, uint256 promised,) = pledge.profit();
        same(promised, 0, "no promise");
    }

    function test_a_promise_is_minted_as_far_as_the_cap_leaves() external {
        _pledge(alice, 100);
        _epoch();
        vm.prank(its.market);
        pledge.promiseProfit(100);
        uint256 room = CAP - token.totalSupply();
        vm.prank(minter);
        token.mint(dave, room - 60);
        emits(its.pledge);
        emit IPledge.ProfitMinted(bob, 3, 60, 100, 60 * UNIT / 100);
        vm.prank(its.market);
        same(pledge.mintProfit(bob, 3, 100), 60, "minted");
        same(token.totalSupply(), CAP, "all");
        vm.startPrank(its.market);
        same(pledge.promiseProfit(100), 0, "no room");
        vm.stopPrank();
        same(_claim(alice), 59, "a fraction stays");
    }

    function test_an_order_brings_profit_as_it_is_served() external {
        _pledge(carol, 100);
        _epoch();
        uint64 id = activated(3600);
        uint256 profit = RATE * 500 / 10_000;
        same(market.get(id).profit, profit, "promised");
        later(1800);
        market.settle(id);
        uint256 half = profit * (RATE / 2) / RATE;
        same(market.get(id).profitMinted, half, "half");
        require(half - pledge.earned(carol, bob) <= 1, "earned");
        vm.prank(alice);
        market.extendOrder(id, 3600);
        same(market.get(id).profit, 2 * profit, "more");
        later(1800);
        market.settle(id);
        vm.prank(alice);
        market.cancelOrder(id);
        (uint256 unclaimed, uint256 promised,) = pledge.profit();
        require(promised == 0 && unclaimed == market.get(id).profitMinted, "the rest lapsed");
    }

    function test_an_order_without_profit_left_is_created_all_the_same() external {
        vm.prank(its.market);
        pledge.promiseProfit(1000 ether);
        same(market.get(order(3600)).profit, 0, "none left");
    }

    // --- views

    function test_positions_in_the_order_of_first_pledges() external {
        _pledge(carol, 5);
        _pledge(alice, 7);
        _pledge(carol, 5);
        same(pledge.positionCount(bob), 2, "members");
        Position[] memory page = pledge.positions(bob, 0, 100);
        require(page.length == 2 && page[0].account == carol && page[0].pledged == 10 && page[1].account == alice, "in order");
        same(pledge.positions(bob, 1, 1)[0].account, alice, "a page");
        same(pledge.positions(bob, 2, 1).length, 0, "behind it");
        refuses(abi.encodeWithSelector(IPledge.TooMany.selector, 101, 100));
        pledge.positions(bob, 0, 101);
        same(_position(dave).pledged, 0, "none");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ICredit} from "../../abi/ICredit.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {IMarket, Order, Parameters, Permit} from "../../abi/IMarket.sol";
import {Delta, IRegistry, Info, Prices, Resources} from "../../abi/IRegistry.sol";
import {MULTICALL3} from "../contracts/Contracts.sol";
import {Base} from "./Base.sol";
import {Vm} from "./Vm.sol";

/// @title Orders by offer, and what the council may change about them
contract MarketCreationTest is Base {
    function setUp() public override {
        super.setUp();
        fund(alice, 1000 ether);
        fund(carol, 1000 ether);
        register(bob, info());
    }

    function _refused(bytes memory why, address provider, Resources memory r, Prices memory p, uint64 duration, uint64 minProbation)
        private
    {
        refuses(why);
        vm.prank(alice);
        market.createOrder(provider, r, p, duration, minProbation);
    }

    function _refusedTerms(bytes memory why, uint64 minProbation) private {
        _refused(why, bob, resources(), prices(), 3600, minProbation);
    }

    function _withProbation(uint64 probation, uint96 probationPledge) private {
        Info memory i = info();
        (i.probation, i.probationPledge) = (probation, probationPledge);
        register(bob, i);
    }

    function test_an_order_escrows_its_price_and_reserves_its_resources() external {
        uint256 deposit = (RATE * 5000 + 3599) / 3600;
        emits(its.registry);
        emit IRegistry.ResourceDelta(bob, bytes32(uint256(1)), _delta(resources()), Resources(3000, 7168, 9900, 1));
        emits(its.credit);
        emit ICredit.Transfer(alice, its.market, deposit);
        vm.recordLogs();
        same(order(5000), 1, "id");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        // Static words, in two parts: emit would take more than the stack has.
        bytes memory words = bytes.concat(
            abi.encode(resources(), prices(), 5000, 0, true, false), abi.encode(START, START + 3600, deposit, true, 0, 0, 0, 0)
        );
        require(logs.length == 3 && keccak256(logs[2].data) == keccak256(words), "OrderCreated");
        require(logs[2].topics[0] == IMarket.OrderCreated.selector && uint256(logs[2].topics[1]) == 1, "topics");
        require(logs[2].topics[2] == _word(alice) && logs[2].topics[3] == _word(bob), "parties");
        Order memory o = market.get(1);
        require(o.id == 1 && o.user == alice && o.provider == bob && o.status == 1 && o.userCheck && !o.providerCheck, "who");
        require(o.deposit == deposit && o.accrued == 0 && o.paidProvider == 0 && o.paidUser == 0 && o.paidFee == 0, "money");
        require(o.createdAt == START && o.activationDeadline == START + 3600 && o.duration == 5000 && o.renewable, "times");
        require(keccak256(abi.encode(o.resources, o.prices)) == keccak256(abi.encode(resources(), prices())), "terms");
        same(market.current(alice, bob), 1, "current");
        same(market.count(), 1, "count");
        same(market.ordersOfUser(alice, 0, 100).length, 1, "of the user");
        same(market.ordersOfProvider(bob, 0, 100)[0], 1, "of the provider");
    }

    function _word(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _delta(Resources memory r) private pure returns (Delta memory) {
        return Delta(-int128(uint128(r.cpuMilli)), -int128(uint128(r.memoryMiB)), -int128(uint128(r.storageMiB)), -int128(uint128(r.gpus)));
    }

    function test_guards_in_their_order() external {
        Info memory i = info();
        i.acceptsOffers = false;
        register(bob, i);
        Prices memory low = Prices(0, 0, 0, 0);
        Resources memory much = Resources(type(uint64).max, 0, 0, 0);
        _refused(abi.encodeWithSelector(IMarket.InvalidDuration.selector, 0), carol, much, low, 0, 1);
        _refused(abi.encodeWithSelector(IMarket.InvalidDuration.selector, 3650 days + 1), carol, much, low, 3650 days + 1, 1);
        _refused(abi.encodeWithSelector(IMarket.UnknownProvider.selector, carol), carol, much, low, 1, 1);
        register(carol, info());
        vm.prank(carol);
        registry.deregister();
        _refused(abi.encodeWithSelector(IMarket.ProviderInactive.selector, carol), carol, much, low, 1, 1);
        _refused(abi.encodeWithSelector(IMarket.DepositBelowMinimum.selector, 0, 100), bob, much, low, 1, 1);
        low.cpuMilli = 2 ** 40;
        _refused(abi.encodeWithSelector(IMarket.ProbationTooShort.selector, 0, 1), bob, much, low, 1, 1);
        _refused(abi.encodeWithSelector(IMarket.OffersNotAccepted.selector, bob), bob, much, low, 1, 0);
        register(bob, info());
        _refused(abi.encodeWithSelector(IMarket.PriceTooLow.selector, 1, 0, 1), bob, much, low, 1, 0);
        low.memoryMiB = 1;
        _refused(abi.encodeWithSelector(IMarket.InsufficientResources.selector, 0, type(uint64).max, 4000), bob, much, low, 1, 0);
        much.cpuMilli = 4000;
        low.cpuMilli = type(uint96).max;
        uint256 deposit = (uint256(4000) * low.cpuMilli + 3599) / 3600;
        _refused(abi.encodeWithSelector(IMarket.InsufficientCredits.selector, deposit, 1000 ether), bob, much, low, 1, 0);
        order(3600);
        _refusedTerms(abi.encodeWithSelector(IMarket.OrderExists.selector, 1), 0);
        vm.prank(bob);
        market.activateOrder(1);
        _refusedTerms(abi.encodeWithSelector(IMarket.OrderExists.selector, 1), 0);
    }

    function test_each_price_is_at_least_its_minimum() external {
        Info memory i = info();
        i.minimumPrices = i.prices;
        register(bob, i);
        for (uint8 part = 0; part < 4; ++part) {
            Prices memory p = prices();
            uint96 minimum = part == 0 ? p.cpuMilli : part == 1 ? p.memoryMiB : part == 2 ? p.storageMiB : p.gpus;
            if (part == 0) --p.cpuMilli;
            if (part == 1) --p.memoryMiB;
            if (part == 2) --p.storageMiB;
            if (part == 3) --p.gpus;
            _refused(abi.encodeWithSelector(IMarket.PriceTooLow.selector, part, minimum - 1, minimum), bob, resources(), p, 3600, 0);
        }
    }

    function test_a_user_has_so_many_orders_waiting() external {
        for (uint160 i = 1; i <= 4; ++i) {
            register(address(i), info());
        }
        for (uint160 i = 1; i <= 3; ++i) {
            vm.prank(alice);
            market.createOrder(address(i), resources(), prices(), 3600, 0);
        }
        refuses(abi.encodeWithSelector(IMarket.TooManyUnactivated.selector, 3, 3));
        vm.prank(alice);
        market.createOrder(address(4), resources(), prices(), 3600, 0);
        refuses(abi.encodeWithSelector(IMarket.TooManyUnactivated.selector, 3, 3));
        market.checkPermission(alice, address(4), 1000, 0);
        vm.prank(address(1));
        market.activateOrder(1);
        vm.prank(alice);
        market.cancelOrder(2);
        same(market.checkPermission(alice, address(4), 1000, 0), 0, "room again");
        vm.startPrank(alice);
        market.createOrder(address(4), resources(), prices(), 3600, 0);
        market.createOrder(address(2), resources(), prices(), 3600, 0);
        vm.stopPrank();
    }

    function test_a_pair_has_one_probation_in_a_window() external {
        _withProbation(60, 0);
        same(market.checkPermission(alice, bob, 1000, 60), 60, "granted");
        uint64 id = order(3600);
        same(market.get(id).probation, 60, "free");
        refuses(abi.encodeWithSelector(IMarket.OrderExists.selector, id));
        market.checkPermission(alice, bob, 1000, 60);
        vm.prank(bob);
        market.activateOrder(id);
        later(61);
        vm.prank(alice);
        market.cancelOrder(id);
        same(market.checkPermission(alice, bob, 1000, 0), 0, "used");
        _refusedTerms(abi.encodeWithSelector(IMarket.ProbationUsed.selector, alice, bob), 1);
        same(market.checkPermission(carol, bob, 1000, 60), 60, "another user");
        vm.warp((block.timestamp / 30 days + 1) * 30 days);
        same(market.checkPermission(alice, bob, 1000, 60), 60, "in the next window");
        _refusedTerms(abi.encodeWithSelector(IMarket.ProbationTooShort.selector, 60, 61), 61);
    }

    function test_who_cancels_in_probation_too_often_gets_none() external {
        for (uint160 i = 1; i <= 4; ++i) {
            Info memory info_ = info();
            info_.probation = 60;
            register(address(i), info_);
        }
        for (uint160 i = 1; i <= 2; ++i) {
            same(market.checkPermission(alice, address(3), 1000, 60), 60, "not yet");
            vm.prank(alice);
            uint64 id = market.createOrder(address(i), resources(), prices(), 3600, 60);
            vm.prank(address(i));
            market.activateOrder(id);
            vm.prank(alice);
            market.cancelOrder(id);
            same(market.get(id).paidUser, market.get(id).deposit, "all back");
        }
        refuses(abi.encodeWithSelector(IMarket.ProbationUsed.selector, alice, address(3)));
        market.checkPermission(alice, address(3), 1000, 60);
        setParameter("probationWindow", 0);
        same(market.checkPermission(alice, address(3), 1000, 60), 60, "without windows");
        vm.prank(alice);
        uint64 last = market.createOrder(address(1), resources(), prices(), 3600, 60);
        vm.prank(address(1));
        market.activateOrder(last);
        vm.prank(alice);
        market.cancelOrder(last);
    }

    function test_cancels_that_do_not_count() external {
        _withProbation(60, 0);
        setParameter("maxProbationCancels", 0);
        uint64 id = order(3600);
        vm.startPrank(bob);
        market.activateOrder(id);
        market.suspend(id);
        market.resume(id);
        vm.stopPrank();
        vm.prank(alice);
        market.cancelOrder(id); // suspended
        register(dave, _probation(info()));
        vm.prank(alice);
        id = market.createOrder(dave, resources(), prices(), 3600, 60);
        vm.prank(dave);
        market.activateOrder(id);
        vm.prank(dave);
        market.cancelOrder(id); // by the provider
        register(minter, _probation(info()));
        vm.prank(alice);
        id = market.createOrder(minter, resources(), prices(), 3600, 60);
        vm.prank(minter);
        market.activateOrder(id);
        later(60);
        vm.prank(alice);
        market.cancelOrder(id); // after probation
        register(operator, _probation(info()));
        same(market.checkPermission(alice, operator, 1000, 60), 60, "none counted");
    }

    function _probation(Info memory i) private pure returns (Info memory) {
        i.probation = 60;
        return i;
    }

    function test_a_provider_grants_probation_to_who_pledged() external {
        _withProbation(60, 10);
        same(market.checkPermission(alice, bob, 1000, 0), 0, "poor");
        _refusedTerms(abi.encodeWithSelector(IMarket.PledgeTooSmall.selector, 0, 10), 1);
        vm.prank(alice);
        pledge.pledge(10, bob);
        same(market.checkPermission(alice, bob, 1000, 60), 60, "pledged");
    }

    function test_tokens_become_an_order_in_one_transaction() external {
        uint256 deposit = RATE;
        vm.prank(alice);
        credit.redeem(1000 ether);
        Permit memory p = signPermit(ALICE_KEY, its.credit, deposit, block.timestamp);
        vm.prank(alice);
        uint64 id = market.createOrderWithPermit(bob, resources(), prices(), 3600, 0, p);
        same(market.get(id).deposit, deposit, "deposit");
        same(credit.balanceOf(alice), 0, "all of it");
        p.value = 0;
        refuses(abi.encodeWithSelector(ICredit.ZeroAmount.selector));
        vm.prank(alice);
        market.createOrderWithPermit(bob, resources(), prices(), 3600, 0, p);
        p.value = 1;
        p.deadline = 1;
        refuses(abi.encodeWithSelector(IGridToken.ERC2612ExpiredSignature.selector, 1));
        vm.prank(alice);
        market.createOrderWithPermit(bob, resources(), prices(), 3600, 0, p);
    }

    function test_a_free_order_costs_nothing() external {
        setParameter("minimumDeposit", 0);
        Info memory i = info();
        i.minimumPrices = Prices(0, 0, 0, 0);
        register(bob, i);
        vm.prank(alice);
        uint64 id = market.createOrder(bob, Resources(0, 0, 0, 0), Prices(0, 0, 0, 0), 10, 0);
        vm.prank(bob);
        market.activateOrder(id);
        later(10);
        market.settle(id);
        same(market.get(id).status, 4, "completed");
    }

    // --- parameters

    function test_the_council_sets_parameters() external {
        (bytes32[8] memory keys, uint256[8] memory values) = (
            [
                bytes32("activationDeadline"),
                "maxUnactivated",
                "minimumDeposit",
                "probationWindow",
                "maxProbationCancels",
                "feeBp",
                "treasury",
                "profitBp"
            ],
            [uint256(3650 days), type(uint32).max, type(uint96).max, 3650 days, type(uint32).max, 10_000, uint256(uint160(dave)), 10_000]
        );
        for (uint256 i = 0; i < 8; ++i) {
            emits(its.market);
            emit IMarket.ParameterSet(keys[i], values[i]);
            vm.prank(its.council);
            market.setParameter(keys[i], values[i]);
        }
        Parameters memory p = market.parameters();
        require(p.activationDeadline == 3650 days && p.maxUnactivated == type(uint32).max && p.minimumDeposit == type(uint96).max, "first");
        require(p.probationWindow == 3650 days && p.maxProbationCancels == type(uint32).max, "second");
        require(p.feeBp == 10_000 && p.treasury == dave && p.profitBp == 10_000, "third");
        _invalid("activationDeadline", 0);
        for (uint256 i = 0; i < 6; ++i) {
            _invalid(keys[i], values[i] + 1);
        }
        _invalid("feeBp", 9_999);
        _invalid("profitBp", 10_001);
        _invalid("treasury", 2 ** 160);
        address[7] memory contracts = [its.token, its.credit, its.registry, its.market, its.council, its.pledge, MULTICALL3];
        for (uint256 i = 0; i < 7; ++i) {
            _invalid("treasury", uint160(contracts[i]));
        }
        vm.startPrank(its.council);
        market.setParameter("treasury", 0);
        refuses(abi.encodeWithSelector(IMarket.UnknownParameter.selector, bytes32("fee")));
        market.setParameter("fee", 0);
        vm.stopPrank();
        refuses(abi.encodeWithSelector(IMarket.NotCouncil.selector, alice));
        vm.prank(alice);
        market.setParameter("fee", 0);
    }

    function _invalid(bytes32 key, uint256 value) private {
        refuses(abi.encodeWithSelector(IMarket.InvalidParameter.selector, key, value));
        vm.prank(its.council);
        market.setParameter(key, value);
    }

    function test_a_deployment_checks_its_parameters() external {
        Parameters memory p = parameters();
        cannotCreate("Market", abi.encode(its, p), "");
        predict();
        its.market = its.token;
        p.profitBp = 1;
        cannotCreate("Market", abi.encode(its, p), abi.encodeWithSelector(IMarket.InvalidParameter.selector, bytes32("profitBp"), 1));
    }

    function test_orders_keep_what_they_were_created_with() external {
        uint64 id = order(3600);
        setParameter("feeBp", 1000);
        vm.prank(bob);
        market.activateOrder(id);
        later(3600);
        market.settle(id);
        same(market.get(id).paidFee, 0, "no fee");
        same(market.get(order(3600)).feeBp, 1000, "the next one");
    }
}

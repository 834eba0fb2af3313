// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ICouncil} from "../../abi/ICouncil.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {IMarket, Order, Parameters, Permit, Quote} from "../../abi/IMarket.sol";
import {IPledge, PledgeParameters} from "../../abi/IPledge.sol";
import {IRegistry, Info, Prices, Resources} from "../../abi/IRegistry.sol";
import {Allocation, Contracts} from "../contracts/Contracts.sol";
import {Vm} from "./Vm.sol";

/// @title A deployment with a few accounts, and what tests say about it
abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant MILLION = 1_000_000 ether;
    uint256 internal constant CAP = 100 * MILLION;
    bytes32 internal constant PERMIT = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    uint256 internal constant ALICE_KEY = 0xa11ce;
    uint256 internal constant BOB_KEY = 0xb0b;
    uint256 internal constant OPERATOR_KEY = 0x09e8;
    address internal alice; // a user
    address internal bob; // a provider
    address internal operator; // bob's
    address internal carol; // anybody
    address internal dave; // another provider
    address internal minter;

    Contracts internal its;
    IGridToken internal token;
    ICredit internal credit;
    IRegistry internal registry;
    IMarket internal market;
    ICouncil internal council;
    IPledge internal pledge;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(1000);
        (alice, bob, operator) = (vm.addr(ALICE_KEY), vm.addr(BOB_KEY), vm.addr(OPERATOR_KEY));
        (carol, dave, minter) = (address(0xca401), address(0xdade), address(0x317e4));
        deploy(parameters(), pledgeParameters());
    }

    function parameters() internal pure virtual returns (Parameters memory) {
        return Parameters(3600, 3, 100, 30 days, 1, 0, address(0), 0);
    }

    function pledgeParameters() internal pure virtual returns (PledgeParameters memory) {
        return PledgeParameters(60, 120, 60, 3000, 1000 ether);
    }

    function members() internal view returns (address[] memory m) {
        m = new address[](3);
        (m[0], m[1], m[2]) = (alice, bob, carol);
    }

    function deploy(Parameters memory p, PledgeParameters memory q) internal {
        predict();
        Allocation[] memory allocations = new Allocation[](3);
        allocations[0] = Allocation(alice, MILLION);
        allocations[1] = Allocation(bob, MILLION);
        allocations[2] = Allocation(carol, MILLION);
        address[] memory slashers = new address[](1);
        address[] memory vetoers = new address[](1);
        (slashers[0], vetoers[0]) = (carol, dave);
        token = IGridToken(create("GridToken", abi.encode(its, CAP, minter, allocations, true)));
        credit = ICredit(create("Credit", abi.encode(its)));
        registry = IRegistry(create("Registry", abi.encode(its)));
        market = IMarket(create("Market", abi.encode(its, p)));
        council = ICouncil(create("Council", abi.encode(its, members(), 2, 30, slashers, vetoers)));
        pledge = IPledge(create("Pledge", abi.encode(its, q)));
    }

    /// @dev A contract by its name alone: tests that do not contain the contracts are compiled in no time.
    function create(string memory name, bytes memory arguments) internal returns (address made) {
        (made,) = tryCreate(name, arguments);
        require(made != address(0), name);
    }

    /// @dev The zero account and what it reverted with when it could not be created.
    function tryCreate(string memory name, bytes memory arguments) internal returns (address made, bytes memory answer) {
        bytes memory code = abi.encodePacked(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        assembly {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                answer := mload(0x40)
                mstore(0x40, add(answer, and(add(returndatasize(), 63), not(31))))
                mstore(answer, returndatasize())
                returndatacopy(add(answer, 32), 0, returndatasize())
            }
        }
    }

    /// @dev Creation fails with this, to the byte.
    function cannotCreate(string memory name, bytes memory arguments, bytes memory why) internal {
        (address made, bytes memory answer) = tryCreate(name, arguments);
        require(made == address(0) && keccak256(answer) == keccak256(why), name);
    }

    /// @dev Where the next six contracts will be.
    function predict() internal {
        uint256 nonce = vm.getNonce(address(this));
        its = Contracts(_place(nonce), _place(nonce + 1), _place(nonce + 2), _place(nonce + 3), _place(nonce + 4), _place(nonce + 5));
    }

    function _place(uint256 nonce) private view returns (address) {
        return vm.computeCreateAddress(address(this), nonce);
    }

    // --- what tests say

    function same(uint256 a, uint256 b, string memory what) internal pure {
        if (a != b) revert(string.concat(what, ": ", text(a), " is not ", text(b)));
    }

    function same(address a, address b, string memory what) internal pure {
        require(a == b, what);
    }

    function text(uint256 n) internal pure returns (string memory) {
        if (n < 10) return string(abi.encodePacked(uint8(48 + n)));
        return string.concat(text(n / 10), text(n % 10));
    }

    /// @dev The next call reverts with this, to the byte.
    function refuses(bytes memory data) internal {
        vm.expectRevert(data);
    }

    /// @dev The next call emits this, with all its topics and data.
    function emits(address by) internal {
        vm.expectEmit(true, true, true, true, by);
    }

    function later(uint256 secs) internal {
        vm.warp(block.timestamp + secs);
        vm.roll(block.number + 1);
    }

    function between(uint256 n, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + n % (most - least + 1);
    }

    // --- what accounts do

    function fund(address account, uint256 value) internal {
        vm.prank(minter);
        token.mint(account, value);
        vm.prank(account);
        token.approve(its.credit, value);
        vm.prank(account);
        credit.purchase(value);
    }

    function signPermit(uint256 key, address spender, uint256 value, uint256 deadline) internal returns (Permit memory p) {
        address owner = vm.addr(key);
        bytes32 terms = keccak256(abi.encode(PERMIT, owner, spender, value, token.nonces(owner), deadline));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), terms));
        (p.value, p.deadline) = (value, deadline);
        (p.v, p.r, p.s) = vm.sign(key, digest);
    }

    /// @dev 4 cores and 8 GiB: a core costs 3600, a GiB 1024 * 7 an hour.
    function info() internal view returns (Info memory i) {
        i.host = "provider.example";
        i.port = 8090;
        i.prices = prices();
        i.minimumPrices = Prices(1, 1, 0, 0);
        i.total = Resources(4000, 8192, 10_000, 2);
        i.attributes = '{"region":"eu"}';
        i.renewable = true;
        i.acceptsOffers = true;
        i.operatorKey = operator;
    }

    function prices() internal pure virtual returns (Prices memory) {
        return Prices(3, 7, 1, 100);
    }

    function resources() internal pure returns (Resources memory) {
        return Resources(1000, 1024, 100, 1);
    }

    /// @dev R of `resources` at `prices`.
    uint256 internal constant RATE = 1000 * 3 + 1024 * 7 + 100 * 1 + 1 * 100;

    function register(address provider, Info memory i) internal {
        vm.prank(provider);
        registry.set(i);
    }

    /// @dev alice orders from bob.
    function order(uint64 duration) internal returns (uint64) {
        vm.prank(alice);
        return market.createOrder(bob, resources(), prices(), duration, 0);
    }

    function activated(uint64 duration) internal returns (uint64 id) {
        id = order(duration);
        vm.prank(bob);
        market.activateOrder(id);
    }

    function quote() internal view returns (Quote memory q) {
        q.provider = bob;
        q.user = alice;
        q.resources = resources();
        q.prices = prices();
        q.duration = 3600;
        q.renewable = true;
        q.validUntil = uint64(block.timestamp) + 600;
        q.epoch = market.quoteEpoch(bob);
        q.salt = keccak256(abi.encode(block.timestamp, market.count()));
    }

    function digestOf(Quote memory q) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("GRID Market"),
                keccak256("1"),
                block.chainid,
                its.market
            )
        );
        bytes32 kind = keccak256(
            "Quote(address provider,address user,uint64 cpuMilli,uint64 memoryMiB,uint64 storageMiB,uint64 gpus,"
            "uint96 cpuMilliPrice,uint96 memoryMiBPrice,uint96 storageMiBPrice,uint96 gpuPrice,uint64 duration,"
            "uint64 probation,bool renewable,uint64 validUntil,uint64 replaces,uint64 epoch,bytes32 salt)"
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(kind, q))));
    }

    function sign(uint256 key, Quote memory q) internal returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(q));
        return abi.encodePacked(r, s, v);
    }

    /// @dev alice's order on a quote that bob signed.
    function quoted(Quote memory q) internal returns (uint64) {
        bytes memory signature = sign(BOB_KEY, q);
        vm.prank(alice);
        return market.createOrderWithQuote(q, signature);
    }

    /// @dev The council carries out a call.
    function decide(address target, bytes memory data) internal {
        vm.prank(alice);
        uint64 id = council.propose(target, data);
        vm.prank(bob);
        council.approve(id);
        later(council.delay());
        council.execute(id);
    }

    function setParameter(bytes32 key, uint256 value) internal {
        decide(its.market, abi.encodeCall(market.setParameter, (key, value)));
    }

    /// @dev A call by an account: what it returned, or reverted with.
    function tryCall(address by, address to, bytes memory data) internal returns (bool ok, bytes memory answer) {
        vm.prank(by);
        return to.call(data);
    }
}

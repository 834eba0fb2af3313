// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IGridToken} from "../../abi/IGridToken.sol";
import {Permit} from "../../abi/IMarket.sol";
import {Allocation, Contracts} from "../contracts/Contracts.sol";
import {Base} from "./Base.sol";

contract GridTokenTest is Base {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function test_a_deployment_mints_its_allocations() external view {
        same(token.totalSupply(), 3 * MILLION, "supply");
        same(token.balanceOf(alice), MILLION, "alice");
        same(token.cap(), CAP, "cap");
        same(token.minter(), minter, "minter");
        same(token.decimals(), 18, "decimals");
    }

    function test_a_deployment_elsewhere_than_foretold_or_with_too_high_a_cap_fails() external {
        Contracts memory c = its;
        Allocation[] memory none = new Allocation[](0);
        cannotCreate("GridToken", abi.encode(c, CAP, minter, none, false), "");
        predict();
        cannotCreate("GridToken", abi.encode(its, 2 ** 96, minter, none, false), "");
    }

    function test_tokens_sent_to_contracts_are_refused_except_by_themselves() external {
        address[6] memory refusing = [address(0), its.token, its.registry, its.market, its.council, its.pledge];
        for (uint256 i = 0; i < refusing.length; ++i) {
            refuses(abi.encodeWithSelector(IGridToken.ERC20InvalidReceiver.selector, refusing[i]));
            vm.prank(alice);
            token.transfer(refusing[i], 1);
            refuses(abi.encodeWithSelector(IGridToken.ERC20InvalidReceiver.selector, refusing[i]));
            vm.prank(minter);
            token.mint(refusing[i], 1);
        }
        vm.prank(its.council);
        token.faucet(5);
        vm.prank(its.council);
        token.transfer(its.council, 5);
        same(token.balanceOf(its.council), 5, "its own");
    }

    function test_a_transfer_moves_tokens() external {
        emits(its.token);
        emit IGridToken.Transfer(alice, carol, 7);
        vm.prank(alice);
        require(token.transfer(carol, 7), "answer");
        same(token.balanceOf(carol), MILLION + 7, "carol");
        refuses(abi.encodeWithSelector(IGridToken.ERC20InsufficientBalance.selector, dave, 0, 1));
        vm.prank(dave);
        token.transfer(carol, 1);
    }

    function test_tokens_sent_to_credit_by_hand_wait_there() external {
        vm.prank(alice);
        token.transfer(its.credit, 7);
        same(credit.pending(alice), 7, "pending");
        vm.prank(alice);
        token.approve(carol, 3);
        vm.prank(carol);
        token.transferFrom(alice, its.credit, 3);
        same(credit.pending(alice), 10, "for the owner");
        vm.prank(alice);
        token.transfer(its.credit, 0);
        same(credit.pending(alice), 10, "nothing more");
        refuses(abi.encodeWithSelector(IGridToken.ERC20InvalidReceiver.selector, its.credit));
        vm.prank(minter);
        token.mint(its.credit, 1);
    }

    function test_an_allowance_is_used_up_and_logged() external {
        vm.prank(alice);
        token.approve(carol, 10);
        emits(its.token);
        emit IGridToken.Approval(alice, carol, 6);
        vm.prank(carol);
        require(token.transferFrom(alice, dave, 4), "answer");
        same(token.allowance(alice, carol), 6, "left");
        refuses(abi.encodeWithSelector(IGridToken.ERC20InsufficientAllowance.selector, carol, 6, 7));
        vm.prank(carol);
        token.transferFrom(alice, address(0), 7);
        refuses(abi.encodeWithSelector(IGridToken.ERC20InvalidSpender.selector, address(0)));
        vm.prank(alice);
        token.approve(address(0), 1);
    }

    function test_an_unlimited_allowance_is_never_used_up() external {
        vm.prank(alice);
        token.approve(carol, type(uint256).max);
        vm.prank(carol);
        token.transferFrom(alice, dave, 4);
        same(token.allowance(alice, carol), type(uint256).max, "unlimited");
    }

    function test_nothing_can_be_moved_for_the_zero_account() external {
        emits(its.token);
        emit IGridToken.Approval(address(0), carol, 0);
        emits(its.token);
        emit IGridToken.Transfer(address(0), dave, 0);
        vm.prank(carol);
        require(token.transferFrom(address(0), dave, 0), "answer");
        refuses(abi.encodeWithSelector(IGridToken.ERC20InsufficientAllowance.selector, carol, 0, 1));
        vm.prank(carol);
        token.transferFrom(address(0), dave, 1);
        same(token.totalSupply(), 3 * MILLION, "supply");
    }

    function test_a_permit_approves_once() external {
        Permit memory p = signPermit(ALICE_KEY, carol, 5, block.timestamp);
        token.permit(alice, carol, p.value, p.deadline, p.v, p.r, p.s);
        same(token.allowance(alice, carol), 5, "allowance");
        same(token.nonces(alice), 1, "nonce");
        (bool ok, bytes memory answer) =
            address(token).call(abi.encodeCall(token.permit, (alice, carol, p.value, p.deadline, p.v, p.r, p.s)));
        require(!ok && bytes4(answer) == IGridToken.ERC2612InvalidSigner.selector, "spent");
    }

    function test_a_permit_that_is_late_or_nobodys_is_refused() external {
        Permit memory p = signPermit(ALICE_KEY, carol, 5, block.timestamp);
        bytes memory nobody = abi.encodeWithSelector(IGridToken.ERC2612InvalidSigner.selector, address(0), alice);
        refuses(nobody);
        token.permit(alice, carol, 5, p.deadline, p.v - 27, p.r, p.s);
        refuses(nobody);
        token.permit(alice, carol, 5, p.deadline, 55 - p.v, p.r, bytes32(ORDER - uint256(p.s)));
        refuses(nobody);
        token.permit(alice, carol, 5, p.deadline, p.v, 0, p.s);
        refuses(abi.encodeWithSelector(IGridToken.ERC2612InvalidSigner.selector, address(0), address(0)));
        token.permit(address(0), carol, 5, p.deadline, p.v, 0, p.s);
        later(1);
        refuses(abi.encodeWithSelector(IGridToken.ERC2612ExpiredSignature.selector, p.deadline));
        token.permit(alice, carol, 5, p.deadline, p.v, p.r, p.s);
        p = signPermit(ALICE_KEY, address(0), 5, block.timestamp);
        refuses(abi.encodeWithSelector(IGridToken.ERC20InvalidSpender.selector, address(0)));
        token.permit(alice, address(0), 5, p.deadline, p.v, p.r, p.s);
        same(token.nonces(alice), 0, "unused");
    }

    function test_the_domain_follows_the_chain() external {
        (bytes1 fields, string memory name, string memory version, uint256 chain, address verifier,,) = token.eip712Domain();
        require(fields == 0x0f && chain == block.chainid && verifier == its.token, "domain");
        require(keccak256(bytes(name)) == keccak256("GRID") && keccak256(bytes(version)) == keccak256("1"), "names");
        bytes32 before = token.DOMAIN_SEPARATOR();
        vm.chainId(99);
        require(token.DOMAIN_SEPARATOR() != before, "another chain");
    }

    function test_the_minter_mints_up_to_the_cap() external {
        refuses(abi.encodeWithSelector(IGridToken.NotMinter.selector, alice));
        vm.prank(alice);
        token.mint(alice, 1);
        uint256 room = CAP - token.totalSupply();
        refuses(abi.encodeWithSelector(IGridToken.ERC20ExceededCap.selector, CAP + 1, CAP));
        vm.prank(minter);
        token.mint(dave, room + 1);
        vm.prank(minter);
        token.mint(dave, room);
        same(token.totalSupply(), CAP, "all");
        vm.prank(dave);
        token.burn(room);
        same(token.totalSupply(), CAP - room, "burned");
        refuses(abi.encodeWithSelector(IGridToken.ERC20InsufficientBalance.selector, dave, 0, 1));
        vm.prank(dave);
        token.burn(1);
    }

    function test_without_a_minter_and_a_faucet_nobody_makes_tokens() external {
        predict();
        token = IGridToken(create("GridToken", abi.encode(its, CAP, address(0), new Allocation[](0), false)));
        refuses(abi.encodeWithSelector(IGridToken.NotMinter.selector, address(0)));
        vm.prank(address(0));
        token.mint(alice, 1);
        refuses(abi.encodeWithSelector(IGridToken.FaucetClosed.selector));
        token.faucet(1);
    }

    function test_the_faucet_gives_ten_thousand_a_call() external {
        vm.prank(dave);
        token.faucet(10_000 ether);
        same(token.balanceOf(dave), 10_000 ether, "dave");
        refuses(abi.encodeWithSelector(IGridToken.FaucetLimit.selector, 10_000 ether + 1, 10_000 ether));
        vm.prank(dave);
        token.faucet(10_000 ether + 1);
    }

    function testFuzz_transfers_keep_the_supply(uint256 value, uint256 allowed, bool far) external {
        value = between(value, 0, 2 * MILLION);
        allowed = between(allowed, 0, 2 * MILLION);
        address to = far ? dave : alice;
        vm.prank(alice);
        token.approve(carol, allowed);
        (bool ok,) = tryCall(carol, its.token, abi.encodeCall(token.transferFrom, (alice, to, value)));
        require(ok == (value <= allowed && value <= MILLION), "who may");
        same(token.balanceOf(alice), MILLION - (ok && far ? value : 0), "alice");
        same(token.balanceOf(dave), ok && far ? value : 0, "dave");
        same(token.allowance(alice, carol), allowed - (ok ? value : 0), "allowance");
        same(token.totalSupply(), 3 * MILLION, "supply");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICredit} from "../../abi/ICredit.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {Permit} from "../../abi/IMarket.sol";
import {Base} from "./Base.sol";

/// @dev Stands where the token is, and calls back.
contract Reentering {
    function transfer(address, uint256) external returns (bool) {
        ICredit(msg.sender).purchase(1);
        return true;
    }
}

contract CreditTest is Base {
    function _backed() private view {
        same(token.balanceOf(its.credit), credit.totalSupply() + credit.pending(alice) + credit.pending(carol), "backing");
    }

    function test_a_deployment_elsewhere_than_foretold_fails() external {
        cannotCreate("Credit", abi.encode(its), "");
        require(credit.token() == its.token && credit.decimals() == 18, "views");
        require(credit.isProtocol(its.market) && credit.isProtocol(its.pledge) && !credit.isProtocol(its.registry), "protocol");
    }

    function test_credits_are_bought_and_redeemed() external {
        vm.prank(alice);
        token.approve(its.credit, 10);
        emits(its.credit);
        emit ICredit.Transfer(address(0), alice, 10);
        emits(its.credit);
        emit ICredit.Purchased(alice, 10);
        vm.prank(alice);
        credit.purchase(10);
        _backed();
        emits(its.credit);
        emit ICredit.Redeemed(alice, 4);
        vm.prank(alice);
        credit.redeem(4);
        same(credit.balanceOf(alice), 6, "left");
        same(token.balanceOf(alice), MILLION - 6, "tokens");
        same(credit.pending(alice), 0, "not by hand");
        _backed();
        refuses(abi.encodeWithSelector(ICredit.InsufficientCredits.selector, 7, 6));
        vm.prank(alice);
        credit.redeem(7);
    }

    function test_nothing_is_neither_bought_nor_redeemed() external {
        bytes memory zero = abi.encodeWithSelector(ICredit.ZeroAmount.selector);
        refuses(zero);
        credit.purchase(0);
        refuses(zero);
        credit.redeem(0);
        refuses(zero);
        credit.purchaseWithPermit(0, 0, 0, 0, 0);
        refuses(abi.encodeWithSelector(IGridToken.ERC20InsufficientAllowance.selector, its.credit, 0, 5));
        credit.purchase(5);
    }

    function test_a_permit_buys_credits() external {
        Permit memory p = signPermit(ALICE_KEY, its.credit, 5, block.timestamp);
        vm.prank(alice);
        credit.purchaseWithPermit(p.value, p.deadline, p.v, p.r, p.s);
        same(credit.balanceOf(alice), 5, "credits");
        same(token.allowance(alice, its.credit), 0, "allowance");
        _backed();
    }

    function test_a_permit_that_somebody_used_first_does_not_stop_the_purchase() external {
        Permit memory p = signPermit(ALICE_KEY, its.credit, 5, block.timestamp);
        token.permit(alice, its.credit, 5, p.deadline, p.v, p.r, p.s);
        vm.prank(alice);
        credit.purchaseWithPermit(p.value, p.deadline, p.v, p.r, p.s);
        same(credit.balanceOf(alice), 5, "credits");
        refuses(abi.encodeWithSelector(IGridToken.ERC2612ExpiredSignature.selector, 1));
        vm.prank(alice);
        credit.purchaseWithPermit(5, 1, p.v, p.r, p.s);
    }

    function test_tokens_sent_by_hand_become_credits_of_their_sender() external {
        emits(its.credit);
        emit ICredit.TransferReceived(alice, 9);
        vm.prank(alice);
        token.transfer(its.credit, 9);
        _backed();
        emits(its.credit);
        emit ICredit.TransferClaimed(alice, dave, 9);
        vm.prank(dave);
        credit.claimTransfer(alice);
        same(credit.balanceOf(alice), 9, "credits");
        _backed();
        refuses(abi.encodeWithSelector(ICredit.NothingPending.selector, alice));
        credit.claimTransfer(alice);
    }

    function test_only_the_protocol_moves_credits() external {
        fund(alice, 100);
        bytes memory notProtocol = abi.encodeWithSelector(ICredit.NotProtocol.selector, carol);
        vm.startPrank(carol);
        refuses(notProtocol);
        credit.escrow(alice, 1);
        refuses(notProtocol);
        credit.release(alice, 1);
        refuses(notProtocol);
        credit.burn(1);
        refuses(notProtocol);
        credit.issue(1);
        refuses(notProtocol);
        credit.noteTransfer(alice, 1);
        refuses(notProtocol);
        credit.purchaseFor(alice, 1, 0, 0, 0, 0);
        vm.stopPrank();
        refuses(abi.encodeWithSelector(ICredit.NotProtocol.selector, its.market));
        vm.prank(its.market);
        credit.issue(1);
    }

    function test_the_protocol_escrows_releases_burns_and_issues() external {
        fund(alice, 100);
        uint256 supply = token.totalSupply();
        vm.startPrank(its.pledge);
        credit.escrow(alice, 60);
        credit.release(carol, 20);
        credit.burn(10);
        refuses(abi.encodeWithSelector(ICredit.InsufficientCredits.selector, 31, 30));
        credit.release(carol, 31);
        refuses(abi.encodeWithSelector(ICredit.InsufficientCredits.selector, 31, 30));
        credit.burn(31);
        refuses(abi.encodeWithSelector(ICredit.InsufficientCredits.selector, 41, 40));
        credit.escrow(alice, 41);
        same(token.totalSupply(), supply - 10, "burned with its backing");
        credit.issue(5);
        vm.stopPrank();
        same(credit.balanceOf(its.pledge), 35, "pledge");
        same(token.totalSupply(), supply - 5, "issued with its backing");
        _backed();
    }

    function test_contracts_cannot_redeem() external {
        vm.prank(its.council);
        token.faucet(5);
        vm.prank(its.council);
        token.approve(its.credit, 5);
        vm.prank(its.council);
        credit.purchase(5);
        refuses(abi.encodeWithSelector(IGridToken.ERC20InvalidReceiver.selector, its.council));
        vm.prank(its.council);
        credit.redeem(5);
    }

    function test_nobody_enters_twice() external {
        fund(alice, 10);
        vm.etch(its.token, type(Reentering).runtimeCode);
        refuses(abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        vm.prank(alice);
        credit.redeem(1);
    }

    function testFuzz_the_backing_always_suffices(uint256[12] calldata steps) external {
        address[2] memory who = [alice, carol];
        vm.prank(alice);
        token.approve(its.credit, type(uint256).max);
        vm.prank(carol);
        token.approve(its.credit, type(uint256).max);
        for (uint256 i = 0; i < steps.length; ++i) {
            address by = who[(steps[i] >> 8) % 2];
            uint256 value = (steps[i] >> 16) % (MILLION / 2);
            bytes memory data = abi.encodeCall(credit.purchase, (value));
            address to = its.credit;
            uint256 kind = steps[i] % 5;
            if (kind == 1) data = abi.encodeCall(credit.redeem, (value));
            if (kind == 2) (to, data) = (its.token, abi.encodeCall(token.transfer, (its.credit, value)));
            if (kind == 3) data = abi.encodeCall(credit.claimTransfer, (by));
            if (kind == 4) (by, data) = (its.market, abi.encodeCall(credit.escrow, (by, value)));
            tryCall(by, to, data);
            _backed();
            same(credit.totalSupply(), credit.balanceOf(alice) + credit.balanceOf(carol) + credit.balanceOf(its.market), "supply");
        }
    }
}

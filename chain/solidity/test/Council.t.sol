// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ICouncil, Proposal} from "../../abi/ICouncil.sol";
import {IMarket} from "../../abi/IMarket.sol";
import {Base} from "./Base.sol";

contract CouncilTest is Base {
    bytes32 private constant SLASHER = "SLASHER";
    bytes32 private constant VETO = "VETO";

    function _propose(address target, bytes memory data) private returns (uint64) {
        vm.prank(alice);
        return council.propose(target, data);
    }

    function _fee() private view returns (bytes memory) {
        return abi.encodeCall(market.setParameter, ("feeBp", 5));
    }

    function _approved(address target, bytes memory data) private returns (uint64 id) {
        id = _propose(target, data);
        vm.prank(bob);
        council.approve(id);
    }

    function _members(uint256 size) private pure returns (address[] memory m) {
        m = new address[](size);
        for (uint256 i = 0; i < size; ++i) {
            m[i] = address(uint160(i + 1));
        }
    }

    function test_a_deployment_sets_members_delay_and_roles() external {
        require(council.threshold() == 2 && council.delay() == 30 && council.term() == 0, "numbers");
        require(keccak256(abi.encode(council.members())) == keccak256(abi.encode(members())), "members");
        require(council.hasRole(SLASHER, carol) && council.hasRole(VETO, dave) && !council.hasRole(VETO, carol), "roles");
        cannotCreate("Council", abi.encode(its, members(), 2, 30, new address[](0), new address[](0)), "");
    }

    function test_a_council_without_members_decides_nothing() external {
        predict();
        its.council = its.token;
        address[] memory none = new address[](0);
        council = ICouncil(create("Council", abi.encode(its, none, 0, 0, none, none)));
        refuses(abi.encodeWithSelector(ICouncil.NotMember.selector, alice));
        _propose(its.council, "");
        predict();
        its.council = its.token;
        cannotCreate("Council", abi.encode(its, none, 1, 0, none, none), abi.encodeWithSelector(ICouncil.InvalidMembers.selector));
    }

    function test_a_proposal_is_approved_waits_and_is_executed() external {
        emits(its.council);
        emit ICouncil.ProposalCreated(1, alice, its.market, _fee(), 0);
        emits(its.council);
        emit ICouncil.ProposalApproved(1, alice, 1, 0);
        uint64 id = _propose(its.market, _fee());
        refuses(abi.encodeWithSelector(ICouncil.NotApproved.selector, id, 1, 2));
        council.execute(id);
        uint64 readyAt = uint64(block.timestamp) + 30;
        emits(its.council);
        emit ICouncil.ProposalApproved(1, bob, 2, readyAt);
        vm.prank(bob);
        council.approve(id);
        vm.warp(readyAt - 1);
        refuses(abi.encodeWithSelector(ICouncil.ProposalNotReady.selector, id, readyAt));
        council.execute(id);
        vm.prank(carol);
        council.approve(id);
        Proposal memory p = council.proposal(id);
        require(p.id == 1 && p.proposer == alice && p.target == its.market && p.term == 0 && p.status == 1, "proposal");
        require(p.readyAt == readyAt && p.expiresAt == readyAt + 30 days && p.approvals == 3 && p.vetoes == 0, "votes");
        require(p.createdAt == START && keccak256(p.data) == keccak256(_fee()), "what");
        vm.warp(readyAt);
        emits(its.council);
        emit ICouncil.ProposalExecuted(id, dave);
        vm.prank(dave);
        council.execute(id);
        same(market.parameters().feeBp, 5, "done");
        refuses(abi.encodeWithSelector(ICouncil.ProposalClosed.selector, id, 2));
        council.execute(id);
    }

    function test_a_proposal_expires() external {
        uint64 id = _approved(its.market, _fee());
        uint64 expiresAt = council.proposal(id).expiresAt;
        vm.warp(expiresAt);
        refuses(abi.encodeWithSelector(ICouncil.ProposalExpired.selector, id, expiresAt));
        council.execute(id);
        vm.warp(expiresAt - 1);
        council.execute(id);
    }

    function test_only_members_propose_calls_to_contracts_of_the_protocol() external {
        refuses(abi.encodeWithSelector(ICouncil.NotMember.selector, dave));
        vm.prank(dave);
        council.propose(dave, "");
        refuses(abi.encodeWithSelector(ICouncil.InvalidTarget.selector, dave));
        _propose(dave, "");
        refuses(abi.encodeWithSelector(ICouncil.TooMany.selector, 4097, 4096));
        _propose(its.market, new bytes(4097));
        address[6] memory targets = [its.token, its.credit, its.registry, its.market, its.council, its.pledge];
        for (uint256 i = 0; i < 6; ++i) {
            _propose(targets[i], new bytes(i == 0 ? 4096 : 0));
        }
        same(council.count(), 6, "count");
    }

    function test_votes_count_once() external {
        uint64 id = _propose(its.market, _fee());
        refuses(abi.encodeWithSelector(ICouncil.AlreadyVoted.selector, id, alice));
        vm.prank(alice);
        council.approve(id);
        refuses(abi.encodeWithSelector(ICouncil.NotMember.selector, dave));
        vm.prank(dave);
        council.approve(id);
        refuses(abi.encodeWithSelector(ICouncil.UnknownProposal.selector, 2));
        council.approve(2);
        emits(its.council);
        emit ICouncil.ProposalVetoed(id, alice, 1);
        vm.prank(alice);
        council.veto(id);
        refuses(abi.encodeWithSelector(ICouncil.AlreadyVoted.selector, id, alice));
        vm.prank(alice);
        council.veto(id);
        (bool approved, bool vetoed) = council.voteOf(id, alice);
        require(approved && vetoed, "both");
        (approved, vetoed) = council.voteOf(id, carol);
        require(!approved && !vetoed, "neither");
        (approved, vetoed) = council.voteOf(id, dave);
        require(!approved && !vetoed, "no member");
        (approved,) = council.voteOf(9, alice);
        require(!approved, "no proposal");
    }

    function test_so_many_vetoes_that_the_others_are_too_few_cancel() external {
        uint64 id = _approved(its.market, _fee());
        vm.prank(carol);
        council.veto(id);
        emits(its.council);
        emit ICouncil.ProposalVetoed(id, bob, 2);
        emits(its.council);
        emit ICouncil.ProposalCancelled(id);
        vm.prank(bob);
        council.veto(id);
        refuses(abi.encodeWithSelector(ICouncil.ProposalClosed.selector, id, 3));
        vm.prank(alice);
        council.veto(id);
    }

    function test_a_holder_of_VETO_cancels_alone_but_nothing_about_the_council() external {
        uint64 id = _propose(its.market, _fee());
        emits(its.council);
        emit ICouncil.ProposalVetoed(id, dave, 0);
        vm.prank(dave);
        council.veto(id);
        same(council.proposal(id).status, 3, "cancelled");
        id = _propose(its.council, abi.encodeCall(council.revokeRole, (VETO, dave)));
        refuses(abi.encodeWithSelector(ICouncil.NotMember.selector, dave));
        vm.prank(dave);
        council.veto(id);
        decide(its.council, abi.encodeCall(council.revokeRole, (VETO, dave)));
        require(!council.hasRole(VETO, dave), "taken away");
    }

    function test_new_members_begin_with_a_clean_table() external {
        uint64 open = _propose(its.market, _fee());
        address[] memory m = new address[](1);
        m[0] = dave;
        decide(its.council, abi.encodeCall(council.setMembers, (m, 1)));
        require(council.term() == 1 && council.threshold() == 1 && council.members().length == 1, "new");
        refuses(abi.encodeWithSelector(ICouncil.ProposalStale.selector, open, 0));
        vm.prank(dave);
        council.approve(open);
        (bool approved,) = council.voteOf(open, alice);
        require(!approved, "of another term");
        refuses(abi.encodeWithSelector(ICouncil.NotMember.selector, alice));
        _propose(its.market, _fee());
        uint64 readyAt = uint64(block.timestamp) + 30;
        emits(its.council);
        emit ICouncil.ProposalApproved(3, dave, 1, readyAt);
        vm.prank(dave);
        council.propose(its.market, _fee());
    }

    function test_members_that_cannot_be_are_refused() external {
        bytes memory invalid = abi.encodeWithSelector(ICouncil.InvalidMembers.selector);
        vm.startPrank(its.council);
        refuses(invalid);
        council.setMembers(_members(0), 1);
        refuses(invalid);
        council.setMembers(_members(33), 1);
        refuses(invalid);
        council.setMembers(_members(2), 0);
        refuses(invalid);
        council.setMembers(_members(2), 3);
        address[] memory m = _members(2);
        m[1] = m[0];
        refuses(invalid);
        council.setMembers(m, 1);
        m[1] = address(0);
        refuses(invalid);
        council.setMembers(m, 1);
        council.setMembers(_members(32), 32);
        vm.stopPrank();
        (bool ok,) = tryCall(address(32), its.council, abi.encodeCall(council.propose, (its.market, _fee())));
        require(ok, "the last place");
    }

    function test_only_the_council_changes_itself() external {
        bytes memory notCouncil = abi.encodeWithSelector(ICouncil.NotCouncil.selector, alice);
        vm.startPrank(alice);
        refuses(notCouncil);
        council.grantRole(VETO, alice);
        refuses(notCouncil);
        council.revokeRole(VETO, dave);
        refuses(notCouncil);
        council.setMembers(members(), 1);
        refuses(notCouncil);
        council.setDelay(1);
        vm.stopPrank();
        vm.startPrank(its.council);
        refuses(abi.encodeWithSelector(ICouncil.UnknownRole.selector, bytes32("OTHER")));
        council.grantRole("OTHER", alice);
        emits(its.council);
        emit ICouncil.RoleChanged(SLASHER, alice, true);
        council.grantRole(SLASHER, alice);
        refuses(abi.encodeWithSelector(ICouncil.InvalidDelay.selector, 30 days + 1, 30 days));
        council.setDelay(30 days + 1);
        emits(its.council);
        emit ICouncil.DelayChanged(30 days);
        council.setDelay(30 days);
        vm.stopPrank();
        uint64 id = _approved(its.market, _fee());
        same(council.proposal(id).readyAt, block.timestamp + 30 days, "the new delay");
    }

    function test_what_the_call_reverts_with_the_execution_reverts_with() external {
        uint64 id = _approved(its.market, abi.encodeCall(market.setParameter, ("feeBp", 10_001)));
        later(30);
        refuses(abi.encodeWithSelector(IMarket.InvalidParameter.selector, bytes32("feeBp"), 10_001));
        council.execute(id);
        same(council.proposal(id).status, 1, "still open");
        id = _approved(its.market, "");
        later(30);
        refuses("");
        council.execute(id);
    }

    function test_a_proposal_does_not_execute_another_one() external {
        uint64 inner = _approved(its.market, _fee());
        uint64 outer = _approved(its.council, abi.encodeCall(council.execute, (inner)));
        later(30);
        refuses(abi.encodeWithSelector(ICouncil.Reentered.selector));
        council.execute(outer);
        council.execute(inner);
        same(market.parameters().feeBp, 5, "afterwards");
    }

    function test_pages() external {
        for (uint256 i = 0; i < 4; ++i) {
            _propose(its.market, _fee());
        }
        Proposal[] memory page = council.list(2, 100);
        require(page.length == 2 && page[0].id == 3 && page[1].id == 4, "the end");
        same(council.list(4, 1).length, 0, "behind it");
        refuses(abi.encodeWithSelector(ICouncil.TooMany.selector, 101, 100));
        council.list(0, 101);
        same(council.proposal(5).status, 0, "none");
        same(council.proposal(4).expiresAt, 0, "not approved");
    }
}

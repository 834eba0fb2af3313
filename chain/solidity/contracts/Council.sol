// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ICouncil, Proposal} from "../../abi/ICouncil.sol";
import {Contracts, MAX_PAGE, pageOf} from "./Contracts.sol";

/// @dev Announces slashes.
bytes32 constant SLASHER = "SLASHER";
/// @dev Cancels slashes, and proposals that are not about the council.
bytes32 constant VETO = "VETO";

/// @title The council, as chain/abi/ICouncil.sol says
contract Council is ICouncil {
    uint8 private constant OPEN = 1;
    uint8 private constant EXECUTED = 2;
    uint8 private constant CANCELLED = 3;
    uint256 private constant MAX_MEMBERS = 32;
    uint256 private constant MAX_DATA = 4096;
    uint64 private constant MAX_DELAY = 30 days;
    uint64 private constant EXECUTION_WINDOW = 30 days;

    /// @dev Three slots and the data. The votes of members are bits by their place.
    struct Entry {
        address proposer;
        uint64 term;
        uint8 status;
        address target;
        uint64 createdAt;
        uint32 approvals;
        uint64 readyAt;
        uint32 vetoes;
        bytes data;
    }

    address private immutable _token;
    address private immutable _credit;
    address private immutable _registry;
    address private immutable _market;
    address private immutable _pledge;

    uint32 public threshold;
    uint64 public delay;
    uint64 public term;
    uint64 private _count;
    address[] private _members;
    /// @dev Place of a member in a term, from 1.
    mapping(uint64 term => mapping(address member => uint256)) private _places;
    mapping(uint64 id => Entry) private _proposals;
    mapping(bytes32 role => mapping(address account => bool)) public hasRole;
    bool private transient _executing;

    constructor(
        Contracts memory c,
        address[] memory members_,
        uint32 threshold_,
        uint64 delay_,
        address[] memory slashers,
        address[] memory vetoers
    ) {
        require(address(this) == c.council);
        (_token, _credit, _registry, _market, _pledge) = (c.token, c.credit, c.registry, c.market, c.pledge);
        // Without members nobody decides anything.
        if (members_.length != 0 || threshold_ != 0) _setMembers(members_, threshold_);
        _setDelay(delay_);
        for (uint256 i = 0; i < slashers.length; ++i) {
            _setRole(SLASHER, slashers[i], true);
        }
        for (uint256 i = 0; i < vetoers.length; ++i) {
            _setRole(VETO, vetoers[i], true);
        }
    }

    modifier onlyCouncil() {
        if (msg.sender != address(this)) revert NotCouncil(msg.sender);
        _;
    }

    function propose(address target, bytes calldata data) external returns (uint64 id) {
        uint32 bit = _bitOf(msg.sender);
        bool callable = target == _token || target == _credit || target == _registry || target == _market || target == address(this)
            || target == _pledge;
        if (!callable) revert InvalidTarget(target);
        if (data.length > MAX_DATA) revert TooMany(data.length, MAX_DATA);
        id = ++_count;
        Entry storage entry = _proposals[id];
        entry.proposer = msg.sender;
        entry.term = term;
        entry.status = OPEN;
        entry.target = target;
        entry.createdAt = uint64(block.timestamp);
        entry.data = data;
        emit ProposalCreated(id, msg.sender, target, data, term);
        _addApproval(id, entry, bit);
    }

    function approve(uint64 id) external {
        Entry storage entry = _open(id);
        uint32 bit = _bitOf(msg.sender);
        if (entry.approvals & bit != 0) revert AlreadyVoted(id, msg.sender);
        _addApproval(id, entry, bit);
    }

    function veto(uint64 id) external {
        Entry storage entry = _open(id);
        bool blocked = entry.target != address(this) && hasRole[VETO][msg.sender];
        if (!blocked) {
            uint32 bit = _bitOf(msg.sender);
            if (entry.vetoes & bit != 0) revert AlreadyVoted(id, msg.sender);
            entry.vetoes |= bit;
            blocked = _ones(entry.vetoes) + threshold > _members.length;
        }
        if (blocked) entry.status = CANCELLED;
        emit ProposalVetoed(id, msg.sender, _ones(entry.vetoes));
        if (blocked) emit ProposalCancelled(id);
    }

    function execute(uint64 id) external {
        if (_executing) revert Reentered();
        Entry storage entry = _open(id);
        uint64 readyAt = entry.readyAt;
        if (readyAt == 0) revert NotApproved(id, _ones(entry.approvals), threshold);
        if (block.timestamp < readyAt) revert ProposalNotReady(id, readyAt);
        if (block.timestamp >= readyAt + EXECUTION_WINDOW) revert ProposalExpired(id, readyAt + EXECUTION_WINDOW);
        entry.status = EXECUTED;
        _executing = true;
        (bool done, bytes memory answer) = entry.target.call(entry.data);
        _executing = false;
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        emit ProposalExecuted(id, msg.sender);
    }

    function grantRole(bytes32 role, address account) external onlyCouncil {
        _changeRole(role, account, true);
    }

    function revokeRole(bytes32 role, address account) external onlyCouncil {
        _changeRole(role, account, false);
    }

    function setMembers(address[] calldata given, uint32 threshold_) external {
        address[] memory members_ = given; // checks every element's form before the caller
        if (msg.sender != address(this)) revert NotCouncil(msg.sender);
        ++term;
        _setMembers(members_, threshold_);
    }

    function setDelay(uint64 delay_) external onlyCouncil {
        _setDelay(delay_);
    }

    function members() external view returns (address[] memory) {
        return _members;
    }

    function count() external view returns (uint256) {
        return _count;
    }

    function proposal(uint64 id) external view returns (Proposal memory) {
        return _get(id);
    }

    function list(uint256 offset, uint256 limit) external view returns (Proposal[] memory page) {
        if (limit > MAX_PAGE) revert TooMany(limit, MAX_PAGE);
        (uint256 begin, uint256 end) = pageOf(_count, offset, limit);
        page = new Proposal[](end - begin);
        for (uint256 i = begin; i < end; ++i) {
            page[i - begin] = _get(uint64(i + 1));
        }
    }

    function voteOf(uint64 id, address member) external view returns (bool approved, bool vetoed) {
        Entry storage entry = _proposals[id];
        uint256 place = _places[term][member];
        if (entry.status == 0 || entry.term != term || place == 0) return (false, false);
        uint32 bit = uint32(1 << (place - 1));
        return (entry.approvals & bit != 0, entry.vetoes & bit != 0);
    }

    /// @dev What the council still decides on.
    function _open(uint64 id) private view returns (Entry storage entry) {
        entry = _proposals[id];
        if (entry.status == 0) revert UnknownProposal(id);
        if (entry.status != OPEN) revert ProposalClosed(id, entry.status);
        if (entry.term != term) revert ProposalStale(id, entry.term);
    }

    function _bitOf(address account) private view returns (uint32) {
        uint256 place = _places[term][account];
        if (place == 0) revert NotMember(account);
        return uint32(1 << (place - 1));
    }

    /// @dev Counts an approval that is not there yet; the last one needed starts the delay.
    function _addApproval(uint64 id, Entry storage entry, uint32 bit) private {
        uint32 approvals = entry.approvals | bit;
        uint64 readyAt = entry.readyAt;
        entry.approvals = approvals;
        if (readyAt == 0 && _ones(approvals) >= threshold) {
            readyAt = uint64(block.timestamp) + delay;
            entry.readyAt = readyAt;
        }
        emit ProposalApproved(id, msg.sender, _ones(approvals), readyAt);
    }

    function _get(uint64 id) private view returns (Proposal memory p) {
        Entry storage entry = _proposals[id];
        if (entry.status == 0) return p;
        p.id = id;
        p.proposer = entry.proposer;
        p.target = entry.target;
        p.data = entry.data;
        p.term = entry.term;
        p.createdAt = entry.createdAt;
        p.readyAt = entry.readyAt;
        p.expiresAt = entry.readyAt == 0 ? 0 : entry.readyAt + EXECUTION_WINDOW;
        p.approvals = _ones(entry.approvals);
        p.vetoes = _ones(entry.vetoes);
        p.status = entry.status;
    }

    function _changeRole(bytes32 role, address account, bool granted) private {
        if (role != SLASHER && role != VETO) revert UnknownRole(role);
        _setRole(role, account, granted);
    }

    function _setRole(bytes32 role, address account, bool granted) private {
        hasRole[role][account] = granted;
        emit RoleChanged(role, account, granted);
    }

    /// @dev For the term that begins.
    function _setMembers(address[] memory members_, uint32 threshold_) private {
        uint256 size = members_.length;
        if (size == 0 || size > MAX_MEMBERS || threshold_ == 0 || threshold_ > size) revert InvalidMembers();
        mapping(address => uint256) storage places = _places[term];
        for (uint256 i = 0; i < size; ++i) {
            if (members_[i] == address(0) || places[members_[i]] != 0) revert InvalidMembers();
            places[members_[i]] = i + 1;
        }
        _members = members_;
        threshold = threshold_;
        emit MembersChanged(term, members_, threshold_);
    }

    function _setDelay(uint64 delay_) private {
        if (delay_ > MAX_DELAY) revert InvalidDelay(delay_, MAX_DELAY);
        delay = delay_;
        emit DelayChanged(delay_);
    }

    /// @dev How many bits are set.
    function _ones(uint32 bits) private pure returns (uint32 n) {
        for (; bits != 0; bits &= bits - 1) {
            ++n;
        }
    }
}

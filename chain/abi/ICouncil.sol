// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @notice A call that the council may make. Status: 0 none, 1 open, 2 executed, 3 cancelled.
struct Proposal {
    uint64 id;
    address proposer;
    address target;
    bytes data;
    uint64 term; // of the members who decide; a later one makes the proposal stale
    uint64 createdAt;
    uint64 readyAt; // from then on it may be executed; 0 before the threshold was reached
    uint64 expiresAt; // not any more from then on; 0 before the threshold was reached
    uint32 approvals;
    uint32 vetoes; // of members
    uint8 status;
}

/// @title The council: N members, of whom M agree, and a delay in which the others may object
/// @notice It holds what needs a hand: parameters, roles, its own members. It calls contracts of the protocol only.
///
/// A proposal is approved by its proposer. When the threshold M is reached, the delay begins; after it anybody may execute the
/// proposal, for 30 days. It is cancelled when N - M + 1 members veto it (so many that the others are fewer than M), or at
/// once by a holder of VETO, unless it is about the council itself.
interface ICouncil {
    event ProposalCreated(uint64 indexed id, address indexed proposer, address indexed target, bytes data, uint64 term);
    /// @param readyAt 0 while the threshold is not reached
    event ProposalApproved(uint64 indexed id, address indexed member, uint32 approvals, uint64 readyAt);
    event ProposalVetoed(uint64 indexed id, address indexed by, uint32 vetoes);
    event ProposalCancelled(uint64 indexed id);
    event ProposalExecuted(uint64 indexed id, address indexed by);
    event RoleChanged(bytes32 indexed role, address indexed account, bool granted);
    event MembersChanged(uint64 indexed term, address[] members, uint32 threshold);
    event DelayChanged(uint64 delay);

    error NotMember(address caller);
    error NotCouncil(address caller);
    /// @notice No contract of the protocol.
    error InvalidTarget(address target);
    error TooMany(uint256 given, uint256 limit);
    error UnknownProposal(uint64 id);
    error ProposalClosed(uint64 id, uint8 status);
    /// @notice The members changed since.
    error ProposalStale(uint64 id, uint64 term);
    error AlreadyVoted(uint64 id, address member);
    error NotApproved(uint64 id, uint32 approvals, uint32 threshold);
    error ProposalNotReady(uint64 id, uint64 readyAt);
    error ProposalExpired(uint64 id, uint64 expiresAt);
    /// @notice A proposal that is being executed executes another one.
    error Reentered();
    error UnknownRole(bytes32 role);
    /// @notice Not 1 to 32 members, one twice or zero, or a threshold over their number or zero.
    error InvalidMembers();
    error InvalidDelay(uint64 delay, uint64 limit);

    /// @notice Proposes a call and approves it.
    /// @param data at most 4096 bytes
    /// @dev Guards in order: member, target, size.
    function propose(address target, bytes calldata data) external returns (uint64 id);
    /// @dev Guards in order: exists, open, of this term, member, not yet approved by the caller.
    function approve(uint64 id) external;
    /// @notice By a member, or a holder of VETO.
    /// @dev Guards in order: exists, open, of this term, member or VETO, not yet vetoed by the caller.
    function veto(uint64 id) external;
    /// @notice By anybody. What the call reverts with, this call reverts with.
    /// @dev Guards in order: no execution under way, exists, open, of this term, approved, ready, not expired.
    function execute(uint64 id) external;

    /// @notice By the council itself. Roles: "SLASHER", "VETO", as left-aligned ASCII.
    /// @dev Guards in order: caller, role.
    function grantRole(bytes32 role, address account) external;
    function revokeRole(bytes32 role, address account) external;
    /// @notice By the council itself. Open proposals become stale.
    /// @dev Guards in order: caller, members and threshold.
    function setMembers(address[] calldata members, uint32 threshold) external;
    /// @notice By the council itself; at most 30 days. Proposals that wait keep theirs.
    /// @dev Guards in order: caller, limit.
    function setDelay(uint64 delay) external;

    function members() external view returns (address[] memory);
    function threshold() external view returns (uint32);
    /// @notice Seconds between the last approval needed and the execution.
    function delay() external view returns (uint64);
    /// @notice How often the members changed.
    function term() external view returns (uint64);
    function hasRole(bytes32 role, address account) external view returns (bool);
    /// @notice Ids run from 1 to this.
    function count() external view returns (uint256);
    /// @notice Status 0 for an unknown id.
    function proposal(uint64 id) external view returns (Proposal memory);
    /// @notice A page, oldest first; a limit over 100 is refused.
    function list(uint256 offset, uint256 limit) external view returns (Proposal[] memory);
    /// @notice Whether the member, of the proposal's term, approved or vetoed it.
    function voteOf(uint64 id, address member) external view returns (bool approved, bool vetoed);
}

#pragma once

#include "chain/council.hpp"

/// What the council tells.
namespace grid::chain {

struct ProposalCreated {
    std::uint64_t id = 0;
    Address proposer;
    Address target;
    Bytes data;
    std::uint64_t term = 0;
    friend bool operator==(const ProposalCreated&, const ProposalCreated&) = default;
};

struct ProposalApproved {
    std::uint64_t id = 0;
    Address member;
    std::uint32_t approvals = 0;
    Timestamp ready_at;  ///< 0 while the threshold is not reached
    friend bool operator==(const ProposalApproved&, const ProposalApproved&) = default;
};

struct ProposalVetoed {
    std::uint64_t id = 0;
    Address by;
    std::uint32_t vetoes = 0;  ///< of members
    friend bool operator==(const ProposalVetoed&, const ProposalVetoed&) = default;
};

struct ProposalCancelled {
    std::uint64_t id = 0;
    friend bool operator==(const ProposalCancelled&, const ProposalCancelled&) = default;
};

struct ProposalExecuted {
    std::uint64_t id = 0;
    Address by;
    friend bool operator==(const ProposalExecuted&, const ProposalExecuted&) = default;
};

struct RoleChanged {
    Hash role;
    Address account;
    bool granted = false;
    friend bool operator==(const RoleChanged&, const RoleChanged&) = default;
};

struct MembersChanged {
    std::uint64_t term = 0;
    std::vector<Address> members;
    std::uint32_t threshold = 0;
    friend bool operator==(const MembersChanged&, const MembersChanged&) = default;
};

struct DelayChanged {
    Seconds delay;
    friend bool operator==(const DelayChanged&, const DelayChanged&) = default;
};

}  // namespace grid::chain

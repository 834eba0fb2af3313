#pragma once

#include <bit>
#include <vector>

#include "chain/address.hpp"
#include "chain/time.hpp"

/// The words of the council.
namespace grid::chain {

/// Most members of a council: their votes are bits of a word.
inline constexpr std::size_t kMaxCouncilMembers = 32;
/// Longest delay before a proposal may be executed.
inline constexpr Seconds kMaxCouncilDelay{30ull * 24 * 3600};
/// How long after that it may be.
inline constexpr Seconds kExecutionWindow{30ull * 24 * 3600};
/// Largest calldata of a proposal.
inline constexpr std::size_t kMaxProposalData = 4096;

/// Who decides. Without members nobody does, and nothing that needs the council can happen.
struct Council {
    std::vector<Address> members;
    std::uint32_t threshold = 0;  ///< how many must approve
    Seconds delay;                ///< between the last approval needed and the execution
    std::uint64_t term = 0;       ///< how often the members changed
    std::uint64_t proposals = 0;  ///< how many there were
    friend bool operator==(const Council&, const Council&) = default;
};

enum class ProposalStatus : std::uint8_t { none = 0, open = 1, executed = 2, cancelled = 3 };

/// A call that the council may make.
struct Proposal {
    std::uint64_t id = 0;
    Address proposer;
    Address target;
    std::uint64_t term = 0;
    Timestamp created_at;
    Timestamp ready_at;           ///< 0 before the threshold was reached
    std::uint32_t approvals = 0;  ///< bits by the member's place
    std::uint32_t vetoes = 0;     ///< likewise
    ProposalStatus status = ProposalStatus::none;
    Bytes data;
    friend bool operator==(const Proposal&, const Proposal&) = default;
    std::uint32_t approval_count() const { return static_cast<std::uint32_t>(std::popcount(approvals)); }
    std::uint32_t veto_count() const { return static_cast<std::uint32_t>(std::popcount(vetoes)); }
    Timestamp expires_at() const { return ready_at.seconds == 0 ? ready_at : ready_at + kExecutionWindow; }
};

/// Whether these can be a council: 1 to 32 accounts, none twice or zero, 1 <= threshold <= their number.
bool is_council(std::vector<Address> members, std::uint32_t threshold);

/// The name of a role or parameter as the contracts know it: left-aligned ASCII.
Hash name_word(std::string_view name);
/// Announces slashes.
inline constexpr std::string_view kSlasherRole = "SLASHER";
/// Cancels slashes, and proposals that are not about the council.
inline constexpr std::string_view kVetoRole = "VETO";

}  // namespace grid::chain

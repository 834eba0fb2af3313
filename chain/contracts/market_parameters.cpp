// The Market's parameters, as the council sets them.

#include <limits>

#include "chain/contracts/council.hpp"
#include "chain/contracts/market.hpp"

namespace grid::chain::native::market {

namespace {

/// A parameter by its name in the ABI's struct Parameters. `set` answers false when the value is out of
/// range.
struct Field {
    std::string_view name;
    bool (*set)(const Frame& frame, MarketParameters& parameters, const Amount& value);
};

/// Whole numbers in a range.
template <class T>
bool within(T& field, const Amount& value, std::uint64_t least, std::uint64_t most) {
    if (value < Amount{least} || value > Amount{most}) return false;
    field = static_cast<T>(value.to_u64());
    return true;
}

constexpr std::uint64_t kMaxU32 = std::numeric_limits<std::uint32_t>::max();

constexpr Field kFields[] = {
    {"activationDeadline",
     [](const Frame&, MarketParameters& p, const Amount& v) {
         return within(p.activation_deadline.count, v, 1, kMaxDuration.count);
     }},
    {"maxUnactivated", [](const Frame&, MarketParameters& p,
                          const Amount& v) { return within(p.max_unactivated, v, 0, kMaxU32); }},
    {"minimumDeposit",
     [](const Frame&, MarketParameters& p, const Amount& v) {
         p.minimum_deposit = v;
         return v.bit_length() <= 96;
     }},
    {"probationWindow",
     [](const Frame&, MarketParameters& p, const Amount& v) {
         return within(p.probation_window.count, v, 0, kMaxDuration.count);
     }},
    {"maxProbationCancels", [](const Frame&, MarketParameters& p,
                               const Amount& v) { return within(p.max_probation_cancels, v, 0, kMaxU32); }},
    {"feeBp", [](const Frame&, MarketParameters& p,
                 const Amount& v) { return within(p.fee_bp, v, p.profit_bp, kAllBasisPoints); }},
    {"treasury",
     [](const Frame& frame, MarketParameters& p, const Amount& v) {
         const auto account = Address::from_word(v.word());
         if (!account || frame.contracts.contains(*account)) return false;
         p.treasury = *account;
         return true;
     }},
    {"profitBp",
     [](const Frame&, MarketParameters& p, const Amount& v) { return within(p.profit_bp, v, 0, p.fee_bp); }},
};

}  // namespace

void set_parameter(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Hash key = in.hash();
    const Amount value = in.uint();
    wellformed(in);
    council::check_council(frame);
    const Field* found = nullptr;
    for (const Field& field : kFields)
        if (name_word(field.name) == key) found = &field;
    if (found == nullptr) errors::revert(errors::kUnknownParameter, key);
    ChainParameters parameters = frame.state.parameters();
    if (!found->set(frame, parameters.market, value)) errors::revert(errors::kInvalidParameter, key, value);
    frame.state.set_parameters(parameters);
    frame.emit(ParameterSet{key, value});
}

}  // namespace grid::chain::native::market

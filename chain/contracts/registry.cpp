#include "chain/contracts/registry.hpp"

#include <algorithm>

#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"

namespace grid::chain::native {

namespace registry {

namespace {

constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxAttributes = 4096;

bool host_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(".-_:[]").find(c) != std::string_view::npos;
}

Resources from(const std::array<std::uint64_t, 4>& v) {
    return {v[0], v[1], v[2], v[3]};
}

/// a >= b in every component.
Resources difference(const Resources& a, const Resources& b) {
    return {a.cpu_milli - b.cpu_milli, a.memory_mib - b.memory_mib, a.storage_mib - b.storage_mib,
            a.gpus - b.gpus};
}

void check_info(const Provider& info) {
    const auto require = [](bool holds, std::string_view field) {
        if (!holds) errors::revert(errors::kInvalidField, field);
    };
    require(!info.host.empty() && info.host.size() <= kMaxHost &&
                std::all_of(info.host.begin(), info.host.end(), host_character),
            "host");
    require(info.port != 0, "port");
    const auto asked = components(info.prices);
    const auto minimum = components(info.minimum_prices);
    for (std::size_t i = 0; i < asked.size(); ++i) require(asked[i] >= minimum[i], "prices");
    require(info.attributes.size() <= kMaxAttributes, "attributes");
    require(info.probation <= kMaxDuration, "probation");
}

void set(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    abi::Decoder body = in.dynamic();
    Provider info = tuples::info(body);
    wellformed(in);
    wellformed(body);
    check_info(info);
    info.address = frame.caller;
    info.status = ProviderStatus::active;
    info.available = info.total;
    if (const Provider* known = frame.state.provider(frame.caller)) {
        const Resources reserved = difference(known->total, known->available);
        const auto total = components(info.total);
        const auto held = components(reserved);
        for (std::size_t i = 0; i < total.size(); ++i)
            if (total[i] < held[i])
                errors::revert(errors::kTotalBelowReserved, Amount{i}, Amount{total[i]}, Amount{held[i]});
        info.available = difference(info.total, reserved);
    }
    frame.state.set_provider(info);
    frame.emit(ProviderSet{std::move(info)});
}

void deregister(Frame& frame, abi::Decoder&, abi::Encoder&) {
    Provider entry = active(frame, frame.caller);
    entry.status = ProviderStatus::deregistered;
    frame.state.set_provider(entry);
    frame.emit(ProviderDeregistered{frame.caller});
}

void check_protocol(const Frame& frame) {
    if (frame.caller != frame.contracts.market) errors::revert(errors::kNotProtocol, frame.caller);
}

const Provider& known(const Frame& frame, const Address& provider) {
    const Provider* found = frame.state.provider(provider);
    if (found == nullptr) errors::revert(errors::kUnknownProvider, provider);
    return *found;
}

void update(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Address provider = in.address();
    const auto words = tuples::delta_words(in);
    const Hash ref = in.hash();
    wellformed(in);
    if (!words) throw errors::Revert{};
    check_protocol(frame);
    const auto delta = tuples::delta(*words);
    if (!delta) errors::revert(errors::kReservationMismatch, provider, ref);
    (delta->negative ? reserve : give_back)(frame, provider, delta->amounts, ref);
}

void list(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Amount offset = in.uint();
    const Amount limit = in.uint();
    wellformed(in);
    const auto& providers = frame.state.providers();
    const Page part = page(providers.size(), offset, limit);
    abi::Encoder elements;
    for (std::size_t i = part.begin; i < part.end; ++i)
        elements.dynamic(tuples::provider(*frame.state.provider(providers[i])));
    out.dynamic(tuples::array(part.end - part.begin, elements));
}

void get(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address address = in.address();
    wellformed(in);
    const Provider* found = frame.state.provider(address);
    out.dynamic(tuples::provider(found == nullptr ? Provider{} : *found));
}

constexpr Function kFunctions[] = {
    {"set(" GRID_ABI_INFO ")", 320'000, set},
    {"deregister()", 40'000, deregister},
    {"update(address," GRID_ABI_DELTA ",bytes32)", 60'000, update},
    {"get(address)", 40'000, get},
    {"count()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(f.state.providers().size()); }},
    {"list(uint256,uint256)", 400'000, list},
};

}  // namespace

std::array<std::uint64_t, 4> components(const Resources& v) {
    return {v.cpu_milli, v.memory_mib, v.storage_mib, v.gpus};
}

std::array<Amount, 4> components(const Prices& v) {
    return {v.cpu_milli, v.memory_mib, v.storage_mib, v.gpus};
}

const Provider& active(const Frame& frame, const Address& provider) {
    const Provider& entry = known(frame, provider);
    if (entry.status != ProviderStatus::active) errors::revert(errors::kProviderInactive, provider);
    return entry;
}

void reserve(Frame& frame, const Address& provider, const Resources& amounts, const Hash& ref) {
    check_protocol(frame);
    auto available = components(known(frame, provider).available);
    const auto wanted = components(amounts);
    for (std::size_t i = 0; i < available.size(); ++i) {
        if (wanted[i] > available[i])
            errors::revert(errors::kInsufficientResources, Amount{i}, Amount{wanted[i]},
                           Amount{available[i]});
        available[i] -= wanted[i];
    }
    frame.state.set_available(provider, from(available));
    frame.emit(ResourceDelta{provider, ref, amounts, true, from(available)});
}

void give_back(Frame& frame, const Address& provider, const Resources& amounts, const Hash& ref) {
    check_protocol(frame);
    const Provider& entry = known(frame, provider);
    auto available = components(entry.available);
    const auto total = components(entry.total);
    const auto returned = components(amounts);
    for (std::size_t i = 0; i < available.size(); ++i) {
        if (returned[i] > total[i] - available[i])
            errors::revert(errors::kReservationMismatch, provider, ref);
        available[i] += returned[i];
    }
    frame.state.set_available(provider, from(available));
    frame.emit(ResourceDelta{provider, ref, amounts, false, from(available)});
}

}  // namespace registry

std::span<const Function> registry_functions() noexcept {
    return registry::kFunctions;
}

}  // namespace grid::chain::native

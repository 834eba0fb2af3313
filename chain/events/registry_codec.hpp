#pragma once

#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/events/codec.hpp"
#include "chain/events/registry.hpp"

namespace grid::chain::events {

template <>
struct Codec<ProviderSet> {
    static constexpr std::string_view kSignature =
        "ProviderSet(address," GRID_ABI_INFO "," GRID_ABI_RESOURCES ")";
    static constexpr Contract kEmitter = &ContractAddresses::registry;
    static auto topics(const ProviderSet& e) { return std::array{topic(e.provider.address)}; }
    static void data(abi::Encoder& out, const ProviderSet& e) {
        out.dynamic(tuples::info(e.provider));
        tuples::put(out, e.provider.available);
    }
    static ProviderSet read(LogReader& in) {
        const Address address = in.topic_address();
        abi::Decoder body = in.data().dynamic();
        ProviderSet e{tuples::info(body)};
        e.provider.address = address;
        e.provider.available = tuples::resources(in.data());
        e.provider.status = ProviderStatus::active;
        if (body.bad()) in.refuse();
        return e;
    }
};

template <>
struct Codec<ProviderDeregistered> {
    static constexpr std::string_view kSignature = "ProviderDeregistered(address)";
    static constexpr Contract kEmitter = &ContractAddresses::registry;
    static auto topics(const ProviderDeregistered& e) { return std::array{topic(e.provider)}; }
    static void data(abi::Encoder&, const ProviderDeregistered&) {}
    static ProviderDeregistered read(LogReader& in) { return {in.topic_address()}; }
};

template <>
struct Codec<ResourceDelta> {
    static constexpr std::string_view kSignature =
        "ResourceDelta(address,bytes32," GRID_ABI_DELTA "," GRID_ABI_RESOURCES ")";
    static constexpr Contract kEmitter = &ContractAddresses::registry;
    static auto topics(const ResourceDelta& e) { return std::array{topic(e.provider), topic(e.ref)}; }
    static void data(abi::Encoder& out, const ResourceDelta& e) {
        tuples::put(out, tuples::Delta{e.amounts, e.reserved});
        tuples::put(out, e.available);
    }
    static ResourceDelta read(LogReader& in) {
        ResourceDelta e;
        e.provider = in.topic_address();
        e.ref = in.topic();
        const auto words = tuples::delta_words(in.data());
        const auto delta = words ? tuples::delta(*words) : std::nullopt;
        e.available = tuples::resources(in.data());
        if (!delta) {
            in.refuse();
            return e;
        }
        e.amounts = delta->amounts;
        e.reserved = delta->negative;
        return e;
    }
};

}  // namespace grid::chain::events

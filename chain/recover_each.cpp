#include "chain/recover_each.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <vector>

#include "chain/keccak_lanes.hpp"
#include "chain/recover_lanes.hpp"

namespace grid::chain {
namespace {

void one_by_one(std::span<const SignedDigest> signatures, std::span<Result<Address>> signers) {
    for (std::size_t i = 0; i < signatures.size(); ++i)
        signers[i] = recover(signatures[i].digest, signatures[i].signature);
}

#if defined(__x86_64__)

void in_lanes(std::span<const SignedDigest> signatures, std::span<Result<Address>> signers) {
    std::vector<std::size_t> sound;
    std::vector<SignedDigest> checked;
    for (std::size_t i = 0; i < signatures.size(); ++i) {
        if (auto fault = check(signatures[i].signature); !fault) {
            signers[i] = tl::unexpected<Error>(std::move(fault.error()));
            continue;
        }
        sound.push_back(i);
        checked.push_back(signatures[i]);
    }
    std::vector<lanes::PublicKey> keys(checked.size());
    const auto found = std::make_unique<bool[]>(checked.size());
    lanes::recover(checked, keys, {found.get(), checked.size()});
    std::vector<ByteView> messages(keys.begin(), keys.end());
    std::vector<Hash> digests(keys.size());
    keccak256_each(messages, digests);
    for (std::size_t i = 0; i < sound.size(); ++i) {
        if (!found[i]) {
            signers[sound[i]] = recover(checked[i].digest, checked[i].signature);
            continue;
        }
        Address address;
        std::copy(digests[i].bytes.begin() + 12, digests[i].bytes.end(), address.bytes.begin());
        signers[sound[i]] = address;
    }
}

#endif

}  // namespace

bool recovers_in_lanes() noexcept {
#if defined(__x86_64__)
    static const bool kWide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma");
    return kWide;
#else
    return false;
#endif
}

void recover_each(std::span<const SignedDigest> signatures, std::span<Result<Address>> signers) {
    assert(signatures.size() == signers.size());
#if defined(__x86_64__)
    // Eight lanes cost about as much as one recovery by libsecp256k1 does, however few of them are in use.
    if (recovers_in_lanes() && signatures.size() > 1) return in_lanes(signatures, signers);
#endif
    one_by_one(signatures, signers);
}

}  // namespace grid::chain

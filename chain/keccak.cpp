#include "chain/keccak.hpp"

#include <algorithm>
#include <bit>

#include "chain/keccak_constants.hpp"

namespace grid::chain {
namespace {

using keccak::kRate;
using keccak::kRoundConstants;

static_assert(std::endian::native == std::endian::little, "lanes are read as they lie in memory");

/// Row `y` of rho, pi and chi: the five source lanes are rotated, then mixed into the five lanes of `out`.
[[gnu::always_inline]] inline void row(std::uint64_t* out, std::uint64_t b0, std::uint64_t b1,
                                       std::uint64_t b2, std::uint64_t b3, std::uint64_t b4) noexcept {
    out[0] = b0 ^ (~b1 & b2);
    out[1] = b1 ^ (~b2 & b3);
    out[2] = b2 ^ (~b3 & b4);
    out[3] = b3 ^ (~b4 & b0);
    out[4] = b4 ^ (~b0 & b1);
}

/// One round of Keccak-f[1600] (FIPS 202, 3.2), lane (x, y) at index x + 5 y; written out, because this is
/// hot.
[[gnu::always_inline]] inline void round(const std::uint64_t* a, std::uint64_t* e,
                                         std::uint64_t constant) noexcept {
    using std::rotl;
    const std::uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    const std::uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    const std::uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    const std::uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    const std::uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    const std::uint64_t d0 = c4 ^ rotl(c1, 1);
    const std::uint64_t d1 = c0 ^ rotl(c2, 1);
    const std::uint64_t d2 = c1 ^ rotl(c3, 1);
    const std::uint64_t d3 = c2 ^ rotl(c4, 1);
    const std::uint64_t d4 = c3 ^ rotl(c0, 1);
    row(e, a[0] ^ d0, rotl(a[6] ^ d1, 44), rotl(a[12] ^ d2, 43), rotl(a[18] ^ d3, 21), rotl(a[24] ^ d4, 14));
    e[0] ^= constant;
    row(e + 5, rotl(a[3] ^ d3, 28), rotl(a[9] ^ d4, 20), rotl(a[10] ^ d0, 3), rotl(a[16] ^ d1, 45),
        rotl(a[22] ^ d2, 61));
    row(e + 10, rotl(a[1] ^ d1, 1), rotl(a[7] ^ d2, 6), rotl(a[13] ^ d3, 25), rotl(a[19] ^ d4, 8),
        rotl(a[20] ^ d0, 18));
    row(e + 15, rotl(a[4] ^ d4, 27), rotl(a[5] ^ d0, 36), rotl(a[11] ^ d1, 10), rotl(a[17] ^ d2, 15),
        rotl(a[23] ^ d3, 56));
    row(e + 20, rotl(a[2] ^ d2, 62), rotl(a[8] ^ d3, 55), rotl(a[14] ^ d4, 39), rotl(a[15] ^ d0, 41),
        rotl(a[21] ^ d1, 2));
}

[[gnu::always_inline]] inline void permute_lanes(std::uint64_t* state) noexcept {
    std::uint64_t other[25];
    for (std::size_t i = 0; i < 24; i += 2) {
        round(state, other, kRoundConstants[i]);
        round(other, state, kRoundConstants[i + 1]);
    }
}

using Permutation = void (*)(std::uint64_t* state) noexcept;

void permute_portably(std::uint64_t* state) noexcept {
    permute_lanes(state);
}

#if defined(__x86_64__)
/// The same with andn and rorx: chi's "and not" and each rotation become one instruction without a copy.
[[gnu::target("bmi,bmi2")]] void permute_with_bmi(std::uint64_t* state) noexcept {
    permute_lanes(state);
}
#endif

/// The faster one that this processor can run.
Permutation choose_permutation() noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) return permute_with_bmi;
#endif
    return permute_portably;
}

/// The sponge: absorbs parts of any length, then squeezes one digest.
class Sponge {
public:
    void absorb(ByteView data) noexcept {
        while (!data.empty()) {
            if (filled_ == 0 && data.size() >= kRate) {
                mix(data.data());
                data = data.subspan(kRate);
                continue;
            }
            const std::size_t length = std::min(kRate - filled_, data.size());
            std::memcpy(block_ + filled_, data.data(), length);
            filled_ += length;
            data = data.subspan(length);
            if (filled_ == kRate) {
                mix(block_);
                filled_ = 0;
            }
        }
    }

    Hash squeeze() noexcept {
        std::memset(block_ + filled_, 0, kRate - filled_);
        block_[filled_] = 0x01;
        block_[kRate - 1] |= 0x80;
        mix(block_);
        Hash digest;
        std::memcpy(digest.bytes.data(), state_, digest.bytes.size());
        return digest;
    }

private:
    void mix(const std::uint8_t* block) noexcept {
        for (std::size_t i = 0; i < kRate / 8; ++i) {
            std::uint64_t lane;
            std::memcpy(&lane, block + 8 * i, sizeof lane);
            state_[i] ^= lane;
        }
        static const Permutation permute = choose_permutation();
        permute(state_);
    }

    std::uint64_t state_[25]{};
    std::uint8_t block_[kRate];
    std::size_t filled_ = 0;
};

}  // namespace

Hash keccak256(ByteView data) {
    Sponge sponge;
    sponge.absorb(data);
    return sponge.squeeze();
}

Hash keccak256(std::initializer_list<ByteView> parts) {
    Sponge sponge;
    for (const ByteView part : parts) sponge.absorb(part);
    return sponge.squeeze();
}

}  // namespace grid::chain

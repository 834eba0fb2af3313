#include "chain/keccak_lanes.hpp"

#include <cassert>
#include <cstring>

#include "chain/keccak.hpp"
#include "chain/keccak_constants.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace grid::chain {
namespace {

using keccak::kRate;
using keccak::kRoundConstants;

void one_by_one(std::span<const ByteView> messages, std::span<Hash> digests) {
    for (std::size_t i = 0; i < messages.size(); ++i) digests[i] = keccak256(messages[i]);
}

#if defined(__x86_64__)

// GCC's own header starts some intrinsics from a register that it leaves undefined on purpose.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

constexpr std::size_t kLanes = 8;
constexpr std::size_t kRateWords = kRate / 8;

/// Eight states side by side: word i of every lane lies in row i.
struct alignas(64) States {
    std::uint64_t words[25][kLanes];
};

#define GRID_AVX512 [[gnu::target("avx512f")]]

// Truth tables of vpternlogq for (a, b, c): a ^ b ^ c and a ^ (~b & c).
constexpr int kXor3 = 0x96;
constexpr int kChi = 0xd2;

/// Row `y` of rho, pi and chi.
GRID_AVX512 [[gnu::always_inline]] inline void row(__m512i* out, __m512i b0, __m512i b1, __m512i b2,
                                                   __m512i b3, __m512i b4) noexcept {
    out[0] = _mm512_ternarylogic_epi64(b0, b1, b2, kChi);
    out[1] = _mm512_ternarylogic_epi64(b1, b2, b3, kChi);
    out[2] = _mm512_ternarylogic_epi64(b2, b3, b4, kChi);
    out[3] = _mm512_ternarylogic_epi64(b3, b4, b0, kChi);
    out[4] = _mm512_ternarylogic_epi64(b4, b0, b1, kChi);
}

/// One round of Keccak-f[1600] (FIPS 202, 3.2) in every lane; see keccak.cpp.
GRID_AVX512 [[gnu::always_inline]] inline void round(const __m512i* a, __m512i* e,
                                                     std::uint64_t constant) noexcept {
    __m512i c[5];
    __m512i d[5];
    for (int x = 0; x < 5; ++x)
        c[x] = _mm512_ternarylogic_epi64(_mm512_ternarylogic_epi64(a[x], a[x + 5], a[x + 10], kXor3),
                                         a[x + 15], a[x + 20], kXor3);
    for (int x = 0; x < 5; ++x) d[x] = _mm512_xor_si512(c[(x + 4) % 5], _mm512_rol_epi64(c[(x + 1) % 5], 1));
#define GRID_MIXED(i) _mm512_xor_si512(a[i], d[(i) % 5])
#define GRID_ROTATED(i, n) _mm512_rol_epi64(GRID_MIXED(i), n)
    row(e, GRID_MIXED(0), GRID_ROTATED(6, 44), GRID_ROTATED(12, 43), GRID_ROTATED(18, 21),
        GRID_ROTATED(24, 14));
    e[0] = _mm512_xor_si512(e[0], _mm512_set1_epi64(static_cast<long long>(constant)));
    row(e + 5, GRID_ROTATED(3, 28), GRID_ROTATED(9, 20), GRID_ROTATED(10, 3), GRID_ROTATED(16, 45),
        GRID_ROTATED(22, 61));
    row(e + 10, GRID_ROTATED(1, 1), GRID_ROTATED(7, 6), GRID_ROTATED(13, 25), GRID_ROTATED(19, 8),
        GRID_ROTATED(20, 18));
    row(e + 15, GRID_ROTATED(4, 27), GRID_ROTATED(5, 36), GRID_ROTATED(11, 10), GRID_ROTATED(17, 15),
        GRID_ROTATED(23, 56));
    row(e + 20, GRID_ROTATED(2, 62), GRID_ROTATED(8, 55), GRID_ROTATED(14, 39), GRID_ROTATED(15, 41),
        GRID_ROTATED(21, 2));
#undef GRID_ROTATED
#undef GRID_MIXED
}

GRID_AVX512 void permute(States& states) noexcept {
    __m512i a[25];
    __m512i e[25];
    for (int i = 0; i < 25; ++i) a[i] = _mm512_load_si512(states.words[i]);
    for (int i = 0; i < 24; i += 2) {
        round(a, e, kRoundConstants[i]);
        round(e, a, kRoundConstants[i + 1]);
    }
    for (int i = 0; i < 25; ++i) _mm512_store_si512(states.words[i], a[i]);
}

/// What a lane works at.
struct Lane {
    ByteView rest;
    std::size_t message = 0;
    bool busy = false;
};

void absorb_block(States& states, std::size_t lane, const std::uint8_t* block) noexcept {
    for (std::size_t i = 0; i < kRateWords; ++i) {
        std::uint64_t word;
        std::memcpy(&word, block + 8 * i, sizeof word);
        states.words[i][lane] ^= word;
    }
}

/// Absorbs what comes next of the lane's message; true when that was the last block, with its padding.
bool absorb(States& states, std::size_t number, Lane& lane) noexcept {
    if (lane.rest.size() >= kRate) {
        absorb_block(states, number, lane.rest.data());
        lane.rest = lane.rest.subspan(kRate);
        return false;
    }
    std::uint8_t last[kRate] = {};
    if (!lane.rest.empty()) std::memcpy(last, lane.rest.data(), lane.rest.size());
    last[lane.rest.size()] = 0x01;
    last[kRate - 1] |= 0x80;
    absorb_block(states, number, last);
    return true;
}

/// Each lane takes the next message when it has done with one, so that long and short ones mix well.
void eight_at_a_time(std::span<const ByteView> messages, std::span<Hash> digests) {
    States states{};
    Lane lanes[kLanes];
    std::size_t next = 0;
    for (std::size_t busy = 1; busy != 0;) {
        bool last[kLanes] = {};
        busy = 0;
        for (std::size_t i = 0; i < kLanes; ++i) {
            Lane& lane = lanes[i];
            if (!lane.busy) {
                if (next == messages.size()) continue;
                for (auto& word : states.words) word[i] = 0;
                lane = {messages[next], next, true};
                ++next;
            }
            ++busy;
            last[i] = absorb(states, i, lane);
        }
        if (busy == 0) return;
        permute(states);
        for (std::size_t i = 0; i < kLanes; ++i) {
            if (!lanes[i].busy || !last[i]) continue;
            Hash& digest = digests[lanes[i].message];
            for (std::size_t w = 0; w < digest.bytes.size() / 8; ++w)
                std::memcpy(digest.bytes.data() + 8 * w, &states.words[w][i], 8);
            lanes[i].busy = false;
        }
    }
}

#pragma GCC diagnostic pop
#endif

}  // namespace

void keccak256_each(std::span<const ByteView> messages, std::span<Hash> digests) {
    assert(messages.size() == digests.size());
#if defined(__x86_64__)
    static const bool kWide = __builtin_cpu_supports("avx512f") != 0;
    if (kWide && messages.size() > 1) return eight_at_a_time(messages, digests);
#endif
    one_by_one(messages, digests);
}

}  // namespace grid::chain

#pragma once

#if !defined(__x86_64__)
#error "eight lanes need AVX-512"
#endif
#include <immintrin.h>

#include <cstdint>

/// The field of secp256k1, p = 2^256 - 2^32 - 977, in eight lanes of AVX-512 IFMA: the same formula on eight
/// numbers at once. Public data alone: nothing here runs in constant time for a secret's sake.
///
/// An element has five limbs of 52 bits. "Tight" means that limbs 0 to 3 are below 2^52 and limb 4 is below
/// 2^49, so the value is below 2^257: what a product takes. A sum of limbs is "wide" until tight() has
/// carried it; a wide limb is below 2^62 and never negative.
namespace grid::chain::lanes {

// GCC's own header starts some intrinsics from a register that it leaves undefined on purpose.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define GRID_IFMA [[gnu::target("avx512f,avx512ifma")]]
#define GRID_IFMA_INLINE [[gnu::target("avx512f,avx512ifma"), gnu::always_inline]] inline
#if defined(__clang__)
#define GRID_UNROLLED _Pragma("unroll")
#else
#define GRID_UNROLLED _Pragma("GCC unroll 8")
#endif

using Word = __m512i;  ///< one 64-bit word of each lane

constexpr int kLimbs = 5;
constexpr std::size_t kLanes = 8;
constexpr std::uint64_t kMask52 = (std::uint64_t{1} << 52) - 1;
constexpr std::uint64_t kMask48 = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t kFold256 = 0x1000003d1;   ///< 2^256 mod p
constexpr std::uint64_t kFold260 = 0x1000003d10;  ///< 2^260 mod p
/// p in limbs.
constexpr std::uint64_t kPrime[kLimbs] = {0xffffefffffc2f, kMask52, kMask52, kMask52, kMask48};

struct Field {
    Word limb[kLimbs];
};

GRID_IFMA_INLINE Word every(std::uint64_t word) noexcept {
    return _mm512_set1_epi64(static_cast<long long>(word));
}

/// Carries a wide element.
GRID_IFMA_INLINE Field tight(const Field& a) noexcept {
    const Word mask = every(kMask52);
    const Word over = _mm512_srli_epi64(a.limb[4], 48);
    Word l4 = _mm512_and_si512(a.limb[4], every(kMask48));
    Word l0 = _mm512_madd52lo_epu64(a.limb[0], over, every(kFold256));
    Word l1 = _mm512_add_epi64(a.limb[1], _mm512_srli_epi64(l0, 52));
    Word l2 = _mm512_add_epi64(a.limb[2], _mm512_srli_epi64(l1, 52));
    Word l3 = _mm512_add_epi64(a.limb[3], _mm512_srli_epi64(l2, 52));
    l4 = _mm512_add_epi64(l4, _mm512_srli_epi64(l3, 52));
    return {{_mm512_and_si512(l0, mask), _mm512_and_si512(l1, mask), _mm512_and_si512(l2, mask),
             _mm512_and_si512(l3, mask), l4}};
}

/// Ten columns of a product, folded to a wide element with limbs below 2^56.
GRID_IFMA_INLINE Field fold(Word* c) noexcept {
    const Word mask = every(kMask52);
    const Word factor = every(kFold260);
    GRID_UNROLLED for (int i = 5; i < 9; ++i) {
        c[i + 1] = _mm512_add_epi64(c[i + 1], _mm512_srli_epi64(c[i], 52));
        c[i] = _mm512_and_si512(c[i], mask);
    }
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) c[i] = _mm512_madd52lo_epu64(c[i], c[i + 5], factor);
    GRID_UNROLLED for (int i = 1; i < kLimbs; ++i) c[i] = _mm512_madd52hi_epu64(c[i], c[i + 4], factor);
    const Word top = _mm512_madd52hi_epu64(_mm512_setzero_si512(), c[9], factor);
    c[0] = _mm512_madd52lo_epu64(c[0], top, factor);
    c[1] = _mm512_madd52hi_epu64(c[1], top, factor);
    return {{c[0], c[1], c[2], c[3], c[4]}};
}

/// a b of tight elements, wide.
GRID_IFMA_INLINE Field product(const Field& a, const Field& b) noexcept {
    Word c[10];
    GRID_UNROLLED for (int i = 0; i < 10; ++i) c[i] = _mm512_setzero_si512();
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) {
        GRID_UNROLLED for (int j = 0; j < kLimbs; ++j) c[i + j] =
            _mm512_madd52lo_epu64(c[i + j], a.limb[i], b.limb[j]);
        GRID_UNROLLED for (int j = 0; j < kLimbs; ++j) c[i + j + 1] =
            _mm512_madd52hi_epu64(c[i + j + 1], a.limb[i], b.limb[j]);
    }
    return fold(c);
}

/// a a of a tight element, wide: each product of two different limbs counts twice.
GRID_IFMA_INLINE Field square(const Field& a) noexcept {
    Word c[10];
    GRID_UNROLLED for (int i = 0; i < 10; ++i) c[i] = _mm512_setzero_si512();
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) {
        GRID_UNROLLED for (int j = i + 1; j < kLimbs; ++j) c[i + j] =
            _mm512_madd52lo_epu64(c[i + j], a.limb[i], a.limb[j]);
        GRID_UNROLLED for (int j = i + 1; j < kLimbs; ++j) c[i + j + 1] =
            _mm512_madd52hi_epu64(c[i + j + 1], a.limb[i], a.limb[j]);
    }
    GRID_UNROLLED for (int i = 1; i < 9; ++i) c[i] = _mm512_add_epi64(c[i], c[i]);
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) {
        c[2 * i] = _mm512_madd52lo_epu64(c[2 * i], a.limb[i], a.limb[i]);
        c[2 * i + 1] = _mm512_madd52hi_epu64(c[2 * i + 1], a.limb[i], a.limb[i]);
    }
    return fold(c);
}

GRID_IFMA_INLINE Field mul(const Field& a, const Field& b) noexcept {
    return tight(product(a, b));
}

GRID_IFMA_INLINE Field sqr(const Field& a) noexcept {
    return tight(square(a));
}

/// a + b, wide.
GRID_IFMA_INLINE Field sum(const Field& a, const Field& b) noexcept {
    Field r;
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) r.limb[i] = _mm512_add_epi64(a.limb[i], b.limb[i]);
    return r;
}

/// a + `multiple` p - b, wide; b is a sum of fewer than `multiple` tight elements, so that no limb borrows.
GRID_IFMA_INLINE Field difference(const Field& a, std::uint64_t multiple, const Field& b) noexcept {
    Field r;
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) r.limb[i] =
        _mm512_sub_epi64(_mm512_add_epi64(a.limb[i], every(multiple * kPrime[i])), b.limb[i]);
    return r;
}

/// 2^bits a, wide.
GRID_IFMA_INLINE Field shifted(const Field& a, unsigned bits) noexcept {
    Field r;
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) r.limb[i] = _mm512_slli_epi64(a.limb[i], bits);
    return r;
}

/// Lane by lane `yes` where the bit is set, else `no`.
GRID_IFMA_INLINE Field choose(__mmask8 which, const Field& yes, const Field& no) noexcept {
    Field r;
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) r.limb[i] =
        _mm512_mask_mov_epi64(no.limb[i], which, yes.limb[i]);
    return r;
}

GRID_IFMA_INLINE Field number(std::uint64_t small) noexcept {
    return {{every(small), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
             _mm512_setzero_si512()}};
}

/// The one value below p of a tight element.
GRID_IFMA_INLINE Field canonical(const Field& a) noexcept {
    // It is below 2p: p is taken away when adding 2^256 - p reaches 2^256.
    const Word mask = every(kMask52);
    Field r;
    Word carry = every(kFold256);
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) {
        const Word limb = _mm512_add_epi64(a.limb[i], carry);
        carry = _mm512_srli_epi64(limb, i < 4 ? 52 : 48);
        r.limb[i] = _mm512_and_si512(limb, i < 4 ? mask : every(kMask48));
    }
    return choose(_mm512_test_epi64_mask(carry, carry), r, a);
}

/// Which lanes of a canonical element are zero.
GRID_IFMA_INLINE __mmask8 zero_lanes(const Field& a) noexcept {
    Word any = a.limb[0];
    GRID_UNROLLED for (int i = 1; i < kLimbs; ++i) any = _mm512_or_si512(any, a.limb[i]);
    return _mm512_testn_epi64_mask(any, any);
}

/// a^(2^times).
GRID_IFMA inline Field sqr_times(Field a, int times) noexcept {
    for (int i = 0; i < times; ++i) a = sqr(a);
    return a;
}

/// What the powers below have in common: a^(2^k - 1) for k = 2, 22, 223 (the addition chain is
/// libsecp256k1's).
struct Powers {
    Field x2;
    Field x22;
    Field x223;
};

GRID_IFMA inline Powers powers(const Field& a) noexcept {
    const Field x2 = mul(sqr(a), a);
    const Field x3 = mul(sqr(x2), a);
    const Field x6 = mul(sqr_times(x3, 3), x3);
    const Field x9 = mul(sqr_times(x6, 3), x3);
    const Field x11 = mul(sqr_times(x9, 2), x2);
    const Field x22 = mul(sqr_times(x11, 11), x11);
    const Field x44 = mul(sqr_times(x22, 22), x22);
    const Field x88 = mul(sqr_times(x44, 44), x44);
    const Field x176 = mul(sqr_times(x88, 88), x88);
    const Field x220 = mul(sqr_times(x176, 44), x44);
    return {x2, x22, mul(sqr_times(x220, 3), x3)};
}

/// a^((p + 1) / 4): a square root where there is one.
GRID_IFMA inline Field root(const Field& a) noexcept {
    const Powers p = powers(a);
    const Field t = mul(sqr_times(p.x223, 23), p.x22);
    return sqr_times(mul(sqr_times(t, 6), p.x2), 2);
}

/// a^(p - 2): the inverse, of zero zero.
GRID_IFMA inline Field inverse(const Field& a) noexcept {
    const Powers p = powers(a);
    Field t = mul(sqr_times(p.x223, 23), p.x22);
    t = mul(sqr_times(t, 5), a);
    t = mul(sqr_times(t, 3), p.x2);
    return mul(sqr_times(t, 2), a);
}

#pragma GCC diagnostic pop

}  // namespace grid::chain::lanes

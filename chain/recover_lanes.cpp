#include "chain/recover_lanes.hpp"

#if defined(__x86_64__)

#include <secp256k1.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <stdexcept>
#include <vector>

#include "chain/field_lanes.hpp"
#include "chain/group_scalar.hpp"

// A signature (r, s, v) over z was made by Q = -z/r G + s/r R, where R is the point with x = r and the parity
// v (SEC 1, 4.1.6). Here eight of them are computed at once:
//   1. 1/r by one inversion for all, and the digits of the factors;
//   2. R from its x;
//   3. s/r R: the factor split by the endomorphism, two digits of four bits for each four doublings;
//   4. -z/r G: one addition of a precomputed point for each eight bits;
//   5. from Jacobian coordinates to x and y, by one inversion for all.
// The formulas for adding fail where both points have the same x. Then z becomes zero and stays zero to the
// end, whatever is added afterwards: such lanes are handed back as not found.
namespace grid::chain::lanes {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

/// (x / z^2, y / z^3).
struct Jacobian {
    Field x, y, z;
};

struct Affine {
    Field x, y;
};

constexpr std::size_t kPointBits = 4;
constexpr std::size_t kPointDigits = 128 / kPointBits + 1;
constexpr std::size_t kMultiples = 1 << (kPointBits - 1);
constexpr std::size_t kBaseBits = 8;
constexpr std::size_t kBaseDigits = 256 / kBaseBits + 1;
constexpr std::size_t kBaseMultiples = 1 << (kBaseBits - 1);
constexpr std::size_t kCoordinates = 2 * kLimbs;  ///< words of an affine point

/// beta in limbs: (beta x, y) = lambda (x, y).
constexpr std::uint64_t kBeta[kLimbs] = {0x96c28719501ee, 0x7512f58995c13, 0xc3434e99cf049, 0x07106e64479ea,
                                         0x07ae96a2b657c};

/// 2 a (dbl-2007-a of the Explicit-Formulas Database, for a = 0): 3M + 4S.
GRID_IFMA [[gnu::noinline]] void double_point(Jacobian& a) noexcept {
    const Field s = sqr(a.y);
    const Field xx = square(a.x);
    const Field l = tight(sum(shifted(xx, 1), xx));
    const Field t = tight(shifted(product(a.x, s), 2));
    const Field u = tight(shifted(square(s), 3));
    const Field z = tight(shifted(product(a.y, a.z), 1));
    a.x = tight(difference(square(l), 4, shifted(t, 1)));
    a.y = tight(difference(product(l, tight(difference(t, 2, a.x))), 2, u));
    a.z = z;
}

/// a + b (madd of the Explicit-Formulas Database): 8M + 3S. Answers the factor by which z grew: zero (mod p)
/// where both have the same x, and then the sum is wrong.
GRID_IFMA_INLINE Field add_unlike(Jacobian& a, const Affine& b) noexcept {
    const Field zz = sqr(a.z);
    const Field h = tight(difference(product(b.x, zz), 2, a.x));
    const Field r = tight(difference(product(b.y, mul(zz, a.z)), 2, a.y));
    const Field hh = sqr(h);
    const Field hhh = mul(hh, h);
    const Field v = mul(a.x, hh);
    a.x = tight(difference(square(r), 4, sum(hhh, shifted(v, 1))));
    a.y = tight(difference(product(r, tight(difference(v, 2, a.x))), 2, mul(a.y, hhh)));
    a.z = mul(a.z, h);
    return h;
}

/// A sum in the making: zero in the lanes of `zero`, where `point` means nothing.
struct Sum {
    Jacobian point;
    __mmask8 zero = 0xff;
};

/// Adds b or, in the lanes of `negative`, -b; leaves the lanes alone that are not in `any`.
GRID_IFMA [[gnu::noinline]] void add_where(Sum& a, const Affine& b, __mmask8 any,
                                           __mmask8 negative) noexcept {
    const Field zero = number(0);
    const Affine signed_b{b.x, choose(negative, tight(difference(zero, 2, b.y)), b.y)};
    Jacobian grown = a.point;
    add_unlike(grown, signed_b);
    const __mmask8 first = any & a.zero;
    a.point.x = choose(first, signed_b.x, choose(any, grown.x, a.point.x));
    a.point.y = choose(first, signed_b.y, choose(any, grown.y, a.point.y));
    a.point.z = choose(first, number(1), choose(any, grown.z, a.point.z));
    a.zero = a.zero & static_cast<__mmask8>(~any);
}

/// Multiples 1 to 128 of 2^(8 i) G, for each i: limbs of x, then of y.
struct BaseTable {
    std::uint64_t limbs[kBaseDigits][kBaseMultiples][kCoordinates];
};

void store_limbs(const std::uint8_t* bytes, std::uint64_t* limbs) noexcept {
    std::uint64_t words[4] = {};
    for (std::size_t i = 0; i < 32; ++i) words[3 - i / 8] = words[3 - i / 8] << 8 | bytes[i];
    limbs[0] = words[0] & kMask52;
    for (std::size_t i = 1; i < 4; ++i)
        limbs[i] = (words[i - 1] >> (64 - 12 * i) | words[i] << (12 * i)) & kMask52;
    limbs[4] = words[3] >> 16;
}

/// Made by libsecp256k1, once.
std::unique_ptr<BaseTable> make_base_table() {
    auto table = std::make_unique<BaseTable>();
    const std::unique_ptr<secp256k1_context, void (*)(secp256k1_context*)> context(
        secp256k1_context_create(SECP256K1_CONTEXT_SIGN), secp256k1_context_destroy);
    const auto demand = [](int done) {
        if (done != 1) throw std::runtime_error("libsecp256k1 does not multiply");
    };
    std::array<std::uint8_t, 32> one{};
    one[31] = 1;
    secp256k1_pubkey step;
    demand(secp256k1_ec_pubkey_create(context.get(), &step, one.data()));
    for (auto& multiples : table->limbs) {
        secp256k1_pubkey multiple = step;
        for (std::size_t m = 0; m < kBaseMultiples; ++m) {
            std::array<std::uint8_t, 65> bytes;
            std::size_t size = bytes.size();
            demand(secp256k1_ec_pubkey_serialize(context.get(), bytes.data(), &size, &multiple,
                                                 SECP256K1_EC_UNCOMPRESSED));
            store_limbs(bytes.data() + 1, multiples[m]);
            store_limbs(bytes.data() + 33, multiples[m] + kLimbs);
            const secp256k1_pubkey* terms[] = {&multiple, m + 1 < kBaseMultiples ? &step : &multiple};
            secp256k1_pubkey next;
            demand(secp256k1_ec_pubkey_combine(context.get(), &next, terms, 2));
            multiple = next;  // after the last: twice 128 times the step, where the next row begins
        }
        step = multiple;
    }
    return table;
}

const BaseTable& base_table() {
    static const std::unique_ptr<BaseTable> table = make_base_table();
    return *table;
}

/// Eight signatures on their way; a lane without one repeats another.
struct Group {
    alignas(64) std::uint64_t x[kLimbs][kLanes];  ///< of R
    std::uint8_t parity[kLanes];
    alignas(64) std::int64_t first[kPointDigits][kLanes];
    alignas(64) std::int64_t second[kPointDigits][kLanes];
    alignas(64) std::int64_t base[kBaseDigits][kLanes];
    alignas(64) std::uint64_t point[3][kLimbs][kLanes];  ///< Q in Jacobian coordinates
    __mmask8 found = 0;
};

GRID_IFMA_INLINE Field load(const std::uint64_t (*words)[kLanes]) noexcept {
    Field r;
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) r.limb[i] = _mm512_load_si512(words[i]);
    return r;
}

GRID_IFMA_INLINE void store(const Field& a, std::uint64_t (*words)[kLanes]) noexcept {
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) _mm512_store_si512(words[i], a.limb[i]);
}

/// Multiples 1 to 8 of R, all with the same z: on a curve isomorphic to secp256k1 they are affine points, and
/// neither doubling nor adding asks which curve it is. And their images under the endomorphism.
struct Multiples {
    alignas(64) std::uint64_t x[kMultiples][kLimbs][kLanes];
    alignas(64) std::uint64_t beta_x[kMultiples][kLimbs][kLanes];
    alignas(64) std::uint64_t y[kMultiples][kLimbs][kLanes];
};

/// Answers that z.
GRID_IFMA [[gnu::noinline]] Field make_multiples(const Affine& r, Multiples& multiples) noexcept {
    Jacobian points[kMultiples];
    Field growth[kMultiples];
    points[0] = {r.x, r.y, number(1)};
    Jacobian point = points[0];
    double_point(point);
    points[1] = point;
    growth[1] = point.z;
    for (std::size_t i = 2; i < kMultiples; ++i) {
        growth[i] = add_unlike(point, r);
        points[i] = point;
    }
    Field beta;
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) beta.limb[i] = every(kBeta[i]);
    Field factor = number(1);
    for (std::size_t i = kMultiples; i-- > 0;) {
        const Field square_of = sqr(factor);
        const Field x = mul(points[i].x, square_of);
        store(x, multiples.x[i]);
        store(mul(x, beta), multiples.beta_x[i]);
        store(mul(points[i].y, mul(square_of, factor)), multiples.y[i]);
        if (i > 0) factor = mul(factor, growth[i]);
    }
    return point.z;
}

/// What a row of digits picks: for each lane its multiple, its sign, and whether there is one.
struct Choice {
    Word index;  ///< |digit| - 1, of no digit 0
    __mmask8 any;
    __mmask8 negative;
};

GRID_IFMA_INLINE Choice choice(const std::int64_t* digits) noexcept {
    const Word digit = _mm512_load_si512(digits);
    const __mmask8 any = _mm512_test_epi64_mask(digit, digit);
    const Word index = _mm512_maskz_sub_epi64(any, _mm512_abs_epi64(digit), every(1));
    return {index, any, _mm512_cmplt_epi64_mask(digit, _mm512_setzero_si512())};
}

GRID_IFMA_INLINE Field pick(const std::uint64_t (*rows)[kLimbs][kLanes], Word index) noexcept {
    const Word lane = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    const Word at = _mm512_add_epi64(_mm512_mullox_epi64(index, every(kLimbs * kLanes)), lane);
    Field r;
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) r.limb[i] =
        _mm512_i64gather_epi64(at, &rows[0][i][0], sizeof(std::uint64_t));
    return r;
}

GRID_IFMA_INLINE Field pick_base(const std::uint64_t* row, Word index) noexcept {
    const Word at = _mm512_mullox_epi64(index, every(kCoordinates));
    Field r;
    GRID_UNROLLED for (int i = 0; i < kLimbs; ++i) r.limb[i] =
        _mm512_i64gather_epi64(at, row + i, sizeof(std::uint64_t));
    return r;
}

/// The point with this x and parity; in the lanes that are not in the answer there is none.
GRID_IFMA [[gnu::noinline]] __mmask8 lift(const Field& x, __mmask8 odd, Affine& r) noexcept {
    const Field yy = tight(sum(product(sqr(x), x), number(7)));
    const Field y = canonical(root(yy));
    const Field off = tight(difference(sqr(y), 2, yy));
    const __mmask8 exists = zero_lanes(canonical(off));
    const __mmask8 is_odd = _mm512_test_epi64_mask(y.limb[0], every(1));
    r = {x, choose(is_odd ^ odd, tight(difference(number(0), 2, y)), y)};
    return exists;
}

GRID_IFMA void multiply(Group& group, const BaseTable& base) noexcept {
    __mmask8 odd = 0;
    for (std::size_t i = 0; i < kLanes; ++i) odd = static_cast<__mmask8>(odd | group.parity[i] << i);
    Affine r;
    const __mmask8 exists = lift(load(group.x), odd, r);
    Multiples multiples;
    const Field common_z = make_multiples(r, multiples);
    Sum q;
    q.point = {number(0), number(0), number(0)};
    for (std::size_t i = kPointDigits; i-- > 0;) {
        if (i + 1 < kPointDigits)
            for (std::size_t k = 0; k < kPointBits; ++k) double_point(q.point);
        const Choice first = choice(group.first[i]);
        add_where(q, {pick(multiples.x, first.index), pick(multiples.y, first.index)}, first.any,
                  first.negative);
        const Choice second = choice(group.second[i]);
        add_where(q, {pick(multiples.beta_x, second.index), pick(multiples.y, second.index)}, second.any,
                  second.negative);
    }
    q.point.z = mul(q.point.z, common_z);  // back on secp256k1
    for (std::size_t i = 0; i < kBaseDigits; ++i) {
        const Choice digit = choice(group.base[i]);
        const std::uint64_t* row = &base.limbs[i][0][0];
        add_where(q, {pick_base(row, digit.index), pick_base(row + kLimbs, digit.index)}, digit.any,
                  digit.negative);
    }
    const __mmask8 failed = zero_lanes(canonical(q.point.z)) | q.zero;
    group.found = exists & static_cast<__mmask8>(~failed);
    // A zero would spoil the common inversion.
    q.point.z = choose(group.found, q.point.z, number(1));
    store(q.point.x, group.point[0]);
    store(q.point.y, group.point[1]);
    store(q.point.z, group.point[2]);
}

/// x and y of each group's points take the place of the Jacobian coordinates.
GRID_IFMA void make_affine(std::span<Group> groups) noexcept {
    // Montgomery's trick in every lane: the products stand where z stood.
    struct alignas(64) Product {
        std::uint64_t words[kLimbs][kLanes];
    };
    std::vector<Product> before(groups.size());
    Field all = number(1);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        store(all, before[i].words);
        all = mul(all, load(groups[i].point[2]));
    }
    Field rest = inverse(all);
    for (std::size_t i = groups.size(); i-- > 0;) {
        const Field inverse_z = mul(rest, load(before[i].words));
        rest = mul(rest, load(groups[i].point[2]));
        const Field zz = sqr(inverse_z);
        store(canonical(mul(load(groups[i].point[0]), zz)), groups[i].point[0]);
        store(canonical(mul(load(groups[i].point[1]), mul(zz, inverse_z))), groups[i].point[1]);
    }
}

#pragma GCC diagnostic pop

void write_bytes(const std::uint64_t (*limbs)[kLanes], std::size_t lane, std::uint8_t* bytes) noexcept {
    std::uint64_t words[4];
    for (std::size_t i = 0; i < 4; ++i)
        words[i] = limbs[i][lane] >> (12 * i) | limbs[i + 1][lane] << (52 - 12 * i);
    for (std::size_t i = 0; i < 32; ++i)
        bytes[i] = static_cast<std::uint8_t>(words[3 - i / 8] >> (56 - 8 * (i % 8)));
}

void fill(Group& group, std::size_t lane, const SignedDigest& wanted, const GroupScalar& inverse_r) {
    std::uint64_t limbs[kLimbs];
    store_limbs(wanted.signature.r.bytes.data(), limbs);
    for (int i = 0; i < kLimbs; ++i) group.x[i][lane] = limbs[i];
    group.parity[lane] = wanted.signature.parity;
    const SplitScalar factor = split(GroupScalar::from(wanted.signature.s) * inverse_r);
    std::array<std::int16_t, kPointDigits> digits;
    signed_digits(factor.first, kPointBits, digits);
    for (std::size_t i = 0; i < kPointDigits; ++i)
        group.first[i][lane] = factor.first_negative ? -digits[i] : digits[i];
    signed_digits(factor.second, kPointBits, digits);
    for (std::size_t i = 0; i < kPointDigits; ++i)
        group.second[i][lane] = factor.second_negative ? -digits[i] : digits[i];
    std::array<std::int16_t, kBaseDigits> base_digits;
    signed_digits(-(GroupScalar::from(wanted.digest) * inverse_r), kBaseBits, base_digits);
    for (std::size_t i = 0; i < kBaseDigits; ++i) group.base[i][lane] = base_digits[i];
}

}  // namespace

void recover(std::span<const SignedDigest> signatures, std::span<PublicKey> keys, std::span<bool> found) {
    assert(keys.size() == signatures.size() && found.size() == signatures.size());
    if (signatures.empty()) return;
    std::vector<GroupScalar> inverses;
    inverses.reserve(signatures.size());
    for (const SignedDigest& wanted : signatures) inverses.push_back(GroupScalar::from(wanted.signature.r));
    invert_each(inverses);
    std::vector<Group> groups((signatures.size() + kLanes - 1) / kLanes);
    const BaseTable& base = base_table();
    for (std::size_t g = 0; g < groups.size(); ++g) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::size_t i = std::min(g * kLanes + lane, signatures.size() - 1);
            fill(groups[g], lane, signatures[i], inverses[i]);
        }
        multiply(groups[g], base);
    }
    make_affine(groups);
    for (std::size_t i = 0; i < signatures.size(); ++i) {
        const Group& group = groups[i / kLanes];
        const std::size_t lane = i % kLanes;
        found[i] = (group.found >> lane & 1) != 0;
        write_bytes(group.point[0], lane, keys[i].data());
        write_bytes(group.point[1], lane, keys[i].data() + 32);
    }
}

}  // namespace grid::chain::lanes

#endif

#include "chain/packing.hpp"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace grid::chain {
namespace {

constexpr std::size_t kWord = 8;
constexpr std::size_t kLongestRun = 255;
constexpr std::uint8_t kZeros = 0x00;
constexpr std::uint8_t kFull = 0xff;

std::uint64_t word_at(const std::uint8_t* at) noexcept {
    std::uint64_t word;
    std::memcpy(&word, at, kWord);
    return word;
}

/// How many of the words from here on are zero, at most kLongestRun.
std::size_t zero_run(const std::uint8_t* at, const std::uint8_t* end) noexcept {
    std::size_t run = 0;
    while (run < kLongestRun && at + kWord <= end && word_at(at) == 0) ++run, at += kWord;
    return run;
}

/// How many of the words from here on have hardly a zero byte: copied as they are.
std::size_t dense_run(const std::uint8_t* at, const std::uint8_t* end) noexcept {
    constexpr std::ptrdiff_t kFewZeros = 1;
    std::size_t run = 0;
    while (run < kLongestRun && at + kWord <= end && std::count(at, at + kWord, 0) <= kFewZeros)
        ++run, at += kWord;
    return run;
}

/// Packs one word behind `to`, which has room for nine bytes; returns its end. No branches: which bytes
/// are zero cannot be foreseen.
std::uint8_t* pack_word(const std::uint8_t* word, std::uint8_t* to) noexcept {
    std::uint8_t* tag = to++;
    unsigned bits = 0;
    for (unsigned i = 0; i < kWord; ++i) {
        *to = word[i];
        const unsigned there = word[i] != 0 ? 1 : 0;
        bits |= there << i;
        to += there;
    }
    *tag = static_cast<std::uint8_t>(bits);
    return to;
}

#if defined(__x86_64__)
/// The same with pext, which picks the bytes in one instruction.
[[gnu::target("bmi2,popcnt")]] inline std::uint8_t* pack_word_by_pext(const std::uint8_t* word,
                                                                      std::uint8_t* to) noexcept {
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    const std::uint64_t w = word_at(word);
    const std::uint64_t there = (((w & ~kHighBits) + ~kHighBits) | w) & kHighBits;
    const std::uint64_t bytes = _pext_u64(w, (there >> 7) * 0xff);
    *to = static_cast<std::uint8_t>(_pext_u64(there, kHighBits));
    std::memcpy(to + 1, &bytes, kWord);
    return to + 1 + __builtin_popcountll(there);
}
#endif

/// Returns the end of what it wrote behind `to`, which has room for kWord + 2 bytes a word.
template <class PackWord>
[[gnu::always_inline]] inline std::uint8_t* pack_with(PackWord pack_one, ByteView bytes,
                                                      std::uint8_t* to) noexcept {
    const std::uint8_t* at = bytes.data();
    const std::uint8_t* const end = at + bytes.size();
    while (at + kWord <= end) {
        if (word_at(at) == 0) {
            const std::size_t more = zero_run(at + kWord, end);
            *to++ = kZeros;
            *to++ = static_cast<std::uint8_t>(more);
            at += kWord * (1 + more);
            continue;
        }
        const std::uint8_t* const tag = to;
        to = pack_one(at, to);
        at += kWord;
        if (*tag == kFull) {
            const std::size_t more = dense_run(at, end);
            *to++ = static_cast<std::uint8_t>(more);
            to = std::copy(at, at + kWord * more, to);
            at += kWord * more;
        }
    }
    if (at < end) {
        std::uint8_t last[kWord] = {};
        std::copy(at, end, last);
        const std::uint8_t* const tag = to;
        to = pack_one(last, to);
        if (*tag == kZeros) *to++ = 0;
    }
    return to;
}

std::uint8_t* pack_portably(ByteView bytes, std::uint8_t* to) noexcept {
    return pack_with(pack_word, bytes, to);
}

#if defined(__x86_64__)
[[gnu::target("bmi2,popcnt")]] std::uint8_t* pack_by_pext(ByteView bytes, std::uint8_t* to) noexcept {
    return pack_with(pack_word_by_pext, bytes, to);
}
#endif

using Packer = std::uint8_t* (*)(ByteView bytes, std::uint8_t* to) noexcept;

Packer choose_packer() noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")) return pack_by_pext;
#endif
    return pack_portably;
}

tl::unexpected<Error> bad(const char* why) {
    return fail("bad_packing", why);
}

}  // namespace

void pack(ByteView bytes, Bytes& out) {
    static const Packer kPacker = choose_packer();
    // Each word takes at most its tag, itself and a count; what is not used is given back.
    const std::size_t words = (bytes.size() + kWord - 1) / kWord;
    const std::size_t begin = out.size();
    out.resize(begin + words * (kWord + 2));
    const std::uint8_t* const end = kPacker(bytes, out.data() + begin);
    out.resize(static_cast<std::size_t>(end - out.data()));
}

Result<Bytes> unpack(ByteView packed, std::size_t size) {
    const std::size_t words = (size + kWord - 1) / kWord;
    Bytes out(words * kWord);  // zeros
    std::size_t at = 0;
    std::size_t in = 0;
    while (at < out.size()) {
        if (in == packed.size()) return bad("it ends before the last word");
        const std::uint8_t tag = packed[in++];
        for (unsigned i = 0; i < kWord; ++i)
            if ((tag >> i & 1) != 0) {
                if (in == packed.size()) return bad("it ends within a word");
                out[at + i] = packed[in++];
            }
        at += kWord;
        if (tag != kZeros && tag != kFull) continue;
        if (in == packed.size()) return bad("it ends before a count");
        const std::size_t run = kWord * packed[in++];
        if (run > out.size() - at) return bad("a run goes over the end");
        if (tag == kFull) {
            if (run > packed.size() - in) return bad("it ends within a run");
            std::copy_n(packed.begin() + static_cast<std::ptrdiff_t>(in), run,
                        out.begin() + static_cast<std::ptrdiff_t>(at));
            in += run;
        }
        at += run;
    }
    if (in != packed.size()) return bad("bytes follow the last word");
    if (std::any_of(out.begin() + static_cast<std::ptrdiff_t>(size), out.end(),
                    [](std::uint8_t byte) { return byte != 0; }))
        return bad("the padding is not zero");
    out.resize(size);
    return out;
}

}  // namespace grid::chain

#pragma once

#include <array>

#include "unit/chain/world.hpp"

/// What random plays of the market are made of.
namespace grid::chain::test {

/// A small generator of its own: a sequence is one seed, so that a hundred thousand of them are cheap.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t below(std::uint64_t n) {
        state_ += 0x9e3779b97f4a7c15ull;  // splitmix64
        std::uint64_t z = state_;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ z >> 27) * 0x94d049bb133111ebull;
        return (z ^ z >> 31) % n;
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

/// The keys are the same in every play.
inline const std::array<PrivateKey, 4>& keys() {
    static const std::array<PrivateKey, 4> kKeys{key(1), key(2), key(3), key(4)};
    return kKeys;
}

inline const std::array<Address, 4>& people() {
    static const std::array<Address, 4> kPeople{keys()[0].address(), keys()[1].address(), keys()[2].address(),
                                                keys()[3].address()};
    return kPeople;
}

}  // namespace grid::chain::test

#pragma once

#include <rapidcheck.h>

#include "chain/amount.hpp"
#include "property/pledge_model.hpp"

/// What random sequences of credits and pledges are made of.
namespace grid::chain::test::pledging {

enum class Act : std::uint8_t {
    approve,
    purchase,
    permit,
    purchase_with_permit,
    redeem,
    send,
    claim_transfer,
    burn,
    mint,
    escrow,
    release,
    market_burn,
    pledge,
    unpledge,
    withdraw,
    claim,
    announce,
    execute,
    veto,
    promise,
    mint_profit,
    lapse,
    role,
    forbidden
};

/// One step, from plain numbers that shrink well.
struct Step {
    Act act = Act::approve;
    std::uint8_t who = 0;
    std::uint8_t pool = 0;
    std::uint8_t size = 0;  ///< what the amount is a part of
    std::uint16_t x = 0;
    std::uint8_t clock = 0;  ///< how time goes on before it
};

inline std::ostream& operator<<(std::ostream& out, const Step& s) {
    return out << "{act " << int(s.act) << ", who " << int{s.who} << ", pool " << int{s.pool} << ", size "
               << int{s.size} << ", x " << s.x << ", clock " << int{s.clock} << "}";
}

inline rc::Gen<Step> any_step() {
    using A = Act;
    return rc::gen::build<Step>(
        rc::gen::set(
            &Step::act,
            rc::gen::weightedElement<Act>(
                {{1, A::approve},     {2, A::purchase}, {1, A::permit},         {2, A::purchase_with_permit},
                 {1, A::redeem},      {2, A::send},     {2, A::claim_transfer}, {1, A::burn},
                 {1, A::mint},        {1, A::escrow},   {1, A::release},        {1, A::market_burn},
                 {10, A::pledge},     {8, A::unpledge}, {8, A::withdraw},       {5, A::claim},
                 {6, A::announce},    {8, A::execute},  {2, A::veto},           {4, A::promise},
                 {8, A::mint_profit}, {1, A::lapse},    {1, A::role},           {1, A::forbidden}})),
        rc::gen::set(&Step::who, rc::gen::inRange<std::uint8_t>(0, PledgeModel::kPeople)),
        rc::gen::set(&Step::pool, rc::gen::weightedElement<std::uint8_t>({{4, 0}, {1, 1}})),
        rc::gen::set(&Step::size, rc::gen::inRange<std::uint8_t>(0, 8)),
        rc::gen::set(&Step::x, rc::gen::arbitrary<std::uint16_t>()),
        rc::gen::set(&Step::clock, rc::gen::inRange<std::uint8_t>(0, 16)));
}

/// A model's number as the contracts have it.
inline Amount amount_of(PledgeModel::Number n) {
    const Amount high{static_cast<std::uint64_t>(n >> 64)};
    return high * Amount::power_of_two(64) + Amount{static_cast<std::uint64_t>(n)};
}

}  // namespace grid::chain::test::pledging

// Random sequences of credits and pledges by several people, at times that fall on every edge: each call does
// what an independent bookkeeper expects, with the error that he expects, and every invariant holds after it.

#include "chain/council_calls.hpp"
#include "chain/pledge_rows.hpp"
#include "chain/token_rows.hpp"
#include "property/pledge_model.hpp"
#include "property/pledge_steps.hpp"
#include "property/runs.hpp"
#include "property/state_rows.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

using pledging::Act;
using pledging::amount_of;
using pledging::Step;
using Number = PledgeModel::Number;
constexpr std::size_t kPeople = PledgeModel::kPeople;
constexpr std::size_t kPools = PledgeModel::kPools;

class Play {
public:
    explicit Play(bool all_at_once)
        : all_at_once_(all_at_once),
          state_(make_genesis_state(genesis_)),
          start_(state_.checkpoint()),
          model_(rules(), block_.time.seconds) {
        for (std::size_t i = 0; i < kPeople; ++i) model_.tokens[i] = 100'000;
        model_.token_supply = 100'000 * kPeople;
        model_.slasher[0] = model_.vetoer[1] = true;
        for (std::size_t i = 0; i < kPools; ++i) {
            Provider info;
            info.host = "h";
            info.port = 1;
            expect("", people_[i], contracts_.registry, calls::registry::set(info));
        }
        for (std::size_t i = 0; i < 3; ++i) {
            expect(model_.approve(i, 90'000), people_[i], contracts_.token,
                   calls::token::approve(contracts_.credit, Amount{90'000}));
            expect(model_.purchase(i, 50'000), people_[i], contracts_.credit,
                   calls::credit::purchase(Amount{50'000}));
        }
    }

    void step(const Step& s) {
        pass_time(s);
        perform(s);
        check_money();
        check_pool(s.pool % kPools);
    }

    /// At the end: everybody's view, and a follower fed with write sets, and a rollback of everything.
    void finish() {
        for (std::size_t p = 0; p < kPools; ++p) check_pool(p);
        check_slashes();
        follows_and_goes_back(state_, start_, genesis_);
    }

    const std::map<std::string, std::size_t>& events_seen() const { return events_seen_; }

private:
    PledgeModel::Rules rules() const {
        const PledgeParameters& p = genesis_.pledge;
        return {p.epoch_length.count,
                p.unbonding_period.count,
                p.slash_delay.count,
                p.max_slash_bp,
                500,
                600'000};
    }

    Genesis make_genesis() const {
        Genesis g;
        g.token_cap = Amount{600'000};
        g.minter = people_[4];
        for (const Address& account : people_) g.allocations.emplace_back(account, Amount{100'000});
        g.slashers = {people_[0]};
        g.vetoers = {people_[1]};
        g.pledge = {
            {100}, {350}, {150}, static_cast<std::uint16_t>(all_at_once_ ? 10'000 : 4'000), Amount{500}};
        return g;
    }

    /// Mostly no or little time; else to an edge, to the second before or after it, or over years.
    void pass_time(const Step& s) {
        std::uint64_t& t = block_.time.seconds;
        const std::uint64_t boundary = (t / 100 + 1) * 100;
        std::uint64_t next = ~0ull;  // the next release or slash
        for (const auto& pool : model_.pools)
            for (const auto& holder : pool.holders)
                for (const auto& entry : holder.unbonding)
                    if (entry.second > t) next = std::min(next, entry.second);
        for (const auto& slash : model_.slashes)
            if (slash.status == 1 && slash.due > t) next = std::min(next, slash.due);
        if (next == ~0ull) next = boundary;
        const std::uint64_t to[] = {t + 1,    boundary,      std::max(t, boundary - 1), next,
                                    next + 1, t + s.x % 400, std::max(t, next - 1)};
        if (s.clock < std::size(to))
            t = to[s.clock];
        else if (s.clock == std::size(to) && s.x % 16 == 0)
            t += 3ull * 365 * 24 * 3600;
        ++block_.number;
        model_.advance(t);
    }

    /// None, one, all, one too many, or some of what there is.
    Number part_of(const Step& s, Number all) const {
        switch (s.size) {
            case 0:
                return s.x % 8 == 0 ? 0 : 1;
            case 1:
                return all;
            case 2:
                return all + 1;
            case 3:
                return all / 2;
            case 4:
                return 1 + s.x % 10;
            default:
                return all == 0 ? s.x % 100 : s.x % (all + 1);
        }
    }

    /// A permit for Credit: mostly good.
    std::pair<calls::token::PermitTerms, std::string> terms(const Step& s, Number value) const {
        calls::token::PermitTerms t{people_[s.who], contracts_.credit, amount_of(value),
                                    Amount{model_.nonces[s.who]}, Amount{block_.time.seconds + s.x % 2}};
        if (s.x % 5 == 0) t.nonce = t.nonce + Amount{1};
        if (s.x % 7 == 0) t.deadline = Amount{block_.time.seconds - 1};
        if (s.x % 7 == 0) return {t, "ERC2612ExpiredSignature"};
        return {t, s.x % 5 == 0 || s.x % 11 == 0 ? "ERC2612InvalidSigner" : ""};
    }
    /// By the owner, but for the eleventh of them. The nonce is not in the calldata: the contract has its
    /// own.
    Signature sign(const Step& s, const calls::token::PermitTerms& t) const {
        const PrivateKey& signer = keys_[s.x % 11 == 0 ? (s.who + 1) % kPeople : s.who];
        return signer.sign(calls::token::permit_digest(t, block_.chain_id, contracts_.token));
    }

    void perform(const Step& s) {
        namespace credit = calls::credit;
        namespace pledge = calls::pledge;
        PledgeModel& m = model_;
        const std::size_t who = s.who;
        const std::size_t p = s.pool % kPools;
        const Address& caller = people_[who];
        const Address& provider = people_[p];
        const auto on = [&](const Address& by, const Address& to, const std::string& error,
                            const Bytes& data) { expect(error, by, to, data); };
        switch (s.act) {
            case Act::approve:
                return on(caller, contracts_.token, m.approve(who, s.x),
                          calls::token::approve(contracts_.credit, Amount{s.x}));
            case Act::purchase: {
                const Number v = part_of(s, std::min(m.tokens[who], m.allowance[who]));
                return on(caller, contracts_.credit, m.purchase(who, v), credit::purchase(amount_of(v)));
            }
            case Act::permit: {
                const Number v = part_of(s, m.tokens[who]);
                const auto [t, fault] = terms(s, v);
                return on(people_[(who + 2) % kPeople], contracts_.token, m.permit(who, v, fault),
                          calls::token::permit(t, sign(s, t)));
            }
            case Act::purchase_with_permit: {
                const Number v = part_of(s, m.tokens[who]);
                const auto [t, fault] = terms(s, v);
                const std::string error = m.purchase_with_permit(who, v, fault);
                if (s.x % 2 == 0)
                    return on(contracts_.market, contracts_.credit, error,
                              credit::purchase_for(t, sign(s, t)));
                return on(caller, contracts_.credit, error, credit::purchase_with_permit(t, sign(s, t)));
            }
            case Act::redeem: {
                const Number v = part_of(s, m.credits[who]);
                return on(caller, contracts_.credit, m.redeem(who, v), credit::redeem(amount_of(v)));
            }
            case Act::send: {
                const Number v = part_of(s, m.tokens[who]);
                return on(caller, contracts_.token, m.send_to_credit(who, v),
                          calls::token::transfer(contracts_.credit, amount_of(v)));
            }
            case Act::claim_transfer:
                return on(people_[s.x % kPeople], contracts_.credit, m.claim_transfer(who),
                          credit::claim_transfer(caller));
            case Act::burn: {
                const Number v = part_of(s, m.tokens[who]) / 16;
                return on(caller, contracts_.token, m.burn(who, v), calls::token::burn(amount_of(v)));
            }
            case Act::mint: {
                const Number v = part_of(s, m.rules.cap - m.token_supply);
                return on(people_[4], contracts_.token, m.mint(who, v),
                          calls::token::mint(caller, amount_of(v)));
            }
            case Act::escrow: {
                const Number v = part_of(s, m.credits[who]);
                return on(contracts_.market, contracts_.credit, m.escrow(who, v),
                          credit::escrow(caller, amount_of(v)));
            }
            case Act::release: {
                const Number v = part_of(s, m.market);
                return on(contracts_.market, contracts_.credit, m.release(who, v),
                          credit::release(caller, amount_of(v)));
            }
            case Act::market_burn: {
                const Number v = part_of(s, m.market);
                return on(contracts_.market, contracts_.credit, m.market_burn(v), credit::burn(amount_of(v)));
            }
            case Act::pledge: {
                const Number v = part_of(s, m.credits[who]);
                return on(caller, contracts_.pledge, m.pledge(who, p, v),
                          pledge::pledge(amount_of(v), provider));
            }
            case Act::unpledge: {
                const Number v = part_of(s, m.pools[p].value(m.pools[p].holders[who].pledged()));
                return on(caller, contracts_.pledge, m.unpledge(who, p, v),
                          pledge::unpledge(amount_of(v), provider));
            }
            case Act::withdraw:
                return on(caller, contracts_.pledge, m.withdraw(who, p), pledge::withdraw_unbonded(provider));
            case Act::claim:
                return on(caller, contracts_.pledge, m.claim(who, p), pledge::claim(provider));
            case Act::announce: {
                const std::size_t by = s.x % 4 == 0 ? who : slasher();
                const Number v = part_of(s, m.pools[p].total * m.rules.max_slash_bp / 10'000);
                return on(people_[by], contracts_.pledge, m.announce(by, p, v),
                          pledge::slash(provider, amount_of(v), "why"));
            }
            case Act::execute:
                return on(caller, contracts_.pledge, m.execute(some_slash(s)),
                          pledge::execute_slash(some_slash(s)));
            case Act::veto:
                return on(people_[s.x % 2 == 0 ? 1 : who], contracts_.pledge,
                          m.veto(s.x % 2 == 0 ? 1 : who, some_slash(s)), pledge::veto_slash(some_slash(s)));
            default:
                return perform_of_others(s, provider);
        }
    }

    /// What the Market and the council do, and what nobody may.
    void perform_of_others(const Step& s, const Address& provider) {
        namespace pledge = calls::pledge;
        PledgeModel& m = model_;
        const std::size_t p = s.pool % kPools;
        if (s.act == Act::promise) {
            const Number granted = m.promise(s.x % 300);
            const Bytes output =
                expect("", contracts_.market, contracts_.pledge, pledge::promise_profit(Amount{s.x % 300u}));
            RC_ASSERT(*calls::decode_amount(output) == amount_of(granted));
        } else if (s.act == Act::mint_profit) {
            const Number v = std::min(part_of(s, m.promised), m.promised);
            const Number minted = m.mint_profit(p, v);
            const Bytes output = expect("", contracts_.market, contracts_.pledge,
                                        pledge::mint_profit(provider, 1, amount_of(v)));
            RC_ASSERT(*calls::decode_amount(output) == amount_of(minted));
        } else if (s.act == Act::lapse) {
            const Number v = std::min(part_of(s, m.promised), m.promised);
            m.promised -= v;
            expect("", contracts_.market, contracts_.pledge, pledge::lapse_profit(amount_of(v)));
        } else if (s.act == Act::role) {
            auto& holders = s.x % 2 == 0 ? m.slasher : m.vetoer;
            const std::string_view role = s.x % 2 == 0 ? kSlasherRole : kVetoRole;
            const bool grant = s.x % 4 < 2;
            holders[s.who] = grant;
            expect("", contracts_.council, contracts_.council,
                   grant ? calls::council::grant_role(role, people_[s.who])
                         : calls::council::revoke_role(role, people_[s.who]));
        } else {
            const Address& caller = people_[s.who];
            const Amount one{1};
            const Bytes to_pledge[] = {pledge::promise_profit(one), pledge::mint_profit(provider, 1, one),
                                       pledge::lapse_profit(one)};
            const Bytes to_credit[] = {
                calls::credit::issue(one), calls::credit::burn(one), calls::credit::escrow(provider, one),
                calls::credit::release(provider, one), calls::credit::note_transfer(caller, one)};
            expect("NotProtocol", caller, contracts_.pledge, to_pledge[s.x % 3]);
            expect("NotProtocol", caller, contracts_.credit, to_credit[s.x % 5]);
            expect("NotCouncil", caller, contracts_.council, calls::council::grant_role(kVetoRole, caller));
        }
    }

    std::size_t slasher() const {
        const auto found = std::find(model_.slasher.begin(), model_.slasher.end(), true);
        return found == model_.slasher.end() ? 0 : static_cast<std::size_t>(found - model_.slasher.begin());
    }
    /// Mostly one of the newest.
    std::uint64_t some_slash(const Step& s) const {
        const std::uint64_t last = model_.slashes.size();
        if (s.x % 8 == 0 || last == 0) return s.x / 8u % (last + 2);
        return last - s.x / 8u % std::min<std::uint64_t>(last, 3);
    }

    /// The call ends as the model said; a refused one changes and logs nothing.
    Bytes expect(const std::string& error, const Address& by, const Address& to, const Bytes& data) {
        const std::size_t before = state_.checkpoint();
        const CallResult result = call(state_, block_, {by, to, {}, data});
        const std::string came = result.success ? "" : revert_name(result.output);
        if (came != error || result.success != error.empty())
            RC_FAIL("expected \"" + error + "\", came " +
                    (result.success ? "success" : describe_revert(result.output)));
        if (!result.success) {
            RC_ASSERT(state_.checkpoint() == before);
            RC_ASSERT(result.logs.empty());
        }
        for (const Log& log : result.logs) {
            const auto event = decode_event(log, contracts_);
            RC_ASSERT(event.has_value());
            ++events_seen_[std::string(name_of(*event))];
        }
        return result.output;
    }

    void check_money() const {
        const PledgeModel& m = model_;
        Number held = m.market, owned = 0, pending = 0;
        for (std::size_t i = 0; i < kPeople; ++i) {
            RC_ASSERT(state_.token_balance(people_[i]) == amount_of(m.tokens[i]));
            RC_ASSERT(state_.credit_balance(people_[i]) == amount_of(m.credits[i]));
            RC_ASSERT(state_.allowance(people_[i], contracts_.credit) == amount_of(m.allowance[i]));
            RC_ASSERT(token_rows::pending_transfer(state_, people_[i]) == amount_of(m.pending[i]));
            RC_ASSERT(token_rows::permit_nonce(state_, people_[i]) == m.nonces[i]);
            held += m.credits[i];
            owned += m.tokens[i];
            pending += m.pending[i];
        }
        Number pledged = 0;
        for (const auto& pool : m.pools) pledged += pool.total;
        // Every credit is backed, and what Pledge holds is what is pledged and what is earned.
        RC_ASSERT(state_.token_balance(contracts_.credit) == amount_of(m.credit_supply + pending));
        RC_ASSERT(state_.credit_balance(contracts_.pledge) == amount_of(pledged + m.unclaimed));
        RC_ASSERT(state_.credit_balance(contracts_.market) == amount_of(m.market));
        RC_ASSERT(state_.credit_supply() == amount_of(held + pledged + m.unclaimed));
        RC_ASSERT(state_.credit_supply() == amount_of(m.credit_supply));
        RC_ASSERT(state_.token_supply() == amount_of(owned + m.credit_supply + pending));
        RC_ASSERT(state_.token_supply() == amount_of(m.token_supply));
        RC_ASSERT(m.token_supply <= m.rules.cap);
        const PledgeTotals totals = pledge_rows::totals(state_);
        RC_ASSERT(totals.unclaimed == amount_of(m.unclaimed));
        RC_ASSERT(totals.promised == amount_of(m.promised));
    }

    Bytes view(const Bytes& data) {
        const CallResult result = call(state_, block_, {people_[0], contracts_.pledge, {}, data});
        RC_ASSERT(result.success);
        return result.output;
    }

    /// Views are what the model says, no more is owed than is there, and a share is worth a credit at most.
    void check_pool(std::size_t p) {
        namespace pledge = calls::pledge;
        const PledgeModel::Pool& m = model_.pools[p];
        const Pool pool = *calls::decode_pool(view(pledge::pool(people_[p])));
        RC_ASSERT(pool.total == amount_of(m.total));
        RC_ASSERT(pool.shares == amount_of(m.shares));
        RC_ASSERT(pool.earning == amount_of(m.earning()));
        RC_ASSERT(pool.generation == m.lives);
        RC_ASSERT(pool.total <= pool.shares);
        RC_ASSERT(pool.shares <= pool.total * Amount::power_of_two(32));
        RC_ASSERT(*calls::decode_amount(view(pledge::slashable(people_[p]))) ==
                  amount_of(model_.slashable(m)));
        Amount worth, earned, shares;
        for (std::size_t i = 0; i < kPeople; ++i) {
            const PledgeModel::Holder& h = m.holders[i];
            const auto position = *calls::decode_position(view(pledge::position(people_[i], people_[p])));
            RC_ASSERT(position.pledged == amount_of(m.value(h.pledged())));
            RC_ASSERT(position.unbonding == amount_of(m.value(h.unbonding_shares())));
            RC_ASSERT(position.earned == amount_of(h.earned()));
            RC_ASSERT(position.position.active == amount_of(h.earning));
            RC_ASSERT(position.position.incoming == amount_of(h.incoming));
            RC_ASSERT(position.position.unbonding.size() == h.unbonding.size());
            worth += position.pledged + position.unbonding;
            earned += position.earned;
            shares += position.position.pledged_shares() + position.position.unbonding_shares();
        }
        RC_ASSERT(worth <= pool.total);
        RC_ASSERT(shares == pool.shares);
        RC_ASSERT(earned <= amount_of(model_.unclaimed));
    }

    void check_slashes() {
        for (std::size_t i = 0; i < model_.slashes.size(); ++i) {
            const Slash slash = *calls::decode_slash(view(calls::pledge::get_slash(i + 1)));
            RC_ASSERT(slash.taken == amount_of(model_.slashes[i].taken));
            RC_ASSERT(static_cast<int>(slash.status) == model_.slashes[i].status);
        }
        for (std::size_t i = 0; i < kPeople; ++i) {
            Number sum = 0;
            for (const auto& pool : model_.pools) sum += pool.value(pool.holders[i].pledged());
            RC_ASSERT(*calls::decode_amount(view(calls::pledge::pledged_by(people_[i]))) == amount_of(sum));
        }
    }

    const bool all_at_once_;
    const ContractAddresses contracts_ = embedded_addresses();
    static inline const std::array<PrivateKey, kPeople> keys_{key(1), key(2), key(3), key(4), key(5)};
    static inline const std::array<Address, kPeople> people_{
        keys_[0].address(), keys_[1].address(), keys_[2].address(), keys_[3].address(), keys_[4].address()};
    const Genesis genesis_ = make_genesis();
    State state_;
    const std::size_t start_;
    BlockContext block_{1, {1'000'000}, kEmbeddedChainId, false};
    PledgeModel model_;
    std::map<std::string, std::size_t> events_seen_;
};

}  // namespace

TEST_CASE("credits and pledges do what an independent bookkeeper expects", "[pledge]") {
    std::map<std::string, std::size_t> seen;
    REQUIRE(grid::test::holds("pledge sequences", 500, [&] {
        const auto steps = *rc::gen::scale(2, rc::gen::container<std::vector<Step>>(pledging::any_step()));
        Play play(*rc::gen::inRange(0, 3) == 0);
        for (const Step& step : steps) play.step(step);
        play.finish();
        for (const auto& [name, count] : play.events_seen()) seen[name] += count;
    }));
    for (const auto& [name, count] : seen) std::cerr << count << " " << name << std::endl;
    // Plays in which nothing happens would prove nothing.
    for (const std::string name :
         {"TransferReceived", "TransferClaimed", "Redeemed", "EpochRolled", "PositionChanged", "ProfitMinted",
          "SlashAnnounced", "SlashExecuted", "SlashVetoed", "RoleChanged"})
        CHECK(seen[name] >= 10);
}

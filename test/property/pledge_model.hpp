#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

/// Credits and pledges as a bookkeeper would keep them who does everything at once: he goes through all
/// holders when an epoch begins, when profit comes and when a pool is slashed. Plain integers, no marks, no
/// generations; nothing is shared with the contracts but the rules. Every act answers the name of the error
/// that it must fail with, or nothing.
namespace grid::chain::test {

class PledgeModel {
public:
    __extension__ using Number = unsigned __int128;
    using Person = std::size_t;
    static constexpr std::size_t kPeople = 5;
    static constexpr std::size_t kPools = 2;

    struct Rules {
        std::uint64_t epoch_length = 0;
        std::uint64_t unbonding = 0;
        std::uint64_t slash_delay = 0;
        Number max_slash_bp = 0;
        Number epoch_profit = 0;
        Number cap = 0;
    };
    struct Holder {
        Number earning = 0;
        Number incoming = 0;
        std::uint64_t incoming_epoch = 0;
        std::vector<std::pair<Number, std::uint64_t>> unbonding;  ///< shares, released at
        Number units = 0;                                         ///< earned since it was banked, times 2^64
        Number profit = 0;
        Number pledged() const { return earning + incoming; }
        Number unbonding_shares() const {
            Number sum = 0;
            for (const auto& entry : unbonding) sum += entry.first;
            return sum;
        }
        Number earned() const { return profit + (units >> 64); }
    };
    struct Pool {
        Number total = 0;
        Number shares = 0;
        std::array<Holder, kPeople> holders;
        std::uint64_t lives = 0;  ///< how often nothing was left
        std::uint64_t slash_epoch = 0;
        Number slashed = 0;
        Number earning() const {
            Number sum = 0;
            for (const Holder& h : holders) sum += h.earning;
            return sum;
        }
        Number value(Number of) const { return of == 0 ? 0 : of * total / shares; }
    };
    struct Slash {
        std::size_t pool = 0;
        Number amount = 0;
        Number taken = 0;
        std::uint64_t due = 0;
        std::uint64_t life = 0;
        int status = 1;
    };

    explicit PledgeModel(const Rules& r, std::uint64_t t) : rules(r) { advance(t); }

    const Rules rules;
    std::uint64_t now = 0;
    std::uint64_t epoch = 0;
    std::array<Number, kPeople> tokens{};
    std::array<Number, kPeople> credits{};
    std::array<Number, kPeople> allowance{};  ///< for Credit
    std::array<Number, kPeople> pending{};
    std::array<std::uint64_t, kPeople> nonces{};
    std::array<bool, kPeople> slasher{};
    std::array<bool, kPeople> vetoer{};
    Number market = 0;  ///< the Market's credits
    Number token_supply = 0;
    Number credit_supply = 0;
    std::array<Pool, kPools> pools;
    std::vector<Slash> slashes;
    Number promised = 0;
    Number promised_in_epoch = 0;
    Number unclaimed = 0;

    void advance(std::uint64_t t) {
        now = t;
        if (t / rules.epoch_length == epoch) return;
        epoch = t / rules.epoch_length;
        promised_in_epoch = 0;
        for (Pool& pool : pools)
            for (Holder& h : pool.holders)
                if (h.incoming_epoch < epoch) {
                    h.earning += h.incoming;
                    h.incoming = 0;
                }
    }

    std::string approve(Person who, Number v) {
        allowance[who] = v;
        return {};
    }
    std::string purchase(Person who, Number v) {
        if (v == 0) return "ZeroAmount";
        if (allowance[who] < v) return "ERC20InsufficientAllowance";
        if (tokens[who] < v) return "ERC20InsufficientBalance";
        allowance[who] -= v;
        tokens[who] -= v;
        give(who, v);
        return {};
    }
    /// `fault`: what is wrong with the permit, or nothing.
    std::string permit(Person who, Number v, const std::string& fault) {
        if (!fault.empty()) return fault;
        ++nonces[who];
        allowance[who] = v;
        return {};
    }
    std::string purchase_with_permit(Person who, Number v, const std::string& fault) {
        if (v == 0) return "ZeroAmount";
        if (!fault.empty() && allowance[who] < v) return fault;
        if (tokens[who] < v) return "ERC20InsufficientBalance";
        if (fault.empty()) permit(who, v, {});
        return purchase(who, v);
    }
    std::string redeem(Person who, Number v) {
        if (v == 0) return "ZeroAmount";
        if (credits[who] < v) return "InsufficientCredits";
        credits[who] -= v;
        credit_supply -= v;
        tokens[who] += v;
        return {};
    }
    std::string send_to_credit(Person who, Number v) {
        if (tokens[who] < v) return "ERC20InsufficientBalance";
        tokens[who] -= v;
        pending[who] += v;
        return {};
    }
    std::string claim_transfer(Person from) {
        if (pending[from] == 0) return "NothingPending";
        give(from, pending[from]);
        pending[from] = 0;
        return {};
    }
    std::string burn(Person who, Number v) {
        if (tokens[who] < v) return "ERC20InsufficientBalance";
        tokens[who] -= v;
        token_supply -= v;
        return {};
    }
    std::string mint(Person to, Number v) {
        if (token_supply + v > rules.cap) return "ERC20ExceededCap";
        token_supply += v;
        tokens[to] += v;
        return {};
    }
    std::string escrow(Person from, Number v) {
        if (credits[from] < v) return "InsufficientCredits";
        credits[from] -= v;
        market += v;
        return {};
    }
    std::string release(Person to, Number v) {
        if (market < v) return "InsufficientCredits";
        market -= v;
        credits[to] += v;
        return {};
    }
    std::string market_burn(Number v) {
        if (market < v) return "InsufficientCredits";
        market -= v;
        credit_supply -= v;
        token_supply -= v;
        return {};
    }

    std::string pledge(Person who, std::size_t p, Number v) {
        Pool& pool = pools[p];
        if (v == 0) return "ZeroAmount";
        if (pool.total << 16 < pool.shares) return "PoolRuined";
        if (credits[who] < v) return "InsufficientCredits";
        credits[who] -= v;
        const Number shares = pool.shares == 0 ? v : v * pool.shares / pool.total;
        pool.total += v;
        pool.shares += shares;
        Holder& h = bank(pool.holders[who]);
        h.incoming += shares;
        h.incoming_epoch = epoch;
        return {};
    }
    std::string unpledge(Person who, std::size_t p, Number v) {
        Pool& pool = pools[p];
        Holder& h = pool.holders[who];
        const Number worth = pool.value(h.pledged());
        if (v == 0) return "ZeroAmount";
        if (v > worth) return "InsufficientPledge";
        const std::uint64_t release = now + rules.unbonding;
        const bool joins = !h.unbonding.empty() && h.unbonding.back().second == release;
        if (!joins && h.unbonding.size() == 8) return "TooManyUnbonding";
        bank(h);
        Number shares = (v * pool.shares + pool.total - 1) / pool.total;
        if (v == worth || shares > h.pledged()) shares = h.pledged();
        const Number young = std::min(shares, h.incoming);
        h.incoming -= young;
        h.earning -= shares - young;
        if (joins)
            h.unbonding.back().first += shares;
        else
            h.unbonding.emplace_back(shares, release);
        return {};
    }
    std::string withdraw(Person who, std::size_t p) {
        Pool& pool = pools[p];
        Holder& h = pool.holders[who];
        Number shares = 0;
        for (const auto& [part, release] : h.unbonding)
            if (release <= now) shares += part;
        if (shares == 0) return "NothingUnbonded";
        bank(h);
        std::erase_if(h.unbonding, [&](const auto& entry) { return entry.second <= now; });
        const Number paid = pool.value(shares);
        pool.total -= paid;
        pool.shares -= shares;
        credits[who] += paid;
        if (pool.shares == 0) ++pool.lives;
        return {};
    }
    std::string claim(Person who, std::size_t p) {
        Holder& h = pools[p].holders[who];
        if (h.earned() == 0) return "NothingEarned";
        bank(h);
        unclaimed -= h.profit;
        credits[who] += h.profit;
        h.profit = 0;
        return {};
    }

    std::string announce(Person who, std::size_t p, Number v) {
        if (!slasher[who]) return "MissingRole";
        if (v == 0) return "ZeroAmount";
        if (v > pools[p].total * rules.max_slash_bp / 10'000) return "SlashTooLarge";
        slashes.push_back({p, v, 0, now + rules.slash_delay, pools[p].lives, 1});
        return {};
    }
    Number slashable(const Pool& pool) const {
        const Number taken = pool.slash_epoch == epoch ? pool.slashed : 0;
        const Number limit = (pool.total + taken) * rules.max_slash_bp / 10'000;
        return limit > taken ? limit - taken : 0;
    }
    std::string execute(std::size_t id) {
        if (id == 0 || id > slashes.size()) return "UnknownSlash";
        Slash& s = slashes[id - 1];
        Pool& pool = pools[s.pool];
        if (s.status != 1) return "SlashClosed";
        if (now < s.due) return "SlashNotDue";
        if (pool.lives != s.life || pool.shares == 0) {
            s.status = 4;
            return {};
        }
        const Number limit = slashable(pool);
        if (limit == 0) return "SlashLimitReached";
        const Number wanted = std::min(limit, s.amount - s.taken);
        Number taken = wanted;
        pool.total -= taken;
        if (pool.total == 0 || pool.total << 32 < pool.shares) {
            taken += pool.total;
            pool.total = pool.shares = 0;
            ++pool.lives;
            for (Holder& h : pool.holders) {
                h.earning = h.incoming = 0;
                h.unbonding.clear();
            }
        }
        pool.slashed = (pool.slash_epoch == epoch ? pool.slashed : 0) + taken;
        pool.slash_epoch = epoch;
        s.taken += wanted;
        if (s.taken == s.amount || pool.shares == 0) s.status = 2;
        credit_supply -= taken;  // without a treasury it is burned
        token_supply -= taken;
        return {};
    }
    std::string veto(Person who, std::size_t id) {
        if (!vetoer[who]) return "MissingRole";
        if (id == 0 || id > slashes.size()) return "UnknownSlash";
        if (slashes[id - 1].status != 1) return "SlashClosed";
        slashes[id - 1].status = 3;
        return {};
    }

    Number promise(Number wanted) {
        const Number room = rules.cap - token_supply;
        const Number of_supply = room > promised ? room - promised : 0;
        const Number granted = std::min({wanted, rules.epoch_profit - promised_in_epoch, of_supply});
        promised += granted;
        promised_in_epoch += granted;
        return granted;
    }
    Number mint_profit(std::size_t p, Number v) {
        Pool& pool = pools[p];
        promised -= v;
        const Number earning = pool.earning();
        const Number minted = earning == 0 ? 0 : std::min(v, rules.cap - token_supply);
        if (minted == 0) return 0;
        token_supply += minted;
        credit_supply += minted;
        unclaimed += minted;
        const Number a_share = (minted << 64) / earning;
        for (Holder& h : pool.holders) h.units += h.earning * a_share;
        return minted;
    }

private:
    void give(Person who, Number v) {
        credits[who] += v;
        credit_supply += v;
    }
    static Holder& bank(Holder& h) {
        h.profit += h.units >> 64;
        h.units = 0;
        return h;
    }
};

}  // namespace grid::chain::test

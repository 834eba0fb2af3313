#include "property/market_model.hpp"

#include <algorithm>
#include <array>

namespace grid::chain::test {

namespace {

std::array<std::uint64_t, 4> parts(const Resources& r) {
    return {r.cpu_milli, r.memory_mib, r.storage_mib, r.gpus};
}
std::array<Amount, 4> parts(const Prices& p) {
    return {p.cpu_milli, p.memory_mib, p.storage_mib, p.gpus};
}
Resources from(const std::array<std::uint64_t, 4>& v) {
    return {v[0], v[1], v[2], v[3]};
}

constexpr std::uint64_t kTenYears = 10ull * 365 * 24 * 3600;
bool bad_duration(std::uint64_t d) {
    return d == 0 || d > kTenYears;
}

Amount fee_of(const Amount& accrued, std::uint16_t bp) {
    return accrued * Amount{bp} / Amount{10'000};
}

}  // namespace

Amount MarketModel::rate(const Entry& order) {
    Amount sum;
    for (std::size_t i = 0; i < 4; ++i) sum += parts(order.prices)[i] * Amount{parts(order.resources)[i]};
    return sum;
}

/// ceil(R * D / 3600).
Amount MarketModel::value(const Entry& order) {
    const Amount product = rate(order) * Amount{order.duration};
    const Amount whole = product / Amount{3600};
    return whole * Amount{3600} == product ? whole : whole + Amount{1};
}

/// Every suspension that began before S pushes S on by its length.
std::uint64_t MarketModel::start(const Entry& order, std::uint64_t t) {
    std::uint64_t s = order.activated + order.probation;
    for (const auto& [from, to] : order.suspensions)
        if (from < s) s += (to == 0 ? t : to) - from;
    return s;
}

std::optional<std::uint64_t> MarketModel::end(const Entry& order, std::uint64_t t) {
    std::uint64_t s = order.activated + order.probation;
    for (const auto& [from, to] : order.suspensions) {
        if (from >= s) continue;
        if (to == 0) return std::nullopt;
        s += to - from;
    }
    return start(order, t) + order.duration;
}

Amount MarketModel::earned(const Entry& order, std::uint64_t t) {
    const std::uint64_t s = start(order, t);
    const std::uint64_t e = s + order.duration;
    if (t <= s) return {};
    std::uint64_t served = std::min(t, e) - s;
    for (const auto& [from, to] : order.suspensions) {
        const std::uint64_t begin = std::max(from, s);
        const std::uint64_t until = std::min(to == 0 ? t : to, e);
        if (from >= s && until > begin) served -= until - begin;
    }
    if (served == order.duration) return value(order);
    return rate(order) * Amount{served} / Amount{3600};
}

MarketModel::Entry* MarketModel::find(std::uint64_t id) {
    return id == 0 || id > orders.size() ? nullptr : &orders[id - 1];
}

bool MarketModel::newest(std::uint64_t id) const {
    const Entry& order = orders[id - 1];
    for (std::size_t later = id; later < orders.size(); ++later)
        if (orders[later].user == order.user && orders[later].provider == order.provider) return false;
    return true;
}

bool MarketModel::is_live_pair(const Address& user, const Address& provider) const {
    return std::any_of(orders.begin(), orders.end(), [&](const Entry& o) {
        return o.user == user && o.provider == provider &&
               (o.status == OrderStatus::unactivated || o.status == OrderStatus::running);
    });
}

bool MarketModel::provider_side(const Entry& order, const Address& caller) const {
    const auto found = listings.find(order.provider);
    const bool operates = found != listings.end() && !found->second.operator_key.is_zero() &&
                          found->second.operator_key == caller;
    return caller == order.provider || operates;
}

std::string MarketModel::running(std::uint64_t id) const {
    if (id == 0 || id > orders.size()) return "UnknownOrder";
    if (!newest(id)) return "StaleOrder";
    return orders[id - 1].status == OrderStatus::running ? "" : "WrongStatus";
}

std::string MarketModel::place(Entry order, const Address& user, std::uint64_t t) {
    order.user = user;
    order.fee_bp = parameters_.fee_bp;
    order.profit_bp = parameters_.profit_bp;
    order.deadline = t + parameters_.activation_deadline.count;
    Listing& listing = listings.at(order.provider);
    const auto wanted = parts(order.resources);
    auto reserved = parts(listing.reserved);
    for (std::size_t i = 0; i < 4; ++i) {
        if (wanted[i] > parts(listing.total)[i] - reserved[i]) return "InsufficientResources";
        reserved[i] += wanted[i];
    }
    if (credits[user] < value(order)) return "InsufficientCredits";
    listing.reserved = from(reserved);
    credits[user] -= value(order);
    escrow += value(order);
    promise(order, value(order), t);
    orders.push_back(order);
    return "";
}

void MarketModel::promise(Entry& order, const Amount& deposit, std::uint64_t t) {
    if (t / epoch_length != epoch) promised_in_epoch = {};
    epoch = t / epoch_length;
    const Amount wanted = deposit * Amount{order.profit_bp} / Amount{10'000};
    const Amount granted = std::min(wanted, epoch_profit - promised_in_epoch);
    promised_in_epoch += granted;
    promised += granted;
    order.profit += granted;
}

std::string MarketModel::set_parameter(bool council, std::string_view name, const Amount& value) {
    if (!council) return "NotCouncil";
    const std::uint64_t v = value.fits_u64() ? value.to_u64() : ~0ull;
    MarketParameters& p = parameters_;
    if (name == "activationDeadline" && v >= 1 && v <= kTenYears)
        p.activation_deadline = {v};
    else if (name == "maxUnactivated" && v <= 0xffffffff)
        p.max_unactivated = static_cast<std::uint32_t>(v);
    else if (name == "minimumDeposit")
        p.minimum_deposit = value;
    else if (name == "probationWindow" && v <= kTenYears)
        p.probation_window = {v};
    else if (name == "maxProbationCancels" && v <= 0xffffffff)
        p.max_probation_cancels = static_cast<std::uint32_t>(v);
    else if (name == "feeBp" && v <= 10'000 && v >= p.profit_bp)
        p.fee_bp = static_cast<std::uint16_t>(v);
    else if (name == "profitBp" && v <= p.fee_bp)
        p.profit_bp = static_cast<std::uint16_t>(v);
    else if (name == "treasury")
        p.treasury = *Address::from_word(value.word());
    else
        return "InvalidParameter";
    return "";
}

void MarketModel::begin(Entry& order, std::uint64_t t) {
    order.provider_check = true;
    order.activated = t;
    order.status = OrderStatus::running;
    if (order.probation != 0 && order.replaces == 0 && parameters_.probation_window.count != 0)
        probation_windows[{order.user, order.provider}] = t / parameters_.probation_window.count;
}

void MarketModel::accrue(Entry& order, std::uint64_t t) {
    const Amount before = order.accrued;
    order.accrued = earned(order, t);
    const Amount fee = fee_of(order.accrued, order.fee_bp) - fee_of(before, order.fee_bp);
    const Amount moved = order.accrued - before;
    escrow -= moved;
    credits[order.provider] += moved - fee;
    if (parameters_.treasury.is_zero())
        burned += fee;
    else
        credits[parameters_.treasury] += fee;
    if (order.profit.is_zero()) return;
    const Amount due = order.profit * order.accrued / value(order);
    if (due <= order.minted) return;
    promised -= due - order.minted;
    if (earning.contains(order.provider)) minted += due - order.minted;
    order.minted = due;
}

void MarketModel::finish(Entry& order, OrderStatus status, std::uint64_t t) {
    if (order.status == OrderStatus::running) accrue(order, t);
    const Amount rest = value(order) - order.accrued;
    escrow -= rest;
    credits[order.user] += rest;
    promised -= order.profit - order.minted;
    order.status = status;
    auto reserved = parts(listings.at(order.provider).reserved);
    for (std::size_t i = 0; i < 4; ++i) reserved[i] -= parts(order.resources)[i];
    listings.at(order.provider).reserved = from(reserved);
}

std::string MarketModel::create(const Address& user, const Address& provider, const Resources& resources,
                                const Prices& prices, std::uint64_t duration, std::uint64_t min_probation,
                                std::uint64_t t) {
    if (bad_duration(duration)) return "InvalidDuration";
    const auto found = listings.find(provider);
    if (found == listings.end()) return "UnknownProvider";
    const Listing& listing = found->second;
    if (!listing.active) return "ProviderInactive";
    if (is_live_pair(user, provider)) return "OrderExists";
    Entry order;
    order.provider = provider;
    order.resources = resources;
    order.prices = prices;
    order.duration = duration;
    order.renewable = listing.renewable;
    if (value(order) < parameters_.minimum_deposit) return "DepositBelowMinimum";
    const auto waiting = std::count_if(orders.begin(), orders.end(), [&](const Entry& o) {
        return o.user == user && o.status == OrderStatus::unactivated;
    });
    if (waiting >= static_cast<std::ptrdiff_t>(parameters_.max_unactivated)) return "TooManyUnactivated";
    bool used = false;
    if (parameters_.probation_window.count != 0 && listing.probation != 0) {
        const std::uint64_t window = t / parameters_.probation_window.count;
        const auto use = probation_windows.find({user, provider});
        const auto counted = cancels.find(user);
        used = (use != probation_windows.end() && use->second == window) ||
               (counted != cancels.end() && counted->second.first == window &&
                counted->second.second > parameters_.max_probation_cancels);
    }
    order.probation = used ? 0 : listing.probation;
    if (order.probation < min_probation) return used ? "ProbationUsed" : "ProbationTooShort";
    if (!listing.accepts_offers) return "OffersNotAccepted";
    for (std::size_t i = 0; i < 4; ++i)
        if (parts(prices)[i] < parts(listing.minimum)[i]) return "PriceTooLow";
    return place(order, user, t);
}

std::string MarketModel::with_quote(const Address& caller, const Quote& quote, const Hash& digest,
                                    const Address& signer, bool replace, std::uint64_t t) {
    if (replace) {
        if (auto why = running(quote.replaces.value); !why.empty()) return why;
        const Entry& old = orders[quote.replaces.value - 1];
        if (old.user != caller) return "NotParty";
        if (const auto e = end(old, t); e && t >= *e) return "OrderPastEnd";
        if (old.provider != quote.provider) return "QuoteReplaces";
    }
    if (bad_duration(quote.duration.count) || quote.probation.count > kTenYears) return "InvalidDuration";
    const auto found = listings.find(quote.provider);
    if (found == listings.end()) return "UnknownProvider";
    if (!found->second.active) return "ProviderInactive";
    if (!replace && is_live_pair(caller, quote.provider)) return "OrderExists";
    if (!replace && quote.replaces.value != 0) return "QuoteReplaces";
    if (t >= quote.valid_until.seconds) return "QuoteExpired";
    if (quote.epoch != epochs[quote.provider]) return "QuoteEpochPast";
    if (revoked.contains({quote.provider, quote.salt})) return "QuoteRevoked";
    if (spent.contains(digest)) return "QuoteSpent";
    if (quote.user != caller) return "QuoteNotForCaller";
    const Address& op = found->second.operator_key;
    if (signer != quote.provider && (op.is_zero() || signer != op)) return "QuoteSignerUnknown";

    Entry order;
    order.provider = quote.provider;
    order.resources = quote.resources;
    order.prices = quote.prices;
    order.duration = quote.duration.count;
    order.probation = quote.probation.count;
    order.renewable = quote.renewable;
    order.provider_check = true;
    order.replaces = quote.replaces.value;
    const MarketModel before = *this;
    if (replace) {
        Entry& old = orders[quote.replaces.value - 1];
        const std::uint64_t s = start(old, t);
        order.probation = s > t ? s - t : 0;
        finish(old, OrderStatus::completed, t);
    }
    if (auto why = place(order, caller, t); !why.empty()) {
        *this = before;
        return why;
    }
    if (replace) begin(orders.back(), t);
    spent.insert(digest);
    return "";
}

std::string MarketModel::activate(const Address& caller, std::uint64_t id, std::uint64_t t) {
    Entry* order = find(id);
    if (order == nullptr) return "UnknownOrder";
    if (!newest(id)) return "StaleOrder";
    if (order->status != OrderStatus::unactivated) return "WrongStatus";
    if (!provider_side(*order, caller) && !(caller == order->user && order->provider_check))
        return "NotParty";
    if (t >= order->deadline) return "ActivationExpired";
    begin(*order, t);
    return "";
}

std::string MarketModel::suspend(const Address& caller, std::uint64_t id, bool resume, std::uint64_t t) {
    if (auto why = running(id); !why.empty()) return why;
    Entry& order = *find(id);
    if (!provider_side(order, caller)) return "NotParty";
    if (const auto e = end(order, t); e && t >= *e) return "OrderPastEnd";
    const bool open = !order.suspensions.empty() && order.suspensions.back().second == 0;
    if (resume) {
        if (!open) return "NotSuspended";
        order.suspensions.back().second = t;
    } else {
        if (open) return "AlreadySuspended";
        order.suspensions.emplace_back(t, 0);
    }
    return "";
}

std::string MarketModel::extend(const Address& caller, std::uint64_t id, std::uint64_t seconds,
                                std::uint64_t t) {
    if (auto why = running(id); !why.empty()) return why;
    Entry& order = *find(id);
    if (caller != order.user) return "NotParty";
    if (const auto e = end(order, t); e && t >= *e) return "OrderPastEnd";
    if (!order.renewable) return "NotRenewable";
    if (seconds == 0 || seconds > kTenYears || order.duration + seconds > kTenYears) return "InvalidDuration";
    Entry longer = order;
    longer.duration += seconds;
    const Amount added = value(longer) - value(order);
    if (credits[caller] < added) return "InsufficientCredits";
    credits[caller] -= added;
    escrow += added;
    promise(longer, added, t);
    order = longer;
    return "";
}

std::string MarketModel::report(const Address& caller, std::uint64_t id, std::uint64_t t) {
    if (auto why = running(id); !why.empty()) return why;
    Entry& order = *find(id);
    if (caller != order.user) return "NotParty";
    if (t >= start(order, t)) return "NotInProbation";
    if (order.reported) return "AlreadyReported";
    order.reported = true;
    return "";
}

std::string MarketModel::cancel(const Address& caller, std::uint64_t id, std::uint64_t t) {
    Entry* order = find(id);
    if (order == nullptr) return "UnknownOrder";
    if (!newest(id)) return "StaleOrder";
    const bool runs = order->status == OrderStatus::running;
    if (!runs && order->status != OrderStatus::unactivated) return "WrongStatus";
    if (runs)
        if (const auto e = end(*order, t); e && t >= *e) {
            finish(*order, OrderStatus::completed, t);
            return "";
        }
    const bool party = caller == order->user || caller == order->provider;
    if (!party && (runs || t < order->deadline)) return "NotParty";
    if (runs && caller == order->user && order->suspensions.empty() && t < start(*order, t) &&
        parameters_.probation_window.count != 0) {
        const std::uint64_t window = t / parameters_.probation_window.count;
        auto& counted = cancels[caller];
        if (counted.first != window) counted = {window, 0};
        ++counted.second;
    }
    finish(*order, OrderStatus::cancelled, t);
    return "";
}

std::string MarketModel::settle(std::uint64_t id, std::uint64_t t) {
    if (auto why = running(id); !why.empty()) return why;
    Entry& order = *find(id);
    if (const auto e = end(order, t); e && t >= *e)
        finish(order, OrderStatus::completed, t);
    else
        accrue(order, t);
    return "";
}

std::string MarketModel::withdraw(const Address& caller, std::uint64_t id, const Amount& amount,
                                  std::uint64_t t) {
    Entry* order = find(id);
    if (order == nullptr) return "UnknownOrder";
    if (order->status == OrderStatus::running)
        if (const auto e = end(*order, t); e && t >= *e) {
            finish(*order, OrderStatus::completed, t);
            return "";
        }
    if (order->status == OrderStatus::running || order->status == OrderStatus::unactivated)
        return "WrongStatus";
    if (caller != order->user && caller != order->provider) return "NotParty";
    // Every end pays everybody: nothing is ever left.
    return amount.is_zero() ? "ZeroAmount" : "ExceedsClaimable";
}

std::string MarketModel::cancel_quote(const Address& caller, const Hash& salt) {
    if (!listings.contains(caller)) return "UnknownProvider";
    return revoked.insert({caller, salt}).second ? "" : "QuoteRevoked";
}

std::string MarketModel::bump(const Address& caller) {
    if (!listings.contains(caller)) return "UnknownProvider";
    ++epochs[caller];
    return "";
}

}  // namespace grid::chain::test

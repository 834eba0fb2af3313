#include "adapters/chain_evm/sender.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "chain/gas_limit.hpp"

namespace grid::adapters::evm {
namespace {

std::string account(const chain::Address& address, const std::string& block) {
    return "[\"" + address.hex() + "\",\"" + block + "\"]";
}

RpcCall raw_transaction(const chain::Bytes& raw) {
    return {"eth_sendRawTransaction", "[\"" + chain::to_hex(raw) + "\"]"};
}

}  // namespace

Result<std::unique_ptr<Sender>> Sender::open(Network& network, const Branch& branch,
                                             store::Environment& environment, Options options) {
    auto store = IntentStore::open(environment, network.pool().chain_id(), options.key.address());
    if (!store) return tl::unexpected(store.error());
    auto left = store->load();
    if (!left) return tl::unexpected(left.error());
    std::unique_ptr<Sender> sender(new Sender(network, branch, std::move(*store), std::move(options)));
    for (auto& intent : *left) {
        const auto nonce = intent.nonce;
        sender->next_nonce_ = nonce + 1;
        Flight flight;
        flight.intent = std::move(intent);
        flight.signed_at = sender->options_.now();
        sender->flights_.emplace(nonce, std::move(flight));
    }
    if (!sender->flights_.empty())
        spdlog::info("chain: {} transactions of an earlier run are taken up", sender->flights_.size());
    return sender;
}

std::size_t Sender::in_flight() const {
    return static_cast<std::size_t>(std::count_if(flights_.begin(), flights_.end(),
                                                  [](const auto& entry) { return !entry.second.mined; }));
}

void Sender::request(const chain::Address& to, const chain::Bytes& calldata, Done done,
                     std::optional<Time> asked) {
    if (requests_.size() >= options_.max_waiting)
        return done(fail("overloaded", "too many transactions wait to be sent; try again later"));
    requests_.push_back(
        {to, calldata, {std::move(done), asked.value_or(options_.now()) + options_.patience}});
}

void Sender::rewound(std::uint64_t to) {
    for (auto& [nonce, flight] : flights_) {
        if (!flight.mined || flight.mined->block_number <= to) continue;
        spdlog::warn("chain: the block of transaction {} was taken back; it is sent again",
                     flight.intent.attempts.back().hash.hex());
        // A failure that is undone has told nobody anything.
        if (!flight.mined->receipt.success) {
            flight.answered.reset();
            if (std::exchange(flight.intent.answered, false)) (void)store_.save(flight.intent);
        }
        flight.mined.reset();
        flight.sent.reset();
    }
}

void Sender::step() {
    look();
    take_requests();
}

void Sender::close() {
    const auto ended = [] {
        return fail("unavailable", "the node ends; the transaction is looked after at its next start");
    };
    for (auto& [nonce, flight] : flights_)
        for (auto& waiting : std::exchange(flight.waiting, {})) waiting.done(ended());
    for (auto& request : std::exchange(requests_, {})) request.waiting.done(ended());
}

void Sender::give_up() {
    const auto now = options_.now();
    std::vector<Done> late;
    for (auto& [nonce, flight] : flights_)
        std::erase_if(flight.waiting, [&](Waiting& waiting) {
            if (now < waiting.until) return false;
            late.push_back(std::move(waiting.done));
            return true;
        });
    std::erase_if(requests_, [&](Request& request) {
        if (now < request.waiting.until) return false;
        late.push_back(std::move(request.waiting.done));
        return true;
    });
    for (const auto& done : late)
        done(fail("unavailable", "the transaction is not in a block that counts yet; ask again for it"));
}

/// Nobody will take the same call for this request any more.
bool Sender::over(const Flight& flight) const {
    if (flight.intent.answered) return true;
    const auto now = options_.now();
    return flight.answered ? now - *flight.answered >= options_.settles_after
                           : now - flight.seen >= options_.owed_for;
}

/// A transaction is forgotten when it is over and its block can no longer be taken back.
void Sender::forget(std::uint64_t tip) {
    for (auto it = flights_.begin(); it != flights_.end();) {
        auto& flight = it->second;
        if (flight.mined && over(flight)) {
            if (flight.mined->block_number + Branch::kWindow <= tip && store_.erase(it->first)) {
                it = flights_.erase(it);
                continue;
            }
            if (!flight.intent.answered) {
                flight.intent.answered = true;
                if (!store_.save(flight.intent)) flight.intent.answered = false;
            }
        }
        ++it;
    }
}

/// One question for all receipts and the account's nonce, answered by one node at one moment.
void Sender::look() {
    const auto tip = branch_.tip();
    if (flights_.empty() || !tip) return;
    forget(tip->number);
    std::vector<RpcCall> calls{{"eth_getTransactionCount", account(address(), quantity(tip->number))}};
    std::vector<std::uint64_t> nonces;
    std::vector<chain::Hash> hashes;
    for (const auto& [nonce, flight] : flights_)
        if (!flight.mined)
            for (const auto& attempt : flight.intent.attempts) {
                calls.push_back(receipt_of(attempt.hash));
                nonces.push_back(nonce);
                hashes.push_back(attempt.hash);
            }
    if (nonces.empty()) return;
    using Receipts = std::map<std::uint64_t, std::optional<PlacedReceipt>>;
    const auto receipts =
        network_.pool().read<Receipts>(calls, [&](const RpcPool::Replies& replies) -> Result<Receipts> {
            auto count = value_of(replies[0]);
            if (!count) return tl::unexpected(count.error());
            const auto mined = read_number(**count, "eth_getTransactionCount");
            if (!mined) return tl::unexpected(mined.error());
            Receipts found;
            for (std::size_t i = 0; i < nonces.size(); ++i) {
                auto receipt = read_receipt(replies[i + 1]);
                if (!receipt) return tl::unexpected(receipt.error());
                if (*receipt && (*receipt)->receipt.transaction_hash != hashes[i])
                    return fail("bad_reply", "the receipt of another transaction came");
                auto& place = found[nonces[i]];
                if (*receipt) place = std::move(*receipt);
            }
            mined_nonces_ = *mined;
            return found;
        });
    if (!receipts) return;
    for (const auto& [nonce, receipt] : *receipts) judge(flights_.at(nonce), receipt);
    for (const auto& [nonce, receipt] : *receipts) {
        if (receipt || nonce >= mined_nonces_) continue;
        // Nodes show a block a moment before its receipts.
        auto& missed = flights_.at(nonce).missed;
        if (!missed) missed = options_.now();
        if (options_.now() - *missed >= options_.lost_after) lost(nonce);
    }
}

void Sender::judge(Flight& flight, const std::optional<PlacedReceipt>& receipt) {
    if (receipt) {
        flight.missed.reset();
        if (const auto time = branch_.time_of(*receipt)) finish(flight, *receipt, *time);
        return;
    }
    const auto now = options_.now();
    const bool next = flight.intent.nonce == mined_nonces_;
    if (next && flight.sent && now - flight.signed_at >= options_.bump_after) return bump(flight);
    if (!flight.sent || now - *flight.sent >= options_.resend_after) send(flight);
}

void Sender::finish(Flight& flight, const PlacedReceipt& placed, chain::Timestamp time) {
    const auto now = options_.now();
    flight.mined = messages::MinedReceipt{placed.receipt, placed.block_number, placed.block_hash, time};
    flight.seen = now;
    const auto waiting = std::exchange(flight.waiting, {});
    if (placed.receipt.success) {
        for (const auto& caller : waiting) {
            if (now < caller.until) flight.answered = now;
            caller.done(*flight.mined);
        }
        return;
    }
    flight.answered = now;
    const auto why = reason(flight, placed);
    spdlog::warn("chain: transaction {} failed in block {}: {}", placed.receipt.transaction_hash.hex(),
                 placed.block_number, why);
    for (const auto& caller : waiting) caller.done(fail("reverted", why));
}

/// Somebody else has used the nonce: none of our attempts can be mined any more.
void Sender::lost(std::uint64_t nonce) {
    if (!store_.erase(nonce)) return;
    auto node = flights_.extract(nonce);
    spdlog::error("chain: another transaction of {} has nonce {}; does somebody else use this node's key?",
                  address().checksummed(), nonce);
    for (const auto& caller : node.mapped().waiting)
        caller.done(fail("unavailable", "another transaction of the node's key took nonce " +
                                            std::to_string(nonce) + "; nothing was done, try again"));
}

/// With the same nonce, so that only one of them can be mined.
void Sender::bump(Flight& flight) {
    const auto usual = ask_fees();
    if (!usual) return;
    auto transaction = flight.intent.transaction();
    const auto fees = bumped(fees_of(transaction), *usual);
    flight.signed_at = options_.now();
    if (fees.max_fee > options_.max_fee_per_gas) {
        spdlog::error("chain: nonce {} is stuck, and would need {} wei a gas, more than chain.max_fee allows",
                      flight.intent.nonce, fees.max_fee.decimal());
        return send(flight);
    }
    set_fees(transaction, fees);
    auto intent = flight.intent;
    intent.attempts.push_back(chain::sign(transaction, options_.key));
    if (auto saved = store_.save(intent); !saved) {
        spdlog::error("chain: a higher fee cannot be kept on disk, so it is not sent: {}",
                      saved.error().message);
        return;
    }
    spdlog::warn("chain: nonce {} is stuck; it offers {} wei a gas now", flight.intent.nonce,
                 fees.max_fee.decimal());
    flight.intent = std::move(intent);
    send(flight);
}

/// To every endpoint that is trusted: one may forget it.
void Sender::send(Flight& flight) {
    const auto& attempt = flight.intent.attempts.back();
    std::string refusal;
    for (const auto endpoint : network_.pool().trusted()) {
        const auto replies = network_.pool().ask_one(endpoint, {raw_transaction(attempt.raw)});
        if (!replies) continue;
        flight.sent = options_.now();
        const auto* error = std::get_if<RpcError>(&replies->front());
        if (error != nullptr) refusal = error->message;
    }
    // "already known" and "nonce too low" are said of what has arrived; all else a person wants to know.
    if (!refusal.empty() && refusal.find("known") == std::string::npos &&
        refusal.find("nonce too low") == std::string::npos && refusal.find("already") == std::string::npos)
        spdlog::warn("chain: transaction {} is refused for now: {}", attempt.hash.hex(), refusal);
}

Sender::Flight* Sender::same(const Request& request) {
    for (auto& [nonce, flight] : flights_) {
        const auto& transaction = flight.intent.transaction();
        if ((!flight.mined || flight.owed()) && transaction.to == request.to &&
            transaction.data == request.calldata)
            return &flight;
    }
    return nullptr;
}

void Sender::take_requests() {
    std::vector<Flight*> told;
    for (std::size_t i = requests_.size(); i > 0; --i) {
        Request request = std::move(requests_.front());
        requests_.pop_front();
        auto* flight = same(request);
        if (flight != nullptr && flight->mined) {
            spdlog::info("chain: a request is answered by transaction {} of block {}, which was made for it",
                         flight->mined->receipt.transaction_hash.hex(), flight->mined->block_number);
            told.push_back(flight);
            request.waiting.done(*flight->mined);
        } else if (flight != nullptr) {
            flight->waiting.push_back(std::move(request.waiting));
        } else if (in_flight() < options_.max_in_flight) {
            start(std::move(request));
        } else {
            requests_.push_back(std::move(request));
        }
    }
    // Only now: requests that came together get one answer, as those do that wait for one transaction.
    for (auto* flight : told) flight->answered = options_.now();
}

void Sender::start(Request request) {
    auto quote = ask(request, true);
    if (!quote && quote.error().code == "no_pending_state") quote = ask(request, false);
    const auto& done = request.waiting.done;
    if (!quote) return done(tl::unexpected(quote.error()));
    if (quote->fees.max_fee > options_.max_fee_per_gas)
        return done(fail("fee_too_high", "gas costs " + quote->fees.max_fee.decimal() +
                                             " wei now, more than chain.max_fee allows; try again later"));
    chain::Transaction transaction;
    set_fees(transaction, quote->fees);
    transaction.chain_id = network_.pool().chain_id();
    transaction.nonce = std::max(next_nonce_, quote->nonce);
    transaction.gas_limit = chain::gas_limit_for(quote->gas);
    transaction.to = request.to;
    transaction.data = request.calldata;
    Flight flight;
    flight.intent = {transaction.nonce, {chain::sign(transaction, options_.key)}};
    flight.signed_at = options_.now();
    if (auto saved = store_.save(flight.intent); !saved)
        return done(fail("unavailable", "the transaction cannot be kept on disk, so it is not sent: " +
                                            saved.error().message));
    next_nonce_ = transaction.nonce + 1;
    flight.waiting.push_back(std::move(request.waiting));
    send(flights_.emplace(transaction.nonce, std::move(flight)).first->second);
}

}  // namespace grid::adapters::evm

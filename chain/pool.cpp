#include "chain/pool.hpp"

namespace grid::chain {
namespace {

/// At least a tenth more, so that replacing cannot be repeated for nothing.
bool outbids(const Amount& fee, const Amount& previous) {
    if (fee.bit_length() > 250 || previous.bit_length() > 250) return false;
    return !(fee * Amount{10} < previous * Amount{11}) && fee > previous;
}

}  // namespace

Result<void> WaitingPool::add(SignedTransaction transaction, const Address& sender, Timestamp now) {
    if (by_hash_.contains(transaction.hash))
        return fail("already_known", "the transaction waits already for an earlier nonce");
    const std::uint64_t nonce = transaction.transaction.nonce;
    const auto account = senders_.find(sender);
    if (account != senders_.end()) {
        if (const auto same = account->second.find(nonce); same != account->second.end()) {
            const Transaction& previous = same->second.transaction.transaction;
            const bool tip = transaction.transaction.type != TransactionType::dynamic_fee ||
                             previous.type != TransactionType::dynamic_fee ||
                             outbids(transaction.transaction.max_priority_fee, previous.max_priority_fee);
            if (!tip || !outbids(transaction.transaction.max_fee, previous.max_fee))
                return fail("replacement_underpriced",
                            "another transaction with nonce " + std::to_string(nonce) +
                                " waits; to replace it, both fees must be at least a tenth higher");
            erase(sender, same);
        } else if (account->second.size() >= limits_.per_sender) {
            return fail("pool_full", "the sender has " + std::to_string(limits_.per_sender) +
                                         " transactions waiting; send the one with the earliest nonce first");
        }
    }
    if (!has_room(transaction)) expire(now);
    if (!has_room(transaction))
        return fail("pool_full", "no room for more transactions that wait for an earlier nonce");
    bytes_ += transaction.raw.size();
    by_hash_.emplace(transaction.hash, Place{sender, nonce});
    senders_[sender].emplace(nonce, Entry{std::move(transaction), now});
    return {};
}

std::optional<SignedTransaction> WaitingPool::take(const Address& sender, std::uint64_t nonce) {
    if (by_hash_.empty()) return std::nullopt;
    for (;;) {
        const auto account = senders_.find(sender);
        if (account == senders_.end()) return std::nullopt;
        const auto first = account->second.begin();
        if (first->first > nonce) return std::nullopt;
        if (first->first == nonce) {
            std::optional<SignedTransaction> taken = first->second.transaction;
            erase(sender, first);
            return taken;
        }
        erase(sender, first);
    }
}

std::optional<WaitingPool::Waiting> WaitingPool::find(const Hash& hash) const {
    const auto place = by_hash_.find(hash);
    if (place == by_hash_.end()) return std::nullopt;
    const Sender& account = senders_.at(place->second.sender);
    return Waiting{&account.at(place->second.nonce).transaction, place->second.sender};
}

std::uint64_t WaitingPool::next_nonce(const Address& sender, std::uint64_t nonce) const {
    const auto account = senders_.find(sender);
    if (account == senders_.end()) return nonce;
    while (account->second.contains(nonce)) ++nonce;
    return nonce;
}

void WaitingPool::erase(const Address& sender, Sender::iterator entry) {
    const auto account = senders_.find(sender);
    bytes_ -= entry->second.transaction.raw.size();
    by_hash_.erase(entry->second.transaction.hash);
    account->second.erase(entry);
    if (account->second.empty()) senders_.erase(account);
}

void WaitingPool::expire(Timestamp now) {
    std::vector<Place> old;
    for (const auto& [sender, entries] : senders_)
        for (const auto& [nonce, entry] : entries)
            if (entry.since + limits_.lifetime < now) old.push_back({sender, nonce});
    for (const Place& place : old) erase(place.sender, senders_.at(place.sender).find(place.nonce));
}

bool WaitingPool::has_room(const SignedTransaction& transaction) const {
    return by_hash_.size() < limits_.transactions && bytes_ + transaction.raw.size() <= limits_.bytes;
}

}  // namespace grid::chain

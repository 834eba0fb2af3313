#include "chain/rpc/subscriptions.hpp"

#include <algorithm>

#include "chain/rpc/format.hpp"
#include "chain/rpc/identifier.hpp"

namespace grid::chain::rpc {
namespace {

/// Equal for equal subjects only.
std::string key_of(const Subject& subject) {
    std::string key(1, static_cast<char>(subject.kind));
    const auto add = [&](ByteView bytes) { key.append(bytes.begin(), bytes.end()); };
    const auto count = [&](std::size_t size) { key += std::to_string(size) + ':'; };
    count(subject.filter.addresses.size());
    for (const Address& address : subject.filter.addresses) add(address.bytes);
    for (const auto& position : subject.filter.topics) {
        count(position.size());
        for (const Hash& topic : position) add(topic.bytes);
    }
    return key;
}

std::vector<std::string> log_results(const LogFilter& filter, const StoredBlock& block, bool removed) {
    std::vector<FoundLog> found;
    find_logs(filter, block, found);
    std::vector<std::string> results;
    results.reserve(found.size());
    for (const FoundLog& log : found) results.push_back(log_json(log, removed));
    return results;
}

}  // namespace

// --- one connection

void Subscriber::add(const std::string& id) {
    std::lock_guard lock(mutex_);
    subscriptions_.emplace(id, Subscription{});
}

void Subscriber::remove(const std::string& id) {
    std::lock_guard lock(mutex_);
    subscriptions_.erase(id);
}

void Subscriber::activate(const std::string& id) {
    std::lock_guard lock(mutex_);
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end() || found->second.active) return;
    found->second.active = true;
    push_now(std::exchange(found->second.early, {}));
}

bool Subscriber::push(const std::string& id,
                      const std::vector<std::shared_ptr<const std::string>>& notifications) {
    std::lock_guard lock(mutex_);
    if (!push_) return false;
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end()) return true;
    if (found->second.active) return push_now(notifications);
    auto& early = found->second.early;
    early.insert(early.end(), notifications.begin(), notifications.end());
    if (early.size() > kMaxEarly) push_ = nullptr;
    return push_ != nullptr;
}

bool Subscriber::push_now(const std::vector<std::shared_ptr<const std::string>>& notifications) {
    for (const auto& notification : notifications) {
        if (!push_) return false;
        if (!push_(notification)) push_ = nullptr;
    }
    return push_ != nullptr;
}

void Subscriber::close() {
    std::lock_guard lock(mutex_);
    push_ = nullptr;
}

bool Subscriber::closed() const {
    std::lock_guard lock(mutex_);
    return push_ == nullptr;
}

// --- all of them

Result<std::string> Subscriptions::add(const std::shared_ptr<Subscriber>& subscriber,
                                       const Subject& subject) {
    std::lock_guard lock(mutex_);
    auto& keys = keys_[subscriber.get()];
    if (keys.size() >= kMaxPerSession || count_ >= kMax)
        return fail("too_many_subscriptions",
                    keys.size() >= kMaxPerSession
                        ? "expected at most " + std::to_string(kMaxPerSession) +
                              " subscriptions on a connection; end one of them first"
                        : "the node serves no more than " + std::to_string(kMax) + " subscriptions");
    // A connection that asks for the same again gets another id: it is in the next group of this kind.
    const std::string base = key_of(subject);
    std::string key = base;
    for (std::size_t i = 1; std::find(keys.begin(), keys.end(), key) != keys.end(); ++i)
        key = base + '#' + std::to_string(i);
    auto found = groups_.find(key);
    if (found == groups_.end()) {
        found = groups_.emplace(key, Group{new_identifier(), subject, {}}).first;
        ids_.emplace(found->second.id, key);
    }
    found->second.members.push_back(subscriber);
    keys.push_back(key);
    ++count_;
    subscriber->add(found->second.id);
    return found->second.id;
}

/// Takes the subscriber out of a group; the lock is held.
void Subscriptions::drop(const std::string& key, const std::shared_ptr<Subscriber>& subscriber) {
    const auto found = groups_.find(key);
    if (found == groups_.end()) return;
    auto& members = found->second.members;
    const auto member = std::find(members.begin(), members.end(), subscriber);
    if (member == members.end()) return;
    *member = std::move(members.back());
    members.pop_back();
    --count_;
    if (!members.empty()) return;
    ids_.erase(found->second.id);
    groups_.erase(found);
}

bool Subscriptions::remove(const std::shared_ptr<Subscriber>& subscriber, const std::string& id) {
    std::lock_guard lock(mutex_);
    const auto named = ids_.find(id);
    const auto of_subscriber = keys_.find(subscriber.get());
    if (named == ids_.end() || of_subscriber == keys_.end()) return false;
    auto& keys = of_subscriber->second;
    const auto key = std::find(keys.begin(), keys.end(), named->second);
    if (key == keys.end()) return false;
    const std::string group = std::move(*key);
    keys.erase(key);
    if (keys.empty()) keys_.erase(of_subscriber);
    drop(group, subscriber);
    subscriber->remove(id);
    return true;
}

void Subscriptions::close(const std::shared_ptr<Subscriber>& subscriber) {
    subscriber->close();
    std::lock_guard lock(mutex_);
    const auto keys = keys_.extract(subscriber.get());
    if (keys.empty()) return;
    for (const std::string& key : keys.mapped()) drop(key, subscriber);
}

std::vector<Subscriptions::Group> Subscriptions::groups() const {
    std::lock_guard lock(mutex_);
    std::vector<Group> all;
    all.reserve(groups_.size());
    for (const auto& [key, group] : groups_) all.push_back(group);
    return all;
}

void Subscriptions::send(const Group& group, const std::vector<std::string>& results) {
    if (results.empty()) return;
    std::vector<std::shared_ptr<const std::string>> notifications;
    notifications.reserve(results.size());
    const std::string begin = R"({"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":")" +
                              group.id + R"(","result":)";
    for (const std::string& result : results)
        notifications.push_back(std::make_shared<const std::string>(begin + result + "}}"));
    for (const auto& member : group.members)
        if (!member->push(group.id, notifications)) close(member);
}

void Subscriptions::block_made(const BlockPointer& block) {
    if (empty()) return;
    const auto& transactions = block->block.transactions;
    for (const Group& group : groups()) {
        std::vector<std::string> results;
        switch (group.subject.kind) {
            case Subject::Kind::new_heads:
                results.push_back(head_json(*block));
                break;
            case Subject::Kind::logs:
                results = log_results(group.subject.filter, *block, false);
                break;
            case Subject::Kind::pending_transactions:
                for (const SignedTransaction& transaction : transactions)
                    if (!announced_.contains(transaction.hash))
                        results.push_back(hex_json(transaction.hash.bytes));
                break;
            case Subject::Kind::pending_bodies:
                for (std::size_t i = 0; i < transactions.size(); ++i)
                    if (!announced_.contains(transactions[i].hash))
                        results.push_back(waiting_transaction_json(transactions[i], block->block.senders[i]));
                break;
            case Subject::Kind::syncing:
                break;  // this node is never behind
        }
        send(group, results);
    }
    if (!announced_.empty())
        for (const SignedTransaction& transaction : transactions) announced_.erase(transaction.hash);
}

void Subscriptions::rewound(const std::vector<BlockPointer>& dropped) {
    if (empty()) return;
    for (const Group& group : groups())
        if (group.subject.kind == Subject::Kind::logs)
            for (auto block = dropped.rbegin(); block != dropped.rend(); ++block)
                send(group, log_results(group.subject.filter, **block, true));
}

void Subscriptions::waiting(const SignedTransaction& transaction, const Address& sender) {
    if (empty()) return;
    if (announced_.size() >= kMaxAnnounced) announced_.clear();
    announced_.insert(transaction.hash);
    for (const Group& group : groups()) {
        if (group.subject.kind == Subject::Kind::pending_transactions)
            send(group, {hex_json(transaction.hash.bytes)});
        if (group.subject.kind == Subject::Kind::pending_bodies)
            send(group, {waiting_transaction_json(transaction, sender)});
    }
}

}  // namespace grid::chain::rpc

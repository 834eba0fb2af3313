#include "chain/rpc/format.hpp"
#include "chain/rpc/method_table.hpp"

namespace grid::chain::rpc {
namespace {

std::string hashes_json(const std::vector<Hash>& hashes) {
    std::string list = "[";
    for (const Hash& hash : hashes) list += (list.size() > 1 ? "," : "") + hex_json(hash.bytes);
    return list + "]";
}

Outcome make(const Context& c, Filters::Kind kind, Filters::Criteria criteria) {
    const auto id = c.hub.filters().add(kind, std::move(criteria), c.wall);
    return id ? good(quote(*id)) : refused(id.error());
}

Outcome new_filter(const Context& c, const Parameters& p) {
    p.at_most(1);
    Parameters::Filter asked = p.filter(0);
    if (asked.block || asked.from.tag == BlockName::Tag::hash || asked.to.tag == BlockName::Tag::hash)
        throw BadParameters{"params[0]: expected a range by numbers or tags, came a block hash"};
    return make(c, Filters::Kind::logs, criteria_of(std::move(asked)));
}

Outcome new_block_filter(const Context& c, const Parameters& p) {
    p.at_most(0);
    return make(c, Filters::Kind::blocks, {});
}

Outcome new_pending_filter(const Context& c, const Parameters& p) {
    p.at_most(1);  // some clients say here whether they want whole transactions; they get hashes
    return make(c, Filters::Kind::pending, {});
}

Outcome filter_changes(const Context& c, const Parameters& p) {
    p.at_most(1);
    const auto changes = c.hub.filters().changes(p.identifier(0), c.wall);
    if (!changes) return refused(changes.error());
    if (changes->kind != Filters::Kind::logs) return good(hashes_json(changes->hashes));
    std::string list = "[";
    const auto add = [&](const std::vector<FoundLog>& logs, bool removed) {
        for (const FoundLog& log : logs) list += (list.size() > 1 ? "," : "") + log_json(log, removed);
    };
    add(changes->removed, true);
    add(changes->logs, false);
    return good(list + "]");
}

Outcome filter_logs(const Context& c, const Parameters& p) {
    p.at_most(1);
    const auto criteria = c.hub.filters().criteria(p.identifier(0), c.wall);
    return criteria ? find_logs(c.ledger, *criteria) : refused(criteria.error());
}

Outcome uninstall_filter(const Context& c, const Parameters& p) {
    p.at_most(1);
    return good(c.hub.filters().remove(p.identifier(0)) ? "true" : "false");
}

/// As geth says it to a connection that cannot be pushed to.
Outcome no_notifications() {
    return refused(-32001, "notifications not supported: connect by WebSocket, or poll with eth_newFilter");
}

std::optional<Subject> subject_of(const Parameters& p) {
    const std::string name = p.string(0);
    Subject subject;
    if (name == "logs") {
        subject.kind = Subject::Kind::logs;
        if (p.has(1)) subject.filter = p.filter(1).filter;
        p.at_most(2);
        return subject;
    }
    if (name == "newPendingTransactions") {
        p.at_most(2);
        subject.kind =
            p.boolean(1, false) ? Subject::Kind::pending_bodies : Subject::Kind::pending_transactions;
        return subject;
    }
    p.at_most(1);
    if (name == "newHeads") return subject;
    subject.kind = Subject::Kind::syncing;
    return name == "syncing" ? std::optional(subject) : std::nullopt;
}

Outcome subscribe(const Context& c, const Parameters& p) {
    if (c.connection == nullptr) return no_notifications();
    const auto subject = subject_of(p);
    if (!subject) return refused(-32601, "no \"" + std::string(beginning(p.string(0))) + "\" subscription");
    auto id = c.hub.subscriptions().add(c.connection->subscriber, *subject);
    if (!id) return refused(id.error());
    c.connection->opened.push_back(*id);
    return good(quote(*id));
}

Outcome unsubscribe(const Context& c, const Parameters& p) {
    p.at_most(1);
    if (c.connection == nullptr) return no_notifications();
    if (!c.hub.subscriptions().remove(c.connection->subscriber, p.identifier(0)))
        return refused(-32000, "subscription not found");
    return good("true");
}

}  // namespace

Filters::Criteria criteria_of(Parameters::Filter asked) {
    Filters::Criteria criteria;
    if (asked.from.tag == BlockName::Tag::number) criteria.from = asked.from.number;
    if (asked.to.tag == BlockName::Tag::number) criteria.to = asked.to.number;
    if (criteria.from && criteria.to && *criteria.from > *criteria.to)
        throw BadParameters{"params[0]: invalid block range: fromBlock is behind toBlock"};
    criteria.filter = std::move(asked.filter);
    return criteria;
}

Outcome find_logs(const Ledger& ledger, const Filters::Criteria& criteria) {
    const std::uint64_t head = ledger.head()->block.header.number;
    LogFilter filter = criteria.filter;
    filter.from = criteria.from.value_or(head);
    filter.to = criteria.to.value_or(head);
    const auto found = ledger.logs(filter);
    return found ? good(logs_json(*found)) : refused(found.error());
}

const MethodTable& news_methods() {
    static const MethodTable table = {
        {"eth_newFilter", at_once<new_filter>},
        {"eth_newBlockFilter", at_once<new_block_filter>},
        {"eth_newPendingTransactionFilter", at_once<new_pending_filter>},
        {"eth_getFilterChanges", at_once<filter_changes>},
        {"eth_getFilterLogs", at_once<filter_logs>},
        {"eth_uninstallFilter", at_once<uninstall_filter>},
        {"eth_subscribe", at_once<subscribe>},
        {"eth_unsubscribe", at_once<unsubscribe>},
    };
    return table;
}

}  // namespace grid::chain::rpc

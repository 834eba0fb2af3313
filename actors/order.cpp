#include "actors/order.hpp"

#include <algorithm>
#include <set>

#include "actors/block_steps.hpp"
#include "actors/rows.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;

namespace {
constexpr std::uint8_t kRowVersion = 1;
}

order_state::order_state(interface::pointer self, runtime::Storage storage, ChainInfo chain_info,
                         chain_actor chain)
    : self_(self),
      inbox_(self->address()),
      storage_(std::move(storage)),
      chain_info_(std::move(chain_info)),
      chain_(std::move(chain)),
      book_(chain_info_.chain_id, chain_info_.contracts.market) {}

Result<void> order_state::open() {
    auto table = storage_.environment->table("orders");
    if (!table) return tl::unexpected(table.error());
    rows_ = *table;
    auto projection =
        runtime::Projection::open(storage_, "order", inbox_.poster(), [this] { return reload(); });
    if (!projection) return tl::unexpected(projection.error());
    projection_ = std::move(*projection);
    return reload();
}

Result<void> order_state::reload() {
    const auto before = std::exchange(book_, OrderBook(chain_info_.chain_id, chain_info_.contracts.market));
    unpublished_.clear();
    Result<void> outcome;
    auto read = storage_.environment->read([&](const store::ReadTransaction& rows) {
        rows.scan(*rows_, {}, {}, [&](store::ByteView key, store::ByteView value) {
            auto row = decode_row<OrderRow>(kRowVersion, value);
            if (!row) {
                outcome = tl::unexpected(row.error());
                return false;
            }
            book_.restore({store::number_of(key)}, std::move(*row));
            return true;
        });
    });
    if (read && outcome) tell_taken_back(before);
    return read ? outcome : read;
}

// Watchers know what was taken back: they hear what the order is now, before what the new branch makes of it.
void order_state::tell_taken_back(const OrderBook& before) {
    for (const auto& [id, was] : before.rows()) {
        const auto* now = book_.find({id});
        if (now && *now == was) continue;
        OrderChanged change{now ? *now : was, projection_->cursor().number, {}};
        if (!now) change.row.order.status = chain::OrderStatus::none;
        unpublished_.push_back(change);
    }
}

std::vector<store::Change> order_state::apply(const chain::BlockUpdate& block) {
    std::set<OrderId> changed;
    for (const auto& log : block.logs) {
        const auto event = chain::decode_event(log.log, chain_info_.contracts);
        if (!event) continue;
        const auto id = book_.apply(*event, block, log.transaction_hash);
        if (!id) continue;
        changed.insert(*id);
        unpublished_.push_back({*book_.find(*id), block.number, block.time});
    }
    std::vector<store::Change> changes;
    for (const auto id : changed) {
        const auto key = store::number_key(id.value);
        changes.push_back({*rows_, {key.begin(), key.end()}, encode_row(kRowVersion, *book_.find(id))});
    }
    return changes;
}

void order_state::publish(std::uint64_t durable) {
    while (!unpublished_.empty() && unpublished_.front().height <= durable) {
        for (const auto& watcher : watchers_) self_->send(watcher, unpublished_.front());
        unpublished_.pop_front();
    }
    auto ready = std::stable_partition(waiting_.begin(), waiting_.end(),
                                       [&](const Waiting& w) { return w.at_least_block > durable; });
    std::vector<Waiting> answered(std::make_move_iterator(ready), std::make_move_iterator(waiting_.end()));
    waiting_.erase(ready, waiting_.end());
    for (auto& query : answered) query.go(std::nullopt);
}

void order_state::when_applied(std::uint64_t block, std::function<void(std::optional<Error>)> go) {
    if (block <= projection_->durable()) return go(std::nullopt);
    if (waiting_.size() >= kMaxWaiting)
        return go(Error{"overloaded", "too many queries wait for a block; try again later"});
    const auto ticket = ++last_ticket_;
    waiting_.push_back({ticket, block, std::move(go)});
    inbox_.after(kMaxWait, [this, ticket] {
        auto late =
            std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& w) { return w.ticket == ticket; });
        if (late == waiting_.end()) return;
        auto query = std::move(*late);
        waiting_.erase(late);
        query.go(
            Error{"timeout", "block " + std::to_string(query.at_least_block) + " has not been applied yet"});
    });
}

Result<OrderRow> order_state::find(OrderId id) const {
    if (const auto* row = book_.find(id)) return *row;
    return fail("not_found", "there is no order " + std::to_string(id.value));
}

order_state::interface::behavior_type order_state::behavior() {
    if (auto opened = open(); !opened) return refuse_to_start<order_state>(self_, to_caf(opened.error()));
    self_->set_down_handler([this](const caf::down_msg& down) {
        std::erase_if(watchers_, [&](const auto& watcher) { return watcher.address() == down.source; });
    });
    self_->send(chain_, follow_atom_v, projection_->cursor().number,
                block_sink_actor{caf::actor_cast<interface>(self_)});
    return {
        [this](const BlockBatch& batch) {
            auto promise = self_->make_response_promise<std::uint64_t>();
            projection_->apply(block_steps(batch, [this](const auto& block) { return apply(block); }),
                               [this, promise](Result<std::uint64_t> number) mutable {
                                   if (number) {
                                       promise.deliver(*number);
                                       return publish(*number);
                                   }
                                   const auto error = to_caf(number.error());
                                   promise.deliver(error);
                                   if (number.error().code == "projection_failed") self_->quit(error);
                               });
            return promise;
        },
        [this](find_atom, OrderId id) -> caf::result<OrderRow> { return answer(find(id)); },
        [this](find_atom, OrderId id, std::uint64_t at_least_block) {
            auto promise = self_->make_response_promise<OrderRow>();
            when_applied(at_least_block, [this, id, promise](std::optional<Error> error) mutable {
                auto row = error ? tl::unexpected(*error) : find(id);
                row ? promise.deliver(std::move(*row)) : promise.deliver(to_caf(row.error()));
            });
            return promise;
        },
        [this](find_atom, const Address& user, const Address& provider) -> caf::result<OrderRow> {
            if (const auto* row = book_.live_of(user, provider)) return *row;
            return to_caf(
                {"not_found", "no live order of " + user.checksummed() + " with " + provider.checksummed()});
        },
        [this](list_atom, const OrderQuery& query) {
            auto promise = self_->make_response_promise<OrderPage>();
            when_applied(query.at_least_block, [this, query, promise](std::optional<Error> error) mutable {
                auto page = error ? tl::unexpected(*error) : book_.list(query);
                page ? promise.deliver(std::move(*page)) : promise.deliver(to_caf(page.error()));
            });
            return promise;
        },
        [this](live_atom, const order_watcher_actor& watcher) {
            if (std::find(watchers_.begin(), watchers_.end(), watcher) == watchers_.end()) {
                self_->monitor(watcher);
                watchers_.push_back(watcher);
            }
            return book_.live();
        },
        [this](done_atom, std::uint64_t ticket) { inbox_.run(ticket); },
    };
}

order_actor order(caf::actor_system& system, runtime::Storage storage, ChainInfo chain_info,
                  chain_actor chain) {
    return system.spawn<hosted<order_state>>(std::move(storage), std::move(chain_info), std::move(chain));
}

}  // namespace grid::actors

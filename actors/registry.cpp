#include "actors/registry.hpp"

#include <algorithm>
#include <set>

#include "actors/block_steps.hpp"
#include "actors/rows.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;

namespace {

constexpr std::uint8_t kRowVersion = 1;

Address address_of(store::ByteView key) {
    Address address;
    std::copy_n(key.begin(), std::min(key.size(), address.bytes.size()), address.bytes.begin());
    return address;
}

}  // namespace

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, StoredProvider& x) {
    return f(caf::meta::type_name("StoredProvider"), x.place, x.row);
}

registry_state::registry_state(interface::pointer self, runtime::Storage storage, ChainInfo chain_info,
                               chain_actor chain)
    : self_(self),
      inbox_(self->address()),
      storage_(std::move(storage)),
      chain_info_(std::move(chain_info)),
      chain_(std::move(chain)) {}

Result<void> registry_state::open() {
    auto table = storage_.environment->table("providers");
    if (!table) return tl::unexpected(table.error());
    rows_ = *table;
    auto projection =
        runtime::Projection::open(storage_, "registry", inbox_.poster(), [this] { return reload(); });
    if (!projection) return tl::unexpected(projection.error());
    projection_ = std::move(*projection);
    return reload();
}

Result<void> registry_state::reload() {
    book_ = {};
    Result<void> outcome;
    auto read = storage_.environment->read([&](const store::ReadTransaction& rows) {
        rows.scan(*rows_, {}, {}, [&](store::ByteView key, store::ByteView value) {
            auto row = decode_row<StoredProvider>(kRowVersion, value);
            if (!row) {
                outcome = tl::unexpected(row.error());
                return false;
            }
            book_.restore(address_of(key), std::move(*row));
            return true;
        });
    });
    return read ? outcome : read;
}

std::vector<store::Change> registry_state::apply(const chain::BlockUpdate& block) {
    std::set<Address> changed;
    for (const auto& log : block.logs)
        if (const auto event = chain::decode_event(log.log, chain_info_.contracts))
            if (const auto address = book_.apply(*event, block.number)) changed.insert(*address);
    std::vector<store::Change> changes;
    for (const auto& address : changed)
        changes.push_back({*rows_,
                           {address.bytes.begin(), address.bytes.end()},
                           encode_row(kRowVersion, *book_.find(address))});
    return changes;
}

registry_state::interface::behavior_type registry_state::behavior() {
    if (auto opened = open(); !opened) return refuse_to_start<registry_state>(self_, to_caf(opened.error()));
    self_->send(chain_, follow_atom_v, projection_->cursor().number,
                block_sink_actor{caf::actor_cast<interface>(self_)});
    return {
        [this](const BlockBatch& batch) {
            auto promise = self_->make_response_promise<std::uint64_t>();
            projection_->apply(block_steps(batch, [this](const auto& block) { return apply(block); }),
                               [this, promise](Result<std::uint64_t> number) mutable {
                                   if (number) {
                                       promise.deliver(*number);
                                       return;
                                   }
                                   const auto error = to_caf(number.error());
                                   promise.deliver(error);
                                   if (number.error().code == "projection_failed") self_->quit(error);
                               });
            return promise;
        },
        [this](find_atom, const Address& address) -> caf::result<ProviderRow> {
            if (const auto* found = book_.find(address)) return found->row;
            return to_caf({"not_found", address.checksummed() + " is not registered as a provider"});
        },
        [this](list_atom, const ProviderQuery& query) -> caf::result<ProviderPage> {
            return answer(book_.list(query));
        },
        [this](done_atom, std::uint64_t ticket) { inbox_.run(ticket); },
    };
}

registry_actor registry(caf::actor_system& system, runtime::Storage storage, ChainInfo chain_info,
                        chain_actor chain) {
    return system.spawn<hosted<registry_state>>(std::move(storage), std::move(chain_info), std::move(chain));
}

}  // namespace grid::actors

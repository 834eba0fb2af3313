// What the provider asks of its own gateway.
#include "chain/calls.hpp"
#include "web/gateway_state.hpp"
#include "web/provider_checks.hpp"

namespace grid::web {

using namespace messages;

namespace {

std::string_view name_of(ProviderCheck::State state) {
    switch (state) {
        case ProviderCheck::State::ok:
            return "ok";
        case ProviderCheck::State::warn:
            return "warn";
        case ProviderCheck::State::fail:
            return "fail";
    }
    return "fail";
}

}  // namespace

Task<ApiReply> GatewayApi::State::provider_checks(Call& call) {
    call.query.done();
    const auto& user = call.visitor->claims.user;
    if (user != provider && user != signer)
        refuse(403, "not_yours", "the provider and its operator alone may ask this");
    ProviderFacts facts;
    facts.provider = provider;
    facts.signer = signer;
    facts.public_url = public_url;
    facts.now = now();
    facts.stale_head = stale_head;
    facts.head = co_await asker->ask<Head>(actors.chain, ask_timeout, head_atom_v);
    const auto entry = co_await asker->ask<Bytes>(actors.chain, ask_timeout, call_atom_v, registry,
                                                  chain::calls::registry::get(provider));
    facts.registered = entry ? chain::calls::decode_provider(*entry)
                             : Result<chain::Provider>(tl::unexpected(entry.error()));
    if (facts.registered && facts.registered->status == chain::ProviderStatus::none)
        facts.registered = fail("not_found", provider.checksummed() + " is not registered");
    facts.inventory = co_await asker->ask<Inventory>(actors.cluster, 2 * ask_timeout, inv_atom_v);
    facts.capabilities =
        co_await asker->ask<std::vector<Capability>>(actors.cluster, 2 * ask_timeout, probe_atom_v);
    if (gas) facts.gas = gas();
    JsonText json;
    json.begin_object();
    write_address(json, "provider", provider);
    write_address(json, "signer", signer);
    write_time(json, "time", facts.now);
    json.begin_array("checks");
    for (const auto& check : check_provider(facts)) {
        json.begin_object();
        json.text("state", name_of(check.state));
        json.text("name", check.name);
        json.text("detail", check.detail);
        json.text("mend", check.mend);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    co_return json_reply(json.take());
}

}  // namespace grid::web

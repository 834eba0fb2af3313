#include "web/platform_api.hpp"

#include "web/json.hpp"
#include "web/json_write.hpp"
#include "web/openapi.hpp"
#include "web/service_routes.hpp"

namespace grid::web {

using namespace messages;

namespace {

constexpr std::string_view kRpcPath = "/rpc";
constexpr std::size_t kMaxCursor = 128;

chain::OrderStatus order_status(Query& query) {
    const auto name = query.text_or("status", "");
    if (name.empty()) return chain::OrderStatus::none;
    for (const auto status : {chain::OrderStatus::unactivated, chain::OrderStatus::running,
                              chain::OrderStatus::cancelled, chain::OrderStatus::completed}) {
        if (chain::name_of(status) == name) return status;
    }
    refuse_field("status", "expected unactivated, running, cancelled or completed", "bad_query");
}

Address address_of(const Call& call) {
    const auto address = Address::parse(call.param("address"));
    if (!address) refuse_field("address", address.error().message, "bad_path");
    return *address;
}

OrderId order_id_of(const Call& call) {
    const auto id = parse_decimal(call.param("id"));
    if (!id || *id == 0) refuse_field("id", "expected the number of an order", "bad_path");
    return {*id};
}

constexpr std::string_view kPage =
    "<p>This is a GRID platform: a market for computing power.</p><ul>"
    "<li>HTTP API: <a href=\"/v1/openapi.json\"><code>/v1/openapi.json</code></a> says what there is, for "
    "example "
    "<a href=\"/v1/providers\"><code>/v1/providers</code></a>, <a "
    "href=\"/v1/orders\"><code>/v1/orders</code></a></li>"
    "<li>Ethereum JSON-RPC: <code>POST /rpc</code>, or a WebSocket there</li>"
    "<li>State: <a href=\"/v1/health\"><code>/v1/health</code></a>, <a "
    "href=\"/metrics\"><code>/metrics</code></a>, "
    "<a href=\"/version\"><code>/version</code></a></li></ul>"
    "<p>On the command line: <code>grid market</code>, <code>grid rent</code>.</p>";

}  // namespace

struct PlatformApi::State {
    State(caf::actor_system& system, PlatformActors a, PlatformOptions& options)
        : asker(std::make_shared<Asker>(system)), actors(std::move(a)), ask_timeout(options.ask_timeout) {}

    std::shared_ptr<Asker> asker;
    PlatformActors actors;
    std::chrono::milliseconds ask_timeout;

    Task<ApiReply> list_providers(Call& call);
    Task<ApiReply> get_provider(Call& call);
    Task<ApiReply> list_orders(Call& call);
    Task<ApiReply> get_order(Call& call);
};

Task<ApiReply> PlatformApi::State::list_providers(Call& call) {
    ProviderQuery query;
    query.free.cpu_milli = call.query.integer_or("cpu_milli", 0);
    query.free.memory_mib = call.query.integer_or("memory_mib", 0);
    query.free.storage_mib = call.query.integer_or("storage_mib", 0);
    query.free.gpus = call.query.integer_or("gpus", 0);
    query.max_hourly = call.query.amount("max_hourly");
    query.active_only = !call.query.flag_or("all", false);
    query.cursor = call.query.text_or("cursor", "", kMaxCursor);
    query.limit = static_cast<std::uint32_t>(call.query.integer_or("limit", 50, 1, 200));
    call.query.done();
    auto page =
        co_await asker->ask<ProviderPage>(actors.registry, ask_timeout, list_atom_v, std::move(query));
    const auto found = or_refuse(std::move(page));
    co_return json_reply(json_page("providers", found.rows, found.next_cursor));
}

Task<ApiReply> PlatformApi::State::get_provider(Call& call) {
    const Address address = address_of(call);
    call.query.done();
    auto row = co_await asker->ask<ProviderRow>(actors.registry, ask_timeout, find_atom_v, address);
    co_return json_reply(json_object(or_refuse(std::move(row))));
}

Task<ApiReply> PlatformApi::State::list_orders(Call& call) {
    OrderQuery query;
    query.user = call.query.address("user");
    query.provider = call.query.address("provider");
    query.status = order_status(call.query);
    query.cursor = call.query.text_or("cursor", "", kMaxCursor);
    query.limit = static_cast<std::uint32_t>(call.query.integer_or("limit", 50, 1, 200));
    query.at_least_block = call.query.integer_or("at_least_block", 0);
    call.query.done();
    auto page = co_await asker->ask<OrderPage>(actors.orders, ask_timeout, list_atom_v, std::move(query));
    const auto found = or_refuse(std::move(page));
    co_return json_reply(json_page("orders", found.rows, found.next_cursor));
}

Task<ApiReply> PlatformApi::State::get_order(Call& call) {
    const OrderId id = order_id_of(call);
    const auto at_least = call.query.integer_or("at_least_block", 0);
    call.query.done();
    Result<OrderRow> found;
    if (at_least == 0) {
        found = co_await asker->ask<OrderRow>(actors.orders, ask_timeout, find_atom_v, id);
    } else {
        found = co_await asker->ask<OrderRow>(actors.orders, ask_timeout, find_atom_v, id, at_least);
    }
    const auto row = or_refuse(std::move(found));
    auto asked = co_await asker->ask<Head>(actors.chain, ask_timeout, head_atom_v);
    const auto head = or_refuse(std::move(asked));
    JsonText json;
    json.begin_object();
    write_members(json, row);
    write_running_cost(json, row.order, head);
    json.end_object();
    co_return json_reply(json.take());
}

PlatformApi::PlatformApi(caf::actor_system& system, PlatformActors actors, PlatformOptions options)
    : state_(std::make_shared<State>(system, std::move(actors), options)) {
    const auto on = [state = state_](Task<ApiReply> (State::*handler)(Call&)) {
        return [state, handler](Call& call) { return (state.get()->*handler)(call); };
    };
    const auto open = Access::open();
    auto openapi = std::make_shared<std::string>();
    std::vector<ApiRoute> routes;
    add_service_routes(routes,
                       {state_->asker, state_->actors.chain, options.ask_timeout, std::move(options.metrics),
                        openapi, "platform", std::move(options.follower)});
    routes.push_back(blocks_route(std::move(options.blocks)));
    routes.push_back({"GET", "/", "home", open, 0, 1,
                      [](Call&) -> Task<ApiReply> { co_return html_page("GRID platform", kPage); }});
    routes.push_back({"GET", "/v1/providers", "listProviders", open, 0, 1, on(&State::list_providers)});
    routes.push_back({"GET", "/v1/providers/{address}", "getProvider", open, 0, 1, on(&State::get_provider)});
    routes.push_back({"GET", "/v1/orders", "listOrders", open, 0, 1, on(&State::list_orders)});
    routes.push_back({"GET", "/v1/orders/{id}", "getOrder", open, 0, 1, on(&State::get_order)});
    routes_ = routes;
    // Answered before the router sees it: the document tells of it all the same.
    routes_.push_back({"POST", std::string(kRpcPath), "rpc", open, options.rpc.max_body, 1, {}});
    *openapi = openapi_document(options.openapi_yaml, "platform", routes_, "GRID platform");
    options.rpc.guard = options.router.guard;
    rpc_ = std::make_unique<RpcHandler>(std::move(options.rpc));
    router_ = std::make_unique<Router>(std::move(routes), std::move(options.router));
}

PlatformApi::~PlatformApi() {
    state_->asker->close();
}

void PlatformApi::handle(LocalRequest request, std::shared_ptr<LocalReply> reply) {
    if (request.path == kRpcPath)
        rpc_->handle(std::move(request), std::move(reply));
    else
        router_->handle(std::move(request), std::move(reply));
}

void PlatformApi::set_port(std::uint16_t port) {
    router_->set_port(port);
    rpc_->set_port(port);
}

}  // namespace grid::web

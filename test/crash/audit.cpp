#include "crash/audit.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "chain/pledge_rows.hpp"
#include "chain/settlement.hpp"
#include "chain/token_rows.hpp"

namespace grid::test {

using namespace chain;

namespace {

[[noreturn]] void broken(const std::string& what) {
    throw std::runtime_error(what);
}

void must_equal(const std::string& what, const std::string& expected, const std::string& came) {
    if (expected != came) broken(what + ": expected " + expected + ", came " + came);
}

/// Of what accrued everybody has been paid, and the market holds the rest of the deposits.
void audit_escrow(const State& state) {
    Amount unpaid;
    for (std::uint64_t id = 1; id <= state.last_order().value; ++id) {
        const Order order = *state.order({id});
        const std::string where = "order " + std::to_string(id) + ", ";
        must_equal(where + "fee", settlement::fee(order).decimal(), order.paid_fee.decimal());
        must_equal(where + "paid of what accrued", order.accrued.decimal(),
                   (order.paid_provider + order.paid_fee).decimal());
        const Amount left = order.deposit - order.paid_provider - order.paid_fee - order.paid_user;
        if (!order.live()) must_equal(where + "left in escrow", "0", left.decimal());
        unpaid += left;
    }
    must_equal("escrow", unpaid.decimal(), state.credit_balance(embedded_addresses().market).decimal());
}

/// Pledge holds what is pledged and what was earned; what live orders may still bring is promised.
void audit_pledges(const State& state) {
    Amount held = pledge_rows::totals(state).unclaimed;
    for (const Address& provider : state.providers()) held += pledge_rows::pool(state, provider).total;
    must_equal("credits of Pledge", held.decimal(),
               state.credit_balance(embedded_addresses().pledge).decimal());
    Amount to_come;
    for (std::uint64_t id = 1; id <= state.last_order().value; ++id)
        if (const Order order = *state.order({id}); order.live())
            to_come += order.profit - order.profit_minted;
    must_equal("promised profit", to_come.decimal(), pledge_rows::totals(state).promised.decimal());
}

void audit_money(const State& state) {
    Amount tokens, credits, pending;
    state.for_each_row([&](const Row& row) {
        if (row.key.size() != 20) return;
        Address account;
        std::copy(row.key.begin(), row.key.end(), account.bytes.begin());
        if (row.table == static_cast<std::uint8_t>(Table::token_balances))
            tokens += state.token_balance(account);
        if (row.table == static_cast<std::uint8_t>(Table::credit_balances))
            credits += state.credit_balance(account);
        if (row.table == static_cast<std::uint8_t>(Table::pending_transfers))
            pending += token_rows::pending_transfer(state, account);
    });
    must_equal("sum of token balances", state.token_supply().decimal(), tokens.decimal());
    must_equal("sum of credit balances", state.credit_supply().decimal(), credits.decimal());
    must_equal("backing of credits", (state.credit_supply() + pending).decimal(),
               state.token_balance(embedded_addresses().credit).decimal());
    audit_escrow(state);
    audit_pledges(state);
}

void audit_resources(const State& state) {
    for (const Address& address : state.providers()) {
        const Provider& provider = *state.provider(address);
        Resources used;
        for (const OrderId id : state.orders_of_provider(address)) {
            const Order order = *state.order(id);
            if (!order.live()) continue;
            used.cpu_milli += order.resources.cpu_milli;
            used.memory_mib += order.resources.memory_mib;
            used.storage_mib += order.resources.storage_mib;
            used.gpus += order.resources.gpus;
        }
        const Resources reserved{provider.total.cpu_milli - provider.available.cpu_milli,
                                 provider.total.memory_mib - provider.available.memory_mib,
                                 provider.total.storage_mib - provider.available.storage_mib,
                                 provider.total.gpus - provider.available.gpus};
        if (reserved != used) broken("resources of " + address.checksummed() + " do not add up");
    }
}

std::vector<NodeClient::Answer> ask(const NodeClient& client,
                                    const std::vector<NodeClient::Request>& requests) {
    auto answers = client.batch(requests);
    if (answers.empty()) broken("the restarted node does not answer");
    for (const auto& answer : answers)
        if (!answer.good) broken("the restarted node refuses: " + answer.error);
    return answers;
}

void audit_receipts(const NodeClient& client, const Promises& promises) {
    constexpr std::size_t kPage = 100;
    for (auto from = promises.begin(); from != promises.end();) {
        std::vector<NodeClient::Request> requests;
        const auto first = from;
        for (; from != promises.end() && requests.size() < kPage; ++from)
            requests.push_back({"eth_getTransactionReceipt", "[\"" + from->first.hex() + "\"]"});
        auto promise = first;
        for (const auto& answer : ask(client, requests)) {
            if (!answer.result.IsObject())
                broken("an acknowledged transaction is lost: " + promise->first.hex());
            must_equal("block of " + promise->first.hex(), promise->second.hex(),
                       answer.result["blockHash"].GetString());
            ++promise;
        }
    }
}

void audit_balances(const NodeClient& client, const State& state) {
    std::vector<NodeClient::Request> requests;
    std::vector<std::string> expected;
    const ContractAddresses contracts = embedded_addresses();
    for (std::uint32_t index = 0; index < kDevelopmentAccounts; ++index) {
        const Address account = derive_from_mnemonic(kDevelopmentMnemonic, index)->address();
        const auto add = [&](const Address& to, const Bytes& data, const Amount& amount) {
            requests.push_back({"eth_call", R"([{"to":")" + to.checksummed() + R"(","data":")" +
                                                to_hex(data) + R"("},"latest"])"});
            expected.push_back(amount.decimal());
        };
        add(contracts.token, calls::token::balance_of(account), state.token_balance(account));
        add(contracts.credit, calls::credit::balance_of(account), state.credit_balance(account));
    }
    const auto answers = ask(client, requests);
    for (std::size_t i = 0; i < answers.size(); ++i)
        must_equal("balance", expected[i],
                   calls::decode_amount(*from_hex(answers[i].result.GetString()))->decimal());
}

/// The projection follows the chain: what it says counts once it has got to the head.
void audit_orders(const NodeClient& client, const Replay& replay) {
    std::string cursor;
    std::uint64_t seen = 0;
    const State& state = replay.state();
    do {
        const auto page = client.get(
            "/v1/orders?limit=200&at_least_block=" + std::to_string(replay.head()->block.header.number) +
            (cursor.empty() ? "" : "&cursor=") + cursor);
        if (!page) broken("the projection of orders does not answer");
        for (const auto& row : (*page)["orders"].GetArray()) {
            const auto order = state.order({std::stoull(row["id"].GetString())});
            if (!order)
                broken(std::string("the projection has an order that is not: ") + row["id"].GetString());
            const std::string where = std::string("order ") + row["id"].GetString() + " of the projection, ";
            must_equal(where + "status", std::string(name_of(order->status)), row["status"].GetString());
            must_equal(where + "user", order->user.checksummed(), row["user"].GetString());
            must_equal(where + "deposit", order->deposit.decimal(), row["deposit"].GetString());
            must_equal(where + "accrued", order->accrued.decimal(), row["accrued"].GetString());
            must_equal(where + "paid to the provider", order->paid_provider.decimal(),
                       row["paid_provider"].GetString());
            must_equal(where + "paid to the user", order->paid_user.decimal(), row["paid_user"].GetString());
            must_equal(where + "fee", order->paid_fee.decimal(), row["paid_fee"].GetString());
            must_equal(where + "profit", order->profit.decimal(), row["profit"].GetString());
            must_equal(where + "minted profit", order->profit_minted.decimal(),
                       row["profit_minted"].GetString());
            must_equal(where + "replaces", std::to_string(order->replaces.value),
                       row["replaces"].GetString());
            must_equal(where + "duration", std::to_string(order->duration.count),
                       std::to_string(row["duration_s"].GetUint64()));
            must_equal(where + "suspended", std::to_string(order->suspended.count),
                       std::to_string(row["suspended_s"].GetUint64()));
            must_equal(where + "settle height", std::to_string(order->settle_height),
                       std::to_string(row["settle_height"].GetUint64()));
            ++seen;
        }
        const auto& next = (*page)["next_cursor"];
        cursor = next.IsString() ? next.GetString() : "";
    } while (!cursor.empty());
    must_equal("orders in the projection", std::to_string(state.last_order().value), std::to_string(seen));
}

void audit_providers(const NodeClient& client, const State& state) {
    for (const Address& address : state.providers()) {
        const auto row = client.get("/v1/providers/" + address.checksummed());
        if (!row) broken("the projection misses provider " + address.checksummed());
        const Resources& available = state.provider(address)->available;
        const auto& shown = (*row)["available"];
        must_equal("available millicores", std::to_string(available.cpu_milli),
                   std::to_string(shown["cpu_milli"].GetUint64()));
        must_equal("available memory", std::to_string(available.memory_mib),
                   std::to_string(shown["memory_mib"].GetUint64()));
    }
}

}  // namespace

VerifiedChain audit_files(const std::string& ledger) {
    auto verified = verify_chain(ledger);
    if (!verified) broken(verified.error().code + ": " + verified.error().message);
    audit_money(verified->replay.state());
    audit_resources(verified->replay.state());
    return std::move(*verified);
}

void audit_answers(const NodeClient& client, const Replay& replay, const Promises& promises) {
    const auto head = ask(client, {{"eth_getBlockByNumber", R"(["latest",false])"}});
    must_equal("newest block", replay.head()->hash.hex(), head[0].result["hash"].GetString());
    audit_receipts(client, promises);
    audit_balances(client, replay.state());
    audit_orders(client, replay);
    audit_providers(client, replay.state());
}

}  // namespace grid::test

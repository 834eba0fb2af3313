// Seeds of what EVM nodes and Kubernetes API servers reply.

#include "chain/events.hpp"
#include "chain/interface.hpp"
#include "fuzz/seeds.hpp"
#include "fuzz/stage.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;

std::string reply(const std::string& result, unsigned id = 0) {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"result":)" + result + "}";
}

std::string log_text(const Log& log, unsigned index) {
    std::string topics;
    for (const auto& topic : log.topics) topics += (topics.empty() ? "\"" : ",\"") + topic.hex() + "\"";
    return R"({"address":")" + log.address.hex() + R"(","topics":[)" + topics + R"(],"data":")" +
           to_hex(log.data) + R"(","blockNumber":"0x5","blockHash":")" + Hash{}.hex() +
           R"(","transactionHash":")" + Hash{}.hex() + R"(","logIndex":"0x)" + std::to_string(index) +
           R"(","removed":false})";
}

std::string block(const std::string& more) {
    return R"({"number":"0x5","hash":")" + Hash{}.hex() + R"(","parentHash":")" + Hash{}.hex() +
           R"(","timestamp":"0x6553f100")" + more + "}";
}

std::string receipt(const std::string& status, const std::string& logs) {
    return R"({"blockNumber":"0x5","blockHash":")" + Hash{}.hex() + R"(","transactionHash":")" +
           Hash{}.hex() + R"(","gasUsed":"0x5208","status":)" + status + R"(,"logs":[)" + logs + "]}";
}

/// A pod of a workload with this status.
std::string pod(const std::string& workload, const std::string& status,
                const std::string& spec = R"("restartPolicy":"Always","containers":[{"image":"nginx"}])") {
    return R"({"metadata":{"name":"shop-)" + workload + R"(-0","labels":{"grid.workload":")" + workload +
           R"(","grid.template":"t1"}},"spec":{)" + spec + R"(},"status":{)" + status + "}}";
}

std::string condition(const std::string& type, const std::string& status) {
    return R"({"type":")" + type + R"(","status":")" + status +
           R"(","reason":"Because","message":"0/1 nodes","lastTransitionTime":"2026-09-21T00:00:00Z"})";
}

std::string container(const std::string& state, unsigned restarts = 0, const std::string& last = "{}",
                      bool ready = false) {
    return R"({"name":"main","ready":)" + std::string(ready ? "true" : "false") + R"(,"restartCount":)" +
           std::to_string(restarts) + R"(,"state":)" + state + R"(,"lastState":)" + last + "}";
}

std::string running(const std::string& more = "") {
    return R"("phase":"Running","podIP":"10.0.0.7","conditions":[)" + condition("PodScheduled", "True") +
           more + "]";
}

}  // namespace

Seeds evm_reply_seeds() {
    const ContractAddresses at = embedded_addresses();
    const std::string transfer =
        log_text(to_log(TokenTransfer{key(1).address(), key(2).address(), Amount{5}}, at), 1);
    const std::string foreign = log_text({key(1).address(), {}, {}}, 2);
    const std::string zero = Hash{}.hex();
    const std::map<std::string, std::string> texts = {
        {"quantity", reply("\"0x1f\"")},
        {"quantity-largest", reply("\"0x" + std::string(64, 'f') + "\"")},
        {"quantity-padded", reply("\"0x01\"")},
        {"hash", reply("\"" + zero + "\"")},
        {"bytes", reply("\"0x\"")},
        {"null", reply("null")},
        {"header", reply(block(""))},
        {"header-with-fee",
         reply(block(R"(,"baseFeePerGas":"0x7","logsBloom":"0x)" + std::string(512, 'f') + "\""))},
        {"header-with-short-bloom", reply(block(R"(,"logsBloom":"0xff")"))},
        {"header-without-time",
         reply(R"({"number":"0x5","hash":")" + zero + R"(","parentHash":")" + zero + "\"}")},
        {"logs-none", reply("[]")},
        {"logs-one", reply("[" + transfer + "]")},
        {"logs-twice", reply("[" + transfer + "," + transfer + "]")},
        {"logs-foreign", reply("[" + foreign + "]")},
        {"receipt", reply(receipt("\"0x1\"", transfer))},
        {"receipt-failed", reply(receipt("\"0x0\"", ""))},
        {"receipt-odd-status", reply(receipt("\"0x2\"", ""))},
        {"receipt-waiting", reply(R"({"blockHash":null,"blockNumber":null})")},
        {"error", R"({"jsonrpc":"2.0","id":0,"error":{"code":3,"message":"reverted","data":"0x08c379a0"}})"},
        {"error-data-inside",
         R"({"jsonrpc":"2.0","id":0,"error":{"code":-32015,"data":{"data":"Reverted 0x00"}}})"},
        {"error-of-batch", R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no batches"}})"},
        {"version-missing", R"({"id":0,"result":"0x1"})"},
        {"id-not-asked", reply("\"0x1\"", 9)},
        {"two-documents", reply("1") + reply("1")},
        {"wait-seconds", "120"},
        {"wait-date", "Sun, 06 Nov 2033 08:49:37 GMT\nSun, 06 Nov 2033 08:49:07 GMT"},
        {"wait-rfc850", "Sunday, 06-Nov-94 08:49:37 GMT"},
        {"wait-asctime", "Sun Nov  6 08:49:37 1994\nnonsense"},
    };
    Seeds seeds;
    const auto add = [&](const std::string& name, std::uint8_t calls, const std::string& text) {
        Bytes input{calls};
        input.insert(input.end(), text.begin(), text.end());
        seeds[name] = std::move(input);
    };
    for (const auto& [name, text] : texts) add(name, 0, text);
    add("batch", 1, "[" + reply("\"0x2\"", 1) + "," + reply("[" + transfer + "]", 0) + "]");
    add("batch-short", 2, "[" + reply("\"0x2\"", 1) + "," + reply("null", 0) + "]");
    return seeds;
}

Seeds pods_seeds() {
    const std::string ready = condition("Ready", "True");
    const std::string runs = R"({"running":{"startedAt":"2026-09-21T00:00:00Z"}})";
    const auto ended = [](int code, const std::string& reason) {
        return R"({"terminated":{"exitCode":)" + std::to_string(code) + R"(,"reason":")" + reason +
               R"(","message":"last words\n"}})";
    };
    const auto waits = [](const std::string& reason) {
        return R"({"waiting":{"reason":")" + reason + R"(","message":"why"}})";
    };
    const auto web = [&](const std::string& state, unsigned restarts = 0, const std::string& last = "{}") {
        return pod("web", running() + R"(,"containerStatuses":[)" + container(state, restarts, last) + "]");
    };
    const std::string good =
        pod("web", running("," + ready) + R"(,"containerStatuses":[)" + container(runs, 0, "{}", true) + "]");
    const std::map<std::string, std::string> lists = {
        {"none", ""},
        {"ready", good},
        {"ready-both", good + "," + good},
        {"ready-database", good + "," + pod("db", running("," + ready))},
        {"not-ready", web(runs)},
        {"crashed-and-runs", web(runs, 7, ended(1, "Error"))},
        {"crash-loop", web(waits("CrashLoopBackOff"), 2, ended(137, "OOMKilled"))},
        {"crash-loop-for-long", web(waits("CrashLoopBackOff"), 9, ended(2, "Odd"))},
        {"no-image", web(waits("ImagePullBackOff"))},
        {"cannot-run", web(waits("CreateContainerConfigError"))},
        {"being-made", web(waits("ContainerCreating"))},
        {"waits-oddly", web(waits("Odd"))},
        {"ended", web(ended(0, "Completed"))},
        {"no-room",
         pod("web", R"("phase":"Pending","conditions":[)" + condition("PodScheduled", "False") + "]")},
        {"pending", pod("web", R"("phase":"Pending")")},
        {"failed", pod("web", R"("phase":"Failed","reason":"Evicted","message":"disk")")},
        {"succeeded", pod("once", R"("phase":"Succeeded")")},
        {"unknown", pod("web", R"("phase":"Unknown")")},
        {"node-lost", pod("web", running("," + condition("ContainersReady", "True")))},
        {"init-fails",
         pod("db", running() + R"(,"initContainerStatuses":[)" + container(ended(1, "Error"), 5) + "]")},
        {"done-in-part", pod("once",
                             running() + R"(,"containerStatuses":[)" + container(ended(0, "Completed")) +
                                 "," + container(runs, 0, "{}", true) + "]",
                             R"("restartPolicy":"Never","containers":[])")},
        {"deleted", R"({"metadata":{"name":"x","deletionTimestamp":"2026-09-21T00:00:00Z"}})"},
        {"stranger", pod("other", running("," + ready))},
        {"restarts-beyond", web(runs, 4'294'967'295u)},
    };
    Seeds seeds;
    const auto add = [&](const std::string& name, const std::string& text) {
        seeds[name] = {text.begin(), text.end()};
    };
    for (const auto& [name, list] : lists) add(name, R"({"pods":[)" + list + R"(],"jobs":[]})");
    const auto job = [&](const std::string& type) {
        return R"({"pods":[],"jobs":[{"metadata":{"name":"shop-once"},"status":{"conditions":[)" +
               condition(type, "True") + "]}}]}";
    };
    add("job-complete", job("Complete"));
    add("job-failed", job("Failed"));
    add("not-json", "{");
    add("nested", std::string(70, '[') + std::string(70, ']'));
    return seeds;
}

}  // namespace grid::fuzz

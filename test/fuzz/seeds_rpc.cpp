// Seeds of JSON-RPC: every method with good parameters, then what clients get wrong.

#include "chain/calls.hpp"
#include "chain/transaction.hpp"
#include "fuzz/seeds.hpp"
#include "fuzz/stage.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;

std::string request(const std::string& method, const std::string& params = "") {
    return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":[)" + params + "]}";
}

std::string quoted(const std::string& text) {
    return '"' + text + '"';
}

std::string raw(std::uint64_t nonce, TransactionType type) {
    Transaction t;
    t.type = type;
    t.chain_id = kEmbeddedChainId;
    t.nonce = nonce;
    t.gas_limit = 100'000;
    t.to = embedded_addresses().token;
    t.data = calls::token::transfer(key(2).address(), Amount{1});
    return quoted(to_hex(sign(t, key(3)).raw));
}

}  // namespace

Seeds rpc_seeds() {
    const std::string token = quoted(embedded_addresses().token.hex());
    const std::string account = quoted(key(1).address().hex());
    const std::string zero_hash = quoted(Hash{}.hex());
    const std::string transfers =
        quoted("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
    const std::string balance =
        "{\"to\":" + token + ",\"data\":" + quoted(to_hex(calls::token::balance_of(key(1).address()))) + "}";
    const std::string refused = "{\"from\":" + account + ",\"to\":" + token +
                                ",\"input\":" + quoted(to_hex(calls::token::transfer({}, Amount{1}))) + "}";
    const std::string every_log = "{\"fromBlock\":\"0x0\",\"toBlock\":\"latest\"}";
    const std::map<std::string, std::string> texts = {
        {"client-version", request("web3_clientVersion")},
        {"net-version", request("net_version")},
        {"net-listening", request("net_listening")},
        {"chain-id", request("eth_chainId")},
        {"block-number", request("eth_blockNumber")},
        {"syncing", request("eth_syncing")},
        {"accounts", request("eth_accounts")},
        {"gas-price", request("eth_gasPrice")},
        {"priority-fee", request("eth_maxPriorityFeePerGas")},
        {"fee-history", request("eth_feeHistory", R"("0x4","latest",[10,50.5])")},
        {"block-latest-full", request("eth_getBlockByNumber", "\"latest\",true")},
        {"block-pending", request("eth_getBlockByNumber", "\"pending\",false")},
        {"block-1", request("eth_getBlockByNumber", "\"0x1\",true")},
        {"block-earliest", request("eth_getBlockByNumber", "\"earliest\",false")},
        {"block-by-hash", request("eth_getBlockByHash", zero_hash + ",false")},
        {"block-receipts", request("eth_getBlockReceipts", "\"0x2\"")},
        {"block-receipts-by-hash", request("eth_getBlockReceipts", "{\"blockHash\":" + zero_hash + "}")},
        {"count-by-number", request("eth_getBlockTransactionCountByNumber", "\"0x1\"")},
        {"count-by-hash", request("eth_getBlockTransactionCountByHash", zero_hash)},
        {"transaction-by-number", request("eth_getTransactionByBlockNumberAndIndex", R"("0x1","0x0")")},
        {"transaction-by-block-hash",
         request("eth_getTransactionByBlockHashAndIndex", zero_hash + ",\"0x0\"")},
        {"transaction", request("eth_getTransactionByHash", zero_hash)},
        {"receipt", request("eth_getTransactionReceipt", zero_hash)},
        {"balance", request("eth_getBalance", account + ",\"latest\"")},
        {"code", request("eth_getCode", token + ",\"safe\"")},
        {"storage", request("eth_getStorageAt", token + ",\"0x0\",\"finalized\"")},
        {"nonce-pending", request("eth_getTransactionCount", account + ",\"pending\"")},
        {"nonce-at-1", request("eth_getTransactionCount", account + ",{\"blockNumber\":\"0x1\"}")},
        {"call", request("eth_call", balance + ",\"latest\"")},
        {"call-at-1", request("eth_call", balance + ",\"0x1\"")},
        {"call-by-hash", request("eth_call", balance + ",{\"blockHash\":" + zero_hash + "}")},
        {"call-reverts", request("eth_call", refused)},
        {"estimate", request("eth_estimateGas", balance)},
        {"send-legacy", request("eth_sendRawTransaction", raw(0, TransactionType::legacy))},
        {"send-access-list", request("eth_sendRawTransaction", raw(0, TransactionType::access_list))},
        {"send-dynamic-fee", request("eth_sendRawTransaction", raw(0, TransactionType::dynamic_fee))},
        {"send-with-gap", request("eth_sendRawTransaction", raw(9, TransactionType::dynamic_fee))},
        {"logs", request("eth_getLogs", every_log)},
        {"logs-of-topics", request("eth_getLogs", "{\"fromBlock\":\"0x1\",\"address\":[" + token +
                                                      "],\"topics\":[[" + transfers + ",null],null]}")},
        {"logs-of-block", request("eth_getLogs", "{\"blockHash\":" + zero_hash + "}")},
        {"new-filter", request("eth_newFilter", "{\"topics\":[" + transfers + "]}")},
        {"new-block-filter", request("eth_newBlockFilter")},
        {"new-pending-filter", request("eth_newPendingTransactionFilter")},
        {"filter-changes", request("eth_getFilterChanges", "\"0x1\"")},
        {"filter-logs", request("eth_getFilterLogs", "\"0x1\"")},
        {"uninstall-filter", request("eth_uninstallFilter", "\"0x1\"")},
        {"subscribe-heads", request("eth_subscribe", "\"newHeads\"")},
        {"subscribe-logs", request("eth_subscribe", "\"logs\",{\"address\":" + token + "}")},
        {"subscribe-pending", request("eth_subscribe", "\"newPendingTransactions\",true")},
        {"subscribe-syncing", request("eth_subscribe", "\"syncing\"")},
        {"unsubscribe", request("eth_unsubscribe", "\"0x1\"")},
        {"subscribe-and-mine",
         "[" + request("eth_subscribe", "\"newHeads\"") + "," + request("evm_mine") + "]"},
        {"mine", request("evm_mine")},
        {"mine-at", request("evm_mine", "5000")},
        {"mine-many", request("anvil_mine", R"("0x3","0x3c")")},
        {"hardhat-mine", request("hardhat_mine", "\"0x1\"")},
        {"increase-time", request("evm_increaseTime", "60")},
        {"set-time", request("evm_setNextBlockTimestamp", "\"0x1388\"")},
        {"snapshot", request("evm_snapshot")},
        {"snapshot-mine-revert", "[" + request("evm_snapshot") + "," + request("evm_mine") + "," +
                                     request("evm_revert", "\"0x1\"") + "]"},
        {"batch", "[" + request("eth_chainId") + "," + request("eth_nothing") + ",1,{}]"},
        {"batch-of-notifications", R"([{"jsonrpc":"2.0","method":"eth_chainId"}])"},
        {"notification", R"({"jsonrpc":"2.0","method":"eth_blockNumber","params":[]})"},
        {"id-text", R"({"jsonrpc":"2.0","id":"\u00e9","method":"eth_chainId"})"},
        {"id-null", R"({"jsonrpc":"2.0","id":null,"method":"eth_chainId"})"},
        {"id-large", R"({"jsonrpc":"2.0","id":1e300,"method":"eth_chainId"})"},
        {"bad-id-object", R"({"jsonrpc":"2.0","id":{},"method":"eth_chainId"})"},
        {"bad-version", R"({"jsonrpc":"1.0","id":1,"method":"eth_chainId"})"},
        {"bad-method-kind", R"({"jsonrpc":"2.0","id":1,"method":7})"},
        {"bad-params-object", R"({"jsonrpc":"2.0","id":1,"method":"eth_call","params":{}})"},
        {"bad-method", request("eth_fillTransaction")},
        {"bad-quantity", request("eth_getBlockByNumber", "\"0x01\",false")},
        {"bad-tag", request("eth_getBlockByNumber", "\"newest\",false")},
        {"bad-address", request("eth_getBalance", R"("0x12","latest")")},
        {"bad-too-many", request("eth_chainId", "1,2,3")},
        {"bad-hex", request("eth_sendRawTransaction", "\"0x0\"")},
        {"bad-json", "{\"jsonrpc\":\"2.0\""},
        {"bad-utf-8", "{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"eth_chainId\"}"},
        {"bad-empty-batch", "[]"},
        {"bad-behind-a-zero-byte", request("eth_chainId") + std::string(1, '\0') + "]"},
        {"bad-depth", std::string(33, '[') + std::string(33, ']')},
        {"bad-nothing", ""},
    };
    Seeds seeds;
    for (const auto& [name, text] : texts) seeds[name] = {text.begin(), text.end()};
    return seeds;
}

}  // namespace grid::fuzz

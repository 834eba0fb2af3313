#include "rpc_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::account_key;
using grid::chain::test::kToken;
using grid::chain::test::quoted;
using grid::chain::test::raw_of;
using Rpc = grid::chain::test::RpcFixture;

TEST_CASE("the chain names itself", "[rpc]") {
    Rpc f;
    CHECK(f.text("eth_chainId") == "0x1287");
    CHECK(f.text("net_version") == "4743");
    CHECK(f.text("web3_clientVersion").starts_with("GRID/"));
    CHECK(f.text("eth_blockNumber") == "0x0");
    CHECK(f.text("eth_gasPrice") == "0x0");
    CHECK(f.text("eth_maxPriorityFeePerGas") == "0x0");
    CHECK(f.call("eth_syncing")["result"].IsFalse());
    CHECK(f.call("eth_accounts")["result"].Empty());
}

TEST_CASE("a raw transaction is answered when its block is there, and found afterwards", "[rpc]") {
    Rpc f;
    const SignedTransaction sent = sign(f.transfer(0, 5), f.alice);
    CHECK(f.text("eth_sendRawTransaction", "[" + quoted(to_hex(sent.raw)) + "]") == sent.hash.hex());
    CHECK(f.text("eth_blockNumber") == "0x1");
    CHECK(f.text("eth_getTransactionCount", "[" + quoted(f.alice.address().hex()) + ",\"latest\"]") == "0x1");

    const auto receipt = f.call("eth_getTransactionReceipt", "[" + quoted(sent.hash.hex()) + "]");
    const auto& r = receipt["result"];
    CHECK(std::string(r["status"].GetString()) == "0x1");
    CHECK(std::string(r["blockNumber"].GetString()) == "0x1");
    CHECK(std::string(r["transactionIndex"].GetString()) == "0x0");
    CHECK(std::string(r["from"].GetString()) == f.alice.address().hex());
    CHECK(std::string(r["to"].GetString()) == kToken);
    CHECK(std::string(r["type"].GetString()) == "0x2");
    CHECK(std::string(r["effectiveGasPrice"].GetString()) == "0x0");
    CHECK(r["contractAddress"].IsNull());
    CHECK(std::string(r["logsBloom"].GetString()).size() == 514);
    REQUIRE(r["logs"].Size() == 1);
    CHECK(std::string(r["logs"][0]["logIndex"].GetString()) == "0x0");
    CHECK(r["logs"][0]["removed"].IsFalse());
    CHECK(r["logs"][0]["topics"].Size() == 3);

    const auto transaction = f.call("eth_getTransactionByHash", "[" + quoted(sent.hash.hex()) + "]");
    const auto& t = transaction["result"];
    CHECK(std::string(t["hash"].GetString()) == sent.hash.hex());
    CHECK(std::string(t["nonce"].GetString()) == "0x0");
    CHECK(std::string(t["input"].GetString()) == to_hex(sent.transaction.data));
    CHECK(std::string(t["chainId"].GetString()) == "0x1287");
    CHECK(std::string(t["r"].GetString()) == Amount::from_word(sent.signature.r).quantity());
    CHECK(std::string(t["blockHash"].GetString()) == f.ledger->head()->hash.hex());
}

TEST_CASE("a transaction with a nonce gap is answered with its hash and shown as pending", "[rpc]") {
    Rpc f;
    const SignedTransaction early = sign(f.transfer(1), f.alice);
    CHECK(f.text("eth_sendRawTransaction", "[" + quoted(to_hex(early.raw)) + "]") == early.hash.hex());
    CHECK(f.text("eth_blockNumber") == "0x0");
    const auto waiting = f.call("eth_getTransactionByHash", "[" + quoted(early.hash.hex()) + "]");
    CHECK(waiting["result"]["blockHash"].IsNull());
    CHECK(f.call("eth_getTransactionReceipt", "[" + quoted(early.hash.hex()) + "]")["result"].IsNull());
    f.text("eth_sendRawTransaction", raw_of(f.transfer(0), f.alice));
    CHECK(f.text("eth_getTransactionCount", "[" + quoted(f.alice.address().hex()) + ",\"pending\"]") ==
          "0x2");
}

TEST_CASE("blocks are found by number, tag and hash", "[rpc]") {
    Rpc f;
    f.text("eth_sendRawTransaction", raw_of(f.transfer(0), f.alice));
    const std::string hash = f.ledger->head()->hash.hex();
    for (const char* name : {"\"0x1\"", "\"latest\"", "\"safe\"", "\"finalized\""}) {
        const auto block = f.call("eth_getBlockByNumber", std::string("[") + name + ",false]");
        CHECK(std::string(block["result"]["hash"].GetString()) == hash);
        CHECK(block["result"]["transactions"][0].IsString());
    }
    const auto full = f.call("eth_getBlockByHash", "[" + quoted(hash) + ",true]");
    CHECK(full["result"]["transactions"][0].IsObject());
    for (const char* member :
         {"parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom",
          "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce",
          "baseFeePerGas", "size", "uncles"}) {
        INFO(member);
        CHECK(full["result"].HasMember(member));
    }
    const auto pending = f.call("eth_getBlockByNumber", R"(["pending",false])");
    CHECK(pending["result"]["hash"].IsNull());
    CHECK(std::string(pending["result"]["number"].GetString()) == "0x2");
    CHECK(std::string(
              f.call("eth_getBlockByNumber", R"(["earliest",false])")["result"]["number"].GetString()) ==
          "0x0");
    CHECK(f.call("eth_getBlockByNumber", R"(["0x99",false])")["result"].IsNull());
    CHECK(f.call("eth_getBlockByHash", "[" + quoted(Hash{}.hex()) + ",false]")["result"].IsNull());
    CHECK(f.call("eth_getBlockReceipts", R"(["latest"])")["result"].Size() == 1);
    CHECK(f.text("eth_getBlockTransactionCountByNumber", R"(["latest"])") == "0x1");
}

TEST_CASE("accounts hold the allowance that wallets want, contracts have code", "[rpc]") {
    Rpc f;
    CHECK(f.text("eth_getBalance", "[" + quoted(f.alice.address().hex()) + ",\"latest\"]") ==
          "0xde0b6b3a7640000");
    CHECK(f.text("eth_getCode", "[" + quoted(kToken) + ",\"latest\"]") == "0xfe47524944");
    CHECK(f.text("eth_getCode", "[" + quoted(f.alice.address().hex()) + ",\"latest\"]") == "0x");
}

TEST_CASE("every storage slot is zero", "[rpc]") {
    Rpc f;
    for (const std::string& slot : std::vector<std::string>{"0x0", "0x00", Hash{}.hex()})
        CHECK(f.text("eth_getStorageAt", "[" + quoted(kToken) + "," + quoted(slot) + ",\"latest\"]") ==
              Hash{}.hex());
    for (const char* slot : {"\"0x\"", "\"5\"", "5", "\"0xg\""}) {
        INFO(slot);
        CHECK(f.error("eth_getStorageAt", "[" + quoted(kToken) + "," + slot + "]") == -32602);
    }
    CHECK(f.error("eth_getStorageAt", "[" + quoted(kToken) + R"(,"0x0","0x99"])") == -32000);
}

TEST_CASE("calls run on the state of the block that they name", "[rpc]") {
    Rpc f;
    f.text("eth_sendRawTransaction", raw_of(f.transfer(0, 5), f.alice));
    const std::string data = to_hex(calls::token::balance_of(account_key(9).address()));
    const std::string call = R"({"to":)" + quoted(kToken) + R"(,"data":)" + quoted(data) + "}";
    const std::string five = Amount{5}.word().hex();
    CHECK(f.text("eth_call", "[" + call + "]") == five);
    for (const char* when : {"\"latest\"", "\"pending\"", "\"0x1\"", R"({"blockNumber":"0x1"})"})
        CHECK(f.text("eth_call", "[" + call + "," + when + "]") == five);
    CHECK(f.text("eth_call", R"([{"to":)" + quoted(kToken) + R"(,"input":)" + quoted(data) +
                                 R"(},"latest",{}])") == five);
    for (const char* when : {"\"0x0\"", "\"earliest\""})
        CHECK(f.text("eth_call", "[" + call + "," + when + "]") == Hash{}.hex());
    CHECK(f.text("eth_call", "[" + call + R"(,{"blockHash":)" +
                                 quoted(f.ledger->block(0).value()->hash.hex()) + "}]") == Hash{}.hex());
    CHECK(f.error("eth_call", "[" + call + ",\"0x2\"]") == -32000);
    CHECK(f.error("eth_call", "[" + call + ",\"latest\",{\"" + kToken + "\":{}}]") == -32602);
}

TEST_CASE("a revert answers code 3 with its data", "[rpc]") {
    Rpc f;
    const std::string data = to_hex(calls::token::transfer(account_key(9).address(), Amount{2'000'000}));
    const std::string params = R"([{"from":)" + quoted(f.alice.address().hex()) + R"(,"to":)" +
                               quoted(kToken) + R"(,"data":)" + quoted(data) + "}]";
    for (const char* method : {"eth_call", "eth_estimateGas"}) {
        const auto reply = f.call(method, params);
        REQUIRE(reply.HasMember("error"));
        CHECK(reply["error"]["code"].GetInt() == 3);
        CHECK(std::string(reply["error"]["message"].GetString()) == "execution reverted");
        CHECK(std::string(reply["error"]["data"].GetString()).size() >= 10);
    }
    const std::string fine =
        R"([{"from":)" + quoted(f.alice.address().hex()) + R"(,"to":)" + quoted(kToken) + R"(,"data":)" +
        quoted(to_hex(calls::token::transfer(account_key(9).address(), Amount{1}))) + "}]";
    CHECK(Amount::parse_quantity(f.text("eth_estimateGas", fine)).value() >= Amount{21'000});
}

TEST_CASE("refused transactions say it in the words that wallets know", "[rpc]") {
    Rpc f;
    f.text("eth_sendRawTransaction", raw_of(f.transfer(0), f.alice));
    const auto low = f.call("eth_sendRawTransaction", raw_of(f.transfer(0), f.alice));
    CHECK(low["error"]["code"].GetInt() == -32000);
    CHECK(std::string(low["error"]["message"].GetString()).find("nonce too low") == 0);
    CHECK(std::string(low["error"]["data"]["reason"].GetString()) == "nonce_too_low");
    auto other = f.transfer(1);
    other.chain_id = 1;
    CHECK(f.error("eth_sendRawTransaction", raw_of(other, f.alice)) == -32000);
    CHECK(f.error("eth_sendRawTransaction", R"(["0x"])") == -32000);
    CHECK(f.error("eth_sendRawTransaction", R"(["0x02c0"])") == -32000);
    CHECK(f.error("eth_sendRawTransaction", R"(["nothex"])") == -32602);
    CHECK(f.error("eth_sendRawTransaction", "[]") == -32602);
    CHECK(f.text("eth_blockNumber") == "0x1");
}

TEST_CASE("a full pool answers the code of a limit, so that clients try again later", "[rpc]") {
    Rpc rpc;
    for (std::uint64_t nonce = 1; nonce <= WaitingPool::Limits{}.per_sender; ++nonce)
        REQUIRE(rpc.error("eth_sendRawTransaction", raw_of(Rpc::transfer(nonce), rpc.alice)) == 0);
    CHECK(rpc.error("eth_sendRawTransaction", raw_of(Rpc::transfer(100), rpc.alice)) == -32005);
    CHECK(rpc.error("eth_sendRawTransaction", raw_of(Rpc::transfer(1), rpc.bob)) == 0);
}

TEST_CASE("logs are found; bad filters are refused", "[rpc]") {
    Rpc f;
    for (std::uint64_t i = 0; i < 3; ++i) f.text("eth_sendRawTransaction", raw_of(f.transfer(i), f.alice));
    const auto count = [&](const std::string& filter) {
        return f.call("eth_getLogs", "[" + filter + "]")["result"].Size();
    };
    CHECK(count(R"({"fromBlock":"0x0","toBlock":"latest"})") == 3);
    CHECK(count("{}") == 1);
    CHECK(count(R"({"fromBlock":"0x2","toBlock":"0x2"})") == 1);
    CHECK(count(R"({"blockHash":)" + quoted(f.ledger->block(2).value()->hash.hex()) + "}") == 1);
    CHECK(count(R"({"fromBlock":"0x0","address":)" + quoted(kToken) + "}") == 3);
    CHECK(count(R"({"fromBlock":"0x0","address":[)" + quoted(embedded_addresses().market.hex()) + "]}") == 0);
    CHECK(count(R"({"fromBlock":"0x0","topics":[null,[)" + quoted(f.alice.address().word().hex()) + "]]}") ==
          3);
    CHECK(count(R"({"fromBlock":"0x0","topics":[null,)" + quoted(f.bob.address().word().hex()) + "]}") == 0);
    for (
        const char* bad :
        {R"([{"fromBlock":"0x3","toBlock":"0x1"}])", R"([{"fromBlock":1}])", R"([{"fromBlock":"0x01"}])",
         R"([{"address":"0x12"}])", R"([{"topics":["0x12"]}])", R"([{"topics":"x"}])", R"([7])", "[]",
         R"([{"topics":[null,null,null,null,null]}])",
         R"([{"blockHash":"0x0000000000000000000000000000000000000000000000000000000000000000","fromBlock":"0x1"}])"}) {
        INFO(bad);
        CHECK(f.error("eth_getLogs", bad) == -32602);
    }
}

TEST_CASE("fee history has the shape that wallets compute with", "[rpc]") {
    Rpc f;
    for (std::uint64_t i = 0; i < 3; ++i) f.text("eth_sendRawTransaction", raw_of(f.transfer(i), f.alice));
    const auto history = f.call("eth_feeHistory", R"(["0x2","latest",[10,50]])");
    const auto& h = history["result"];
    CHECK(std::string(h["oldestBlock"].GetString()) == "0x2");
    CHECK(h["baseFeePerGas"].Size() == 3);
    CHECK(h["gasUsedRatio"].Size() == 2);
    CHECK(h["reward"].Size() == 2);
    CHECK(h["reward"][0].Size() == 2);
    CHECK(f.call("eth_feeHistory", R"(["0xffffffff","latest"])")["result"]["gasUsedRatio"].Size() == 4);
    CHECK(f.error("eth_feeHistory", R"(["0x2","latest",[101]])") == -32602);
}

TEST_CASE("time moves and blocks are made by hand on development chains only", "[rpc]") {
    Rpc f;
    f.text("evm_increaseTime", "[100]");
    f.text("evm_mine");
    CHECK(f.ledger->head()->block.header.number == 1);
    CHECK(f.ledger->head()->block.header.time == Timestamp{2'100});
    CHECK(f.error("evm_increaseTime", "[-1]") == -32602);
    f.server.reset();
    f.ledger.reset();
    f.genesis.development = false;
    grid::test::TemporaryDirectory other;
    const auto ledger = Ledger::open({.directory = other.path(),
                                      .genesis = f.genesis,
                                      .executor = [](auto task) { task(); },
                                      .wake = [] {}})
                            .value();
    rpc::RpcServer server(*ledger, [] { return Timestamp{5}; });
    std::string reply;
    server.handle(R"({"jsonrpc":"2.0","id":1,"method":"evm_mine"})",
                  [&](rpc::Response response) { reply = std::move(response.body); });
    CHECK(reply.find("-32601") != std::string::npos);
}

TEST_CASE("batches are answered in order, notifications not at all", "[rpc]") {
    Rpc f;
    const std::string send = to_hex(sign(f.transfer(0), f.alice).raw);
    const auto reply = f.json(R"([{"jsonrpc":"2.0","id":"a","method":"eth_chainId"},
        {"jsonrpc":"2.0","id":2,"method":"eth_sendRawTransaction","params":[)" +
                              quoted(send) + R"(]},
        {"jsonrpc":"2.0","method":"eth_chainId"}, 5,
        {"jsonrpc":"2.0","id":null,"method":"nope"}])");
    REQUIRE(reply.IsArray());
    REQUIRE(reply.Size() == 4);
    CHECK(std::string(reply[0]["id"].GetString()) == "a");
    CHECK(reply[1]["id"].GetInt() == 2);
    CHECK(reply[1].HasMember("result"));
    CHECK(reply[2]["error"]["code"].GetInt() == -32600);
    CHECK(reply[3]["error"]["code"].GetInt() == -32601);
    CHECK(f.raw(R"({"jsonrpc":"2.0","method":"eth_chainId"})").empty());
    CHECK(f.raw(R"([{"jsonrpc":"2.0","method":"eth_chainId"}])").empty());
}

TEST_CASE("a block is named by its hash wherever the specification lets it", "[rpc]") {
    Rpc f;
    f.send(f.transfer(0), f.alice);
    const std::string hash = quoted(f.ledger->head()->hash.hex());
    const std::string account = quoted(f.alice.address().hex());
    CHECK(f.call("eth_getBlockReceipts", "[" + hash + "]")["result"].Size() == 1);
    CHECK(f.text("eth_getTransactionCount", "[" + account + "," + hash + "]") == "0x1");
    CHECK(f.text("eth_getBalance", "[" + account + "," + hash + "]") != "0x0");
    CHECK(f.error("eth_getBlockByNumber", "[" + hash + ",false]") == -32602);
    CHECK(f.error("eth_feeHistory", "[\"0x1\"," + hash + "]") == -32602);
    CHECK(f.error("eth_getBlockByNumber", "[]") == -32602);
    CHECK(f.error("eth_getBlockReceipts", "[]") == -32602);
}

TEST_CASE("a long name is cut between its characters, and the reply is JSON", "[rpc]") {
    Rpc f;
    for (std::size_t before = 95; before <= 101; ++before) {
        const std::string name = std::string(before, 'x') + "\u1e46\u1e46\u1e46";
        CHECK(f.error(name.c_str(), "[]") == -32601);
    }
}

TEST_CASE("an id that is larger than any number is refused, and the reply is JSON", "[rpc]") {
    Rpc f;
    const std::string digits(60, '2');
    CHECK(f.error_of_body(R"({"jsonrpc":"2.0","id":)" + digits + R"(e300,"method":"eth_chainId"})") ==
          -32600);
    CHECK(f.error_of_body(R"({"jsonrpc":"2.0","id":-)" + digits + R"(e300,"method":"eth_chainId"})") ==
          -32600);
}

TEST_CASE("parameters that a method does not have are refused", "[rpc]") {
    Rpc f;
    for (const char* method :
         {"web3_clientVersion", "net_version", "net_listening", "eth_chainId", "eth_blockNumber",
          "eth_syncing", "eth_accounts", "eth_gasPrice", "eth_maxPriorityFeePerGas"}) {
        INFO(method);
        CHECK(f.error(method, "[1]") == -32602);
        CHECK(f.error(method, "[]") == 0);
        CHECK(f.error(method, "[{}]") == 0);  // some clients send it
    }
    CHECK(f.error("eth_getBlockTransactionCountByNumber", R"(["0x0",1])") == -32602);
    CHECK(f.error("eth_getTransactionByBlockNumberAndIndex", R"(["0x0","0x0",1])") == -32602);
    CHECK(f.error("eth_feeHistory", R"(["0x1","latest",[50,10]])") == -32602);
    CHECK(f.error("eth_uninstallFilter", R"(["first"])") == -32602);
}

TEST_CASE("an id comes back as the same number, however it is written", "[rpc]") {
    Rpc f;
    const auto echoed = [&f](const std::string& id) {
        const std::string reply = f.raw(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"eth_chainId"})");
        const std::size_t begin = reply.find("\"id\":") + 5;
        return reply.substr(begin, reply.find(",\"result\"") - begin);
    };
    for (const char* id : {"0", "-1", "18446744073709551615", "1.5"}) CHECK(echoed(id) == id);
    // What no double holds comes back as about the same.
    for (const std::string& id : {std::string(100, '7') + "1", std::string("123456789012345678901234567890"),
                                  std::string("0.1234567890123456789")}) {
        INFO(id);
        CHECK(std::stod(echoed(id)) == Approx(std::stod(id)).epsilon(1e-12));
    }
}

TEST_CASE("hostile bodies are answered with an error and nothing else", "[rpc]") {
    Rpc f;
    const WriteSet before = f.ledger->rows();
    CHECK(f.error_of_body("") == -32700);
    CHECK(f.error_of_body("{") == -32700);
    CHECK(f.error_of_body("nonsense") == -32700);
    CHECK(f.error_of_body("{} trailing") == -32700);
    CHECK(f.error_of_body("\xff\xfe") == -32700);
    const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"eth_chainId"})";
    CHECK(f.error_of_body(request + '\0') == -32700);
    CHECK(f.error_of_body(request + '\0' + request) == -32700);
    CHECK(f.error_of_body('\0' + request) == -32700);
    CHECK(f.error_of_body("{\"id\":\"\xc3\x28\"}") == -32700);
    CHECK(f.error_of_body("[]") == -32600);
    CHECK(f.error_of_body("1") == -32600);
    CHECK(f.error_of_body("{}") == -32600);
    CHECK(f.error_of_body(R"({"id":1,"method":"eth_chainId"})") == -32600);
    CHECK(f.error_of_body(R"({"jsonrpc":2.0,"id":1,"method":"eth_chainId"})") == -32600);
    CHECK(f.error_of_body(R"({"jsonrpc":"2.0","id":{},"method":"eth_chainId"})") == -32600);
    CHECK(f.error_of_body(R"({"jsonrpc":"2.0","id":1,"method":7})") == -32600);
    CHECK(f.error_of_body(R"({"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{"a":1}})") == -32602);
    CHECK(f.error_of_body(R"({"jsonrpc":"2.0","id":1,"method":"eth_fillTransaction","params":[]})") ==
          -32601);
    CHECK(f.error_of_body(std::string(100'000, '[')) == -32600);
    CHECK(f.error_of_body(std::string(rpc::RpcServer::kMaxBody + 1, ' ')) == -32600);
    std::string batch = "[";
    for (std::size_t i = 0; i <= rpc::RpcServer::kMaxBatch; ++i)
        batch += std::string(i == 0 ? "" : ",") + R"({"jsonrpc":"2.0","id":1,"method":"eth_chainId"})";
    CHECK(f.error_of_body(batch + "]") == -32600);
    for (const char* params :
         {R"(["0x"])", R"([null])", R"([1])", R"([{}])", R"([["0x12"]])", R"(["0xzz"])", R"([true])", "[]"})
        for (const char* method :
             {"eth_getBalance", "eth_getCode", "eth_getTransactionCount", "eth_getBlockByHash",
              "eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getLogs"}) {
            INFO(method << params);
            const int code = f.error(method, params);
            CHECK(
                (code == -32602 || (std::string(method) == "eth_getLogs" && std::string(params) == "[{}]")));
        }
    for (const char* params :
         {R"([{"to":5}])", R"([{"to":"0x1"}])", R"([{"data":"0x1"}])", R"([{"value":"1"}])",
          R"([{"gas":"0x"}])", R"([{"data":"0x01","input":"0x02"}])", R"([5])", R"([{},"sometime"])",
          R"([{},"0x10000000000000000"])", R"([{},{}])", R"([{},{"blockHash":"0x1"}])"}) {
        INFO(params);
        CHECK(f.error("eth_call", params) == -32602);
    }
    CHECK(f.ledger->rows() == before);
    CHECK(f.text("eth_chainId") == "0x1287");
}

#include <rapidjson/document.h>

#include <cmath>
#include <memory>
#include <vector>

#include "chain/calls.hpp"
#include "chain/rpc/server.hpp"
#include "fuzz/stage.hpp"
#include "fuzz/target.hpp"
#include "support/temporary_directory.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;
using rapidjson::Value;

/// A development chain with a few blocks, and its server. Everything runs on this thread.
class Node {
public:
    static constexpr std::size_t kRequests = 4'096;  ///< so many, then a new one
    static constexpr int kBlocks = 64;               ///< that one request may ask for

    Node() : ledger_(open(directory_.path())), server_(std::make_unique<rpc::RpcServer>(*ledger_, clock())) {
        for (std::uint64_t nonce = 0; nonce < 3; ++nonce) send(transfer(nonce));
        send(transfer(5));  // waits for 3 and 4
    }

    /// Asks, makes the blocks that this needs, and answers every reply. A node that was asked for too much
    /// work ends with it unfinished.
    std::vector<std::string> ask(const std::string& body, std::vector<std::string>& pushed, bool socket) {
        std::vector<std::string> replies;
        const auto reply = [&replies](rpc::Response response) {
            replies.push_back(std::move(response.body));
        };
        std::shared_ptr<rpc::Session> session;
        if (socket) {
            session = server_->connect([&pushed](const std::shared_ptr<const std::string>& notification) {
                pushed.push_back(*notification);
                return true;
            });
            session->handle(body, reply);
        } else {
            server_->handle(body, reply);
        }
        int blocks = 0;
        while (blocks < kBlocks && ledger_->produce(wall_)) ++blocks;
        made_ += static_cast<std::size_t>(blocks);
        if (blocks == kBlocks) end();
        return replies;
    }

    bool worn() {
        wall_.seconds += 1;  // filters end, time passes
        return ledger_ == nullptr || ++asked_ >= kRequests || made_ >= kBlocks;
    }

private:
    static std::unique_ptr<Ledger> open(const std::string& directory) {
        Genesis genesis;
        genesis.timestamp = {1'000};
        genesis.token_cap = Amount::power_of_two(90);
        genesis.development = true;
        for (std::uint8_t number = 1; number <= 4; ++number)
            genesis.allocations.emplace_back(key(number).address(), Amount{1'000'000});
        auto ledger = Ledger::open({.directory = directory,
                                    .genesis = genesis,
                                    .executor = [](auto task) { task(); },
                                    .wake = [] {}});
        require(ledger.has_value(), "a ledger opens", ledger ? "" : ledger.error().message);
        return std::move(*ledger);
    }

    static Bytes transfer(std::uint64_t nonce) {
        Transaction t;
        t.chain_id = kEmbeddedChainId;
        t.nonce = nonce;
        t.gas_limit = 100'000;
        t.to = embedded_addresses().token;
        t.data = calls::token::transfer(key(2).address(), Amount{nonce + 1});
        return sign(t, key(1)).raw;
    }

    void send(Bytes raw) {
        ledger_->submit(std::move(raw), [](const Result<Submission>& result) {
            require(result.has_value(), "the stage is set");
        });
        while (ledger_->produce(wall_)) {
        }
    }

    std::function<Timestamp()> clock() {
        return [this] { return wall_; };
    }
    void end() {
        ledger_.reset();
        server_.reset();
    }

    grid::test::TemporaryDirectory directory_;
    Timestamp wall_{2'000};
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<rpc::RpcServer> server_;
    std::size_t asked_ = 0;
    std::size_t made_ = 0;
};

constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

/// Numbers that are no integers may differ in their last digits.
bool same_id(const Value& a, const Value& b) {
    if (!a.IsDouble() || !b.IsDouble()) return a == b;
    return std::abs(a.GetDouble() - b.GetDouble()) <= 1e-12 * std::abs(a.GetDouble());
}

const Value* member(const Value& object, const char* name) {
    const auto found = object.FindMember(name);
    return found == object.MemberEnd() ? nullptr : &found->value;
}

bool is_text(const Value* value, std::string_view text) {
    return value != nullptr && value->IsString() &&
           std::string_view(value->GetString(), value->GetStringLength()) == text;
}

void check_error(const Value& error) {
    require(error.IsObject() && error.MemberCount() <= 3, "an error is an object of code, message and data");
    const Value* code = member(error, "code");
    const Value* message = member(error, "message");
    require(code != nullptr && code->IsInt(), "an error has a code");
    require(message != nullptr && message->IsString() && message->GetStringLength() > 0,
            "an error has a message");
    require(code->GetInt() != -32603, "nothing fails inside", message->GetString());
    require(error.MemberCount() == (member(error, "data") == nullptr ? 2u : 3u),
            "an error has nothing but code, message and data");
}

/// One reply; `id` is what it must carry, null when any will do.
void check_reply(const Value& reply, const Value* id) {
    require(reply.IsObject() && reply.MemberCount() == 3, "a reply has three members");
    require(is_text(member(reply, "jsonrpc"), "2.0"), "a reply names its version");
    const Value* came = member(reply, "id");
    require(came != nullptr && (came->IsString() || came->IsNumber() || came->IsNull()), "a reply has an id");
    require(id == nullptr || same_id(*came, *id), "a reply has the request's id");
    const Value* error = member(reply, "error");
    require((error == nullptr) != (member(reply, "result") == nullptr), "a reply has a result or an error");
    if (error != nullptr) check_error(*error);
}

bool is_request(const Value& request) {
    return request.IsObject() && is_text(member(request, "jsonrpc"), "2.0") &&
           member(request, "method") != nullptr && member(request, "method")->IsString();
}

/// A request that wants no answer.
bool is_notification(const Value& request) {
    return is_request(request) && member(request, "id") == nullptr;
}

const Value* id_of(const Value& request) {
    const Value* id = is_request(request) ? member(request, "id") : nullptr;
    return id != nullptr && (id->IsString() || id->IsNumber() || id->IsNull()) ? id : nullptr;
}

/// Of an error; 0 of anything else.
int code_of(const Value& reply) {
    const Value* error = reply.IsObject() ? member(reply, "error") : nullptr;
    const Value* code = error != nullptr && error->IsObject() ? member(*error, "code") : nullptr;
    return code != nullptr && code->IsInt() ? code->GetInt() : 0;
}

void check(const std::string& body, const std::string& reply) {
    rapidjson::Document asked;
    rapidjson::Document answered;
    asked.Parse<kFlags>(body.data(), body.size());
    if (body.find('\0') != std::string::npos)  // which the parser takes for the end
        return require(reply.find("-32700") != std::string::npos || reply.find("-32600") != std::string::npos,
                       "a body with a zero byte is refused", reply);
    if (reply.empty()) {
        bool silent = !asked.HasParseError();
        if (silent && asked.IsArray()) {
            for (const Value& each : asked.GetArray()) silent = silent && is_notification(each);
            silent = silent && !asked.Empty();
        } else if (silent) {
            silent = is_notification(asked);
        }
        require(silent, "only notifications get no reply");
        return;
    }
    answered.Parse<kFlags>(reply.data(), reply.size());
    require(!answered.HasParseError(), "a reply is JSON", reply);
    const bool refused_unread =
        answered.IsObject() && (code_of(answered) == -32700 || code_of(answered) == -32600);
    if (!answered.IsArray()) {
        const bool single = !asked.HasParseError() && asked.IsObject() && !refused_unread;
        check_reply(answered, single ? id_of(asked) : nullptr);
        return;
    }
    require(!asked.HasParseError() && asked.IsArray() && !answered.Empty() && answered.Size() <= asked.Size(),
            "a batch gets at most as many replies");
    rapidjson::SizeType next = 0;
    for (const Value& each : asked.GetArray()) {
        if (is_notification(each)) continue;
        require(next < answered.Size(), "every request of a batch gets its reply");
        // What is over the limit of a batch's replies is refused without an id.
        const Value& mine = answered[next++];
        const Value* error = mine.IsObject() ? member(mine, "error") : nullptr;
        const Value* code = error != nullptr && error->IsObject() ? member(*error, "code") : nullptr;
        check_reply(mine,
                    code != nullptr && code->IsInt() && code->GetInt() == -32005 ? nullptr : id_of(each));
    }
    require(next == answered.Size(), "a batch gets no other replies");
}

void check_pushed(const std::string& text) {
    rapidjson::Document message;
    message.Parse<kFlags>(text.data(), text.size());
    require(!message.HasParseError() && message.IsObject() && is_text(member(message, "jsonrpc"), "2.0") &&
                is_text(member(message, "method"), "eth_subscription") && member(message, "id") == nullptr,
            "what is pushed is a notification", text);
}

}  // namespace

void rpc(ByteView input) {
    static std::unique_ptr<Node> node;
    if (node == nullptr) node = std::make_unique<Node>();
    const std::string body(input.begin(), input.end());
    std::vector<std::string> pushed;
    // Most requests as over a WebSocket, where there are more methods.
    const auto replies = node->ask(body, pushed, body.size() % 4 != 0);
    require(replies.size() == 1, "every body gets exactly one reply");
    check(body, replies.front());
    for (const std::string& text : pushed) check_pushed(text);
    if (node->worn()) node = nullptr;
}

}  // namespace grid::fuzz

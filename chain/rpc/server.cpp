#include "chain/rpc/server.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <atomic>
#include <exception>

#include "chain/json_nesting.hpp"
#include "chain/rpc/format.hpp"
#include "chain/rpc/methods.hpp"

namespace grid::chain::rpc {
namespace {

using rapidjson::Value;

Response response(const std::string& id, const Outcome& outcome) {
    std::string text;
    text.reserve(64 + id.size() + outcome.result.size());
    text.append("{\"jsonrpc\":\"2.0\",\"id\":").append(id);
    if (outcome.error == 0) {
        text.append(",\"result\":").append(outcome.result).append("}");
        return {std::move(text), false};
    }
    text +=
        ",\"error\":{\"code\":" + std::to_string(outcome.error) + ",\"message\":" + quote(outcome.message);
    if (!outcome.data.empty()) text += ",\"data\":" + outcome.data;
    return {text + "}}", outcome.overloaded};
}

/// The id as it came; none when it may not be one.
std::optional<std::string> id_text(const Value& id) {
    if (!id.IsString() && !id.IsNumber() && !id.IsNull()) return std::nullopt;
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    if (!id.Accept(writer)) return std::nullopt;  // a number beyond a double has no text
    return std::string(buffer.GetString(), buffer.GetSize());
}

/// Runs one request of a body; answers an empty text for a notification.
void handle_one(const Context& context, const Value& request, RpcServer::Reply reply) {
    const auto invalid = [&](const std::string& id, const char* why) {
        reply(response(id, refused(-32600, std::string("invalid request: ") + why)));
    };
    if (!request.IsObject()) return invalid("null", "expected an object");
    const auto id = request.FindMember("id");
    const bool notification = id == request.MemberEnd();
    const auto echoed = notification ? std::optional<std::string>("null") : id_text(id->value);
    if (!echoed) return invalid("null", "id: expected a string, a finite number or null");
    const auto version = request.FindMember("jsonrpc");
    if (version == request.MemberEnd() || !version->value.IsString() ||
        std::string_view(version->value.GetString(), version->value.GetStringLength()) != "2.0")
        return invalid(*echoed, "jsonrpc: expected \"2.0\"");
    const auto method = request.FindMember("method");
    if (method == request.MemberEnd() || !method->value.IsString())
        return invalid(*echoed, "method: expected a string");
    const auto params = request.FindMember("params");
    const bool has_params = params != request.MemberEnd() && !params->value.IsNull();
    Answer answer = [reply, id_copy = *echoed, notification](const Outcome& outcome) {
        reply(notification ? Response{} : response(id_copy, outcome));
    };
    if (has_params && !params->value.IsArray())
        return answer(refused(-32602, "params: expected an array; parameters by name are not supported"));
    try {
        call_method({method->value.GetString(), method->value.GetStringLength()}, context,
                    Parameters(has_params ? &params->value : nullptr), answer);
    } catch (const BadParameters& bad) {
        answer(refused(-32602, bad.message));
    } catch (const std::exception&) {
        answer(refused(-32603, "internal error"));
    }
}

/// The replies of a batch, until the last one is there.
class Batch {
public:
    Batch(std::size_t count, RpcServer::Reply reply)
        : parts_(count), missing_(count), reply_(std::move(reply)) {}

    void set(std::size_t position, std::string part) {
        {
            std::lock_guard lock(mutex_);
            size_ += part.size();
            parts_[position] = std::move(part);
            if (--missing_ > 0) return;
        }
        std::string all;
        for (const std::string& each : parts_)
            if (!each.empty()) all += (all.empty() ? "[" : ",") + each;
        if (!all.empty()) all += ']';
        reply_({std::move(all), false});
    }

    bool full() {
        std::lock_guard lock(mutex_);
        return size_ > RpcServer::kMaxReply;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> parts_;
    std::size_t missing_;
    std::size_t size_ = 0;
    RpcServer::Reply reply_;
};

void handle_body(const Context& context, const std::string& body, RpcServer::Reply reply) {
    const auto refuse = [&](int code, const std::string& why) {
        reply(response("null", refused(code, why)));
    };
    if (body.size() > RpcServer::kMaxBody)
        return refuse(-32600,
                      "invalid request: expected at most " + std::to_string(RpcServer::kMaxBody) + " bytes");
    if (nests_deeper(body, RpcServer::kMaxDepth))
        return refuse(-32600, "invalid request: nested deeper than " + std::to_string(RpcServer::kMaxDepth));
    // The parser takes a zero byte for the end; what follows must not be passed over.
    if (const std::size_t zero = body.find('\0'); zero != std::string::npos)
        return refuse(-32700, "parse error: not JSON at byte " + std::to_string(zero));
    rapidjson::Document document;
    // Not kParseFullPrecisionFlag: RapidJSON then reads outside of its tables for numbers such as
    // 0.00e-40737040777000.
    constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
    document.Parse<kFlags>(body.data(), body.size());
    if (document.HasParseError())
        return refuse(-32700, "parse error: not JSON at byte " + std::to_string(document.GetErrorOffset()));
    if (!document.IsArray()) return handle_one(context, document, std::move(reply));
    if (document.Empty()) return refuse(-32600, "invalid request: an empty batch");
    if (document.Size() > RpcServer::kMaxBatch)
        return refuse(-32600,
                      "invalid request: expected a batch of at most " + std::to_string(RpcServer::kMaxBatch));
    const auto batch = std::make_shared<Batch>(document.Size(), std::move(reply));
    for (rapidjson::SizeType i = 0; i < document.Size(); ++i) {
        if (batch->full()) {
            const auto why =
                refused(-32005, "limit exceeded: the replies of this batch are too large; ask for less");
            batch->set(i, response("null", why).body);
        } else {
            handle_one(context, document[i],
                       [batch, i](Response part) { batch->set(i, std::move(part.body)); });
        }
    }
}

/// Lets the subscriptions of a body begin when its reply is out and its methods have returned, whichever
/// comes last.
class Activation {
public:
    explicit Activation(std::shared_ptr<Subscriber> subscriber) {
        connection.subscriber = std::move(subscriber);
    }
    void step() {
        if (--missing_ > 0) return;
        for (const std::string& id : connection.opened) connection.subscriber->activate(id);
    }
    Connection connection;

private:
    std::atomic<int> missing_{2};
};

}  // namespace

struct ServerParts {
    Ledger& ledger;
    std::function<Timestamp()> wall;
    std::shared_ptr<Hub> hub;
};

RpcServer::RpcServer(Ledger& ledger, std::function<Timestamp()> wall)
    : parts_(std::make_shared<ServerParts>(ServerParts{ledger, std::move(wall), Hub::make(ledger)})) {}

RpcServer::~RpcServer() = default;

void RpcServer::handle(std::string body, Reply reply) {
    handle_body({parts_->ledger, *parts_->hub, parts_->wall()}, body, std::move(reply));
}

std::shared_ptr<Session> RpcServer::connect(Push push) {
    return std::shared_ptr<Session>(new Session(parts_, std::make_shared<Subscriber>(std::move(push))));
}

Session::Session(std::shared_ptr<ServerParts> parts, std::shared_ptr<Subscriber> subscriber)
    : parts_(std::move(parts)), subscriber_(std::move(subscriber)) {}

Session::~Session() {
    parts_->hub->subscriptions().close(subscriber_);
}

void Session::handle(std::string body, RpcServer::Reply reply) {
    const auto activation = std::make_shared<Activation>(subscriber_);
    handle_body({parts_->ledger, *parts_->hub, parts_->wall(), &activation->connection}, body,
                [activation, reply = std::move(reply)](Response response) {
                    reply(std::move(response));
                    activation->step();
                });
    activation->step();
}

}  // namespace grid::chain::rpc

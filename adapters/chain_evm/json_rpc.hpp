#pragma once

#include <rapidjson/document.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chain/amount.hpp"
#include "chain/contracts.hpp"

/// JSON-RPC 2.0 as a client: what is asked, and what came back, read strictly. Knows no sockets.
namespace grid::adapters::evm {

/// One call; `params` is a JSON array.
struct RpcCall {
    std::string method;
    std::string params = "[]";
};

/// The node's own refusal of one call.
struct RpcError {
    std::int64_t code = 0;
    std::string message;  ///< at most kMaxMessage bytes, printable
    chain::Bytes data;    ///< revert data, where there is any
    bool has_data = false;
};

/// A value inside a reply that it keeps alive.
class RpcValue {
public:
    RpcValue(std::shared_ptr<const rapidjson::Document> document, const rapidjson::Value& value)
        : document_(std::move(document)), value_(&value) {}
    const rapidjson::Value& operator*() const noexcept { return *value_; }
    const rapidjson::Value* operator->() const noexcept { return value_; }

private:
    std::shared_ptr<const rapidjson::Document> document_;
    const rapidjson::Value* value_;
};

using RpcReply = std::variant<RpcValue, RpcError>;

/// The body of a request: one object, or a batch of several with the ids from `first_id` on.
std::string encode(const std::vector<RpcCall>& calls, std::uint64_t first_id = 0);

/// How deep arrays and objects may stand in each other.
inline constexpr std::size_t kMaxDepth = 64;

using RpcDocument = std::shared_ptr<const rapidjson::Document>;
/// What a node has sent as JSON (RFC 8259), whole and at most kMaxDepth levels deep. Code `bad_reply`.
Result<RpcDocument> parse(std::string_view body);

/// The replies in the order of the calls, wherever they stand in the batch. Code `bad_reply`: not "2.0", an
/// id that was not asked or came twice, a reply that is missing, neither result nor error.
Result<std::vector<RpcReply>> read_replies(const RpcDocument& document, std::size_t calls,
                                           std::uint64_t first_id = 0);
/// Both.
Result<std::vector<RpcReply>> decode(std::string_view body, std::size_t calls);

/// `"0x..."` in quotes, for params.
std::string quoted(std::string_view text);

/// Reads the members of one object. Answers zeros after the first that is missing or malformed; ask finish()
/// before any of them is believed.
class Fields {
public:
    /// `what` names the object in messages: "block", "log".
    Fields(const rapidjson::Value& object, std::string what);

    std::uint64_t number(const char* name);
    chain::Amount amount(const char* name);
    chain::Hash hash(const char* name);
    chain::Address address(const char* name);
    chain::Bytes bytes(const char* name);
    std::vector<chain::Hash> hashes(const char* name);
    /// False when it is absent; anything but a boolean is malformed.
    bool flag_or_false(const char* name);
    /// Null when absent or JSON's null.
    const rapidjson::Value* find(const char* name) const;
    const rapidjson::Value* array(const char* name);
    void malformed(const char* name, std::string_view expected);
    /// Code `bad_reply` names the object, the member and what was expected.
    Result<void> finish() const;

private:
    std::string_view text(const char* name, std::string_view expected);
    const rapidjson::Value& object_;
    std::string what_;
    std::optional<Error> mistake_;
};

/// The value itself as a quantity, as bytes; code `bad_reply` names `what`.
Result<chain::Amount> read_amount(const rapidjson::Value& value, const std::string& what);
Result<std::uint64_t> read_number(const rapidjson::Value& value, const std::string& what);
Result<chain::Bytes> read_bytes(const rapidjson::Value& value, const std::string& what);
Result<chain::Hash> read_hash(const rapidjson::Value& value, const std::string& what);

}  // namespace grid::adapters::evm

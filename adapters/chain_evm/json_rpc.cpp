#include "adapters/chain_evm/json_rpc.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "chain/json_nesting.hpp"

namespace grid::adapters::evm {
namespace {

constexpr std::size_t kMaxMessage = 512;
constexpr unsigned kParseFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

tl::unexpected<Error> bad(std::string why) {
    return fail("bad_reply", std::move(why));
}

/// What strangers say goes to logs and pages: short and without control characters.
std::string tamed(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, kMaxMessage))
        out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e ? '?' : c;
    return out;
}

std::string_view view(const rapidjson::Value& value) {
    return {value.GetString(), value.GetStringLength()};
}

const rapidjson::Value* member(const rapidjson::Value& object, const char* name) {
    const auto found = object.FindMember(name);
    return found == object.MemberEnd() ? nullptr : &found->value;
}

/// Nodes put revert data as text, as {data} or as {result} into the error's data.
void read_error_data(const rapidjson::Value& data, RpcError& error) {
    const rapidjson::Value* text = &data;
    if (data.IsObject()) {
        text = member(data, "data");
        if (text == nullptr) text = member(data, "result");
    }
    if (text == nullptr || !text->IsString()) return;
    auto words = view(*text);
    if (words.starts_with("Reverted ")) words.remove_prefix(9);
    if (auto bytes = chain::from_hex(words)) {
        error.data = std::move(*bytes);
        error.has_data = true;
    }
}

Result<RpcReply> read_one(const RpcDocument& document, const rapidjson::Value& reply) {
    const auto* error = member(reply, "error");
    const auto* result = member(reply, "result");
    if (error != nullptr && !error->IsNull()) {
        if (!error->IsObject()) return bad("the error of a reply is no object");
        const auto* code = member(*error, "code");
        const auto* message = member(*error, "message");
        if (code == nullptr || !code->IsInt64()) return bad("an error has no code");
        RpcError read{code->GetInt64(), {}, {}, false};
        if (message != nullptr && message->IsString()) read.message = tamed(view(*message));
        if (const auto* data = member(*error, "data")) read_error_data(*data, read);
        return RpcReply(std::move(read));
    }
    if (result == nullptr) return bad("a reply has neither result nor error");
    return RpcReply(RpcValue(document, *result));
}

}  // namespace

std::string encode(const std::vector<RpcCall>& calls, std::uint64_t first_id) {
    std::string body;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        body += i == 0 ? "" : ",";
        body += R"({"jsonrpc":"2.0","id":)" + std::to_string(first_id + i) + R"(,"method":)" +
                quoted(calls[i].method) + R"(,"params":)" + calls[i].params + "}";
    }
    return calls.size() == 1 ? body : "[" + body + "]";
}

Result<RpcDocument> parse(std::string_view body) {
    const auto document = std::make_shared<rapidjson::Document>();
    // The parser takes a zero byte for the end; what follows must not be passed over.
    if (body.find('\0') != std::string_view::npos) return bad("the reply is not JSON: it has a zero byte");
    if (chain::nests_deeper(body, kMaxDepth)) return bad("the reply is nested too deep");
    document->Parse<kParseFlags>(body.data(), body.size());
    if (document->HasParseError())
        return bad("the reply is not JSON at byte " + std::to_string(document->GetErrorOffset()) + " of " +
                   std::to_string(body.size()));
    return RpcDocument(document);
}

Result<std::vector<RpcReply>> decode(std::string_view body, std::size_t calls) {
    const auto document = parse(body);
    if (!document) return tl::unexpected(document.error());
    return read_replies(*document, calls);
}

Result<std::vector<RpcReply>> read_replies(const RpcDocument& document, std::size_t calls,
                                           std::uint64_t first_id) {
    std::vector<const rapidjson::Value*> replies;
    if (document->IsArray()) {
        for (const auto& reply : document->GetArray()) replies.push_back(&reply);
    } else {
        replies.push_back(document.get());
    }
    std::vector<std::optional<RpcReply>> sorted(calls);
    for (const auto* reply : replies) {
        if (!reply->IsObject()) return bad("a reply is no object");
        const auto* version = member(*reply, "jsonrpc");
        if (version == nullptr || !version->IsString() || view(*version) != "2.0")
            return bad("a reply is not of JSON-RPC 2.0");
        auto read = read_one(document, *reply);
        if (!read) return tl::unexpected(read.error());
        const auto* id = member(*reply, "id");
        if (id == nullptr || !id->IsUint64() || id->GetUint64() - first_id >= calls) {
            // A whole batch is refused by one error without an id.
            const auto* refused = std::get_if<RpcError>(&*read);
            return bad(refused ? "the request was refused: " + std::to_string(refused->code) + " " +
                                     refused->message
                               : std::string("a reply has an id that was not asked"));
        }
        auto& place = sorted[id->GetUint64() - first_id];
        if (place) return bad("two replies have the id " + std::to_string(id->GetUint64()));
        place = std::move(*read);
    }
    std::vector<RpcReply> out;
    for (auto& reply : sorted) {
        if (!reply) return bad("the reply to call " + std::to_string(out.size()) + " is missing");
        out.push_back(std::move(*reply));
    }
    return out;
}

std::string quoted(std::string_view text) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return {buffer.GetString(), buffer.GetSize()};
}

Fields::Fields(const rapidjson::Value& object, std::string what) : object_(object), what_(std::move(what)) {
    if (!object.IsObject()) mistake_ = Error{"bad_reply", "expected an object as " + what_};
}

const rapidjson::Value* Fields::find(const char* name) const {
    if (!object_.IsObject()) return nullptr;
    const auto* found = member(object_, name);
    return found == nullptr || found->IsNull() ? nullptr : found;
}

void Fields::malformed(const char* name, std::string_view expected) {
    if (!mistake_) mistake_ = Error{"bad_reply", what_ + "." + name + ": expected " + std::string(expected)};
}

std::string_view Fields::text(const char* name, std::string_view expected) {
    const auto* found = find(name);
    if (found != nullptr && found->IsString()) return view(*found);
    malformed(name, expected);
    return {};
}

chain::Amount Fields::amount(const char* name) {
    constexpr std::string_view kExpected = "a quantity like \"0x1f\"";
    const auto parsed = chain::Amount::parse_quantity(text(name, kExpected));
    if (parsed) return *parsed;
    malformed(name, kExpected);
    return {};
}

std::uint64_t Fields::number(const char* name) {
    const auto read = amount(name);
    if (read.fits_u64()) return read.to_u64();
    malformed(name, "a quantity below 2^64");
    return 0;
}

chain::Hash Fields::hash(const char* name) {
    constexpr std::string_view kExpected = "32 bytes in hexadecimal";
    const auto parsed = chain::Hash::parse(text(name, kExpected));
    if (parsed) return *parsed;
    malformed(name, kExpected);
    return {};
}

chain::Address Fields::address(const char* name) {
    constexpr std::string_view kExpected = "an address";
    std::string lower(text(name, kExpected));
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    const auto parsed = chain::Address::parse(lower);
    if (parsed) return *parsed;
    malformed(name, kExpected);
    return {};
}

chain::Bytes Fields::bytes(const char* name) {
    constexpr std::string_view kExpected = "bytes in hexadecimal";
    auto parsed = chain::from_hex(text(name, kExpected));
    if (parsed) return std::move(*parsed);
    malformed(name, kExpected);
    return {};
}

const rapidjson::Value* Fields::array(const char* name) {
    const auto* found = find(name);
    if (found != nullptr && found->IsArray()) return found;
    malformed(name, "an array");
    return nullptr;
}

std::vector<chain::Hash> Fields::hashes(const char* name) {
    std::vector<chain::Hash> out;
    const auto* items = array(name);
    if (items == nullptr) return out;
    for (const auto& item : items->GetArray()) {
        const auto read = read_hash(item, name);
        if (!read) malformed(name, "an array of 32 bytes in hexadecimal");
        if (read) out.push_back(*read);
    }
    return out;
}

bool Fields::flag_or_false(const char* name) {
    const auto* found = find(name);
    if (found == nullptr) return false;
    if (!found->IsBool()) malformed(name, "true or false");
    return found->IsTrue();
}

Result<void> Fields::finish() const {
    if (mistake_) return tl::unexpected(*mistake_);
    return {};
}

Result<chain::Amount> read_amount(const rapidjson::Value& value, const std::string& what) {
    if (value.IsString())
        if (const auto parsed = chain::Amount::parse_quantity(view(value))) return *parsed;
    return bad(what + ": expected a quantity like \"0x1f\"");
}

Result<std::uint64_t> read_number(const rapidjson::Value& value, const std::string& what) {
    const auto read = read_amount(value, what);
    if (!read) return tl::unexpected(read.error());
    if (!read->fits_u64()) return bad(what + ": expected a quantity below 2^64");
    return read->to_u64();
}

Result<chain::Bytes> read_bytes(const rapidjson::Value& value, const std::string& what) {
    if (value.IsString())
        if (auto parsed = chain::from_hex(view(value))) return std::move(*parsed);
    return bad(what + ": expected bytes in hexadecimal");
}

Result<chain::Hash> read_hash(const rapidjson::Value& value, const std::string& what) {
    if (value.IsString())
        if (const auto parsed = chain::Hash::parse(view(value))) return *parsed;
    return bad(what + ": expected 32 bytes in hexadecimal");
}

}  // namespace grid::adapters::evm

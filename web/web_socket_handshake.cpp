#include "web/web_socket_handshake.hpp"

#include <algorithm>

namespace grid::web {

namespace {

constexpr std::size_t kKeySize = 24;

bool equal_lower(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
    });
}

bool is_key(std::string_view key) noexcept {
    constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key.size() == kKeySize && key.ends_with("==") && key.find_first_not_of(kBase64) == kKeySize - 2;
}

}  // namespace

tl::expected<std::string, Problem> web_socket_key(const LocalRequest& request) {
    const auto bad = [](unsigned status, const char* detail, Headers headers = {}) {
        return tl::unexpected(Problem{status, "bad_handshake", detail, {}, std::move(headers)});
    };
    const auto* protocol = request.header("upgrade");
    if (protocol == nullptr || !equal_lower(*protocol, "websocket"))
        return bad(400, "expected Upgrade: websocket");
    const auto* version = request.header("sec-websocket-version");
    if (version == nullptr || *version != "13")
        return bad(426, "expected Sec-WebSocket-Version: 13", {{"Sec-WebSocket-Version", "13"}});
    const auto* key = request.header("sec-websocket-key");
    if (key == nullptr || !is_key(*key)) return bad(400, "Sec-WebSocket-Key: expected 16 bytes in base64");
    return *key;
}

}  // namespace grid::web

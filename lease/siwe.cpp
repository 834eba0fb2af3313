#include "lease/siwe.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "lease/rfc3339.hpp"

namespace grid::lease {
namespace {

constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kMaxResources = 16;
constexpr std::string_view kWants = " wants you to sign in with your Ethereum account:";

bool letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Characters of RFC 3986: unreserved, reserved and '%'.
bool uri_character(char c) {
    return letter_or_digit(c) ||
           std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

bool all_uri(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), uri_character);
}

/// The lines of a message, one after another.
class Lines {
public:
    explicit Lines(std::string_view text) : rest_(text) {}
    bool done() const { return ended_; }
    std::size_t number() const { return number_; }
    /// The next line without taking it.
    std::string_view peek() const { return rest_.substr(0, rest_.find('\n')); }
    std::string_view take() {
        const std::string_view line = peek();
        if (line.size() == rest_.size()) {
            ended_ = true;
            rest_ = {};
        } else {
            rest_.remove_prefix(line.size() + 1);
        }
        ++number_;
        return line;
    }
    /// Takes the line when it begins with `label`, and answers the rest of it.
    std::optional<std::string_view> labelled(std::string_view label) {
        if (ended_ || !peek().starts_with(label)) return std::nullopt;
        return take().substr(label.size());
    }

private:
    std::string_view rest_;
    std::size_t number_ = 0;
    bool ended_ = false;
};

tl::unexpected<Error> bad(const Lines& lines, std::string_view expected) {
    return fail("bad_login", "line " + std::to_string(lines.number()) +
                                 " of the EIP-4361 message: expected " + std::string(expected));
}

Result<void> read_head(Lines& lines, SiweMessage& message) {
    std::string_view first = lines.take();
    if (!first.ends_with(kWants)) return bad(lines, "\"<domain>" + std::string(kWants) + "\"");
    first.remove_suffix(kWants.size());
    if (const auto colon = first.find("://"); colon != std::string_view::npos) {
        message.scheme = first.substr(0, colon);
        first.remove_prefix(colon + 3);
        if (!all_uri(message.scheme)) return bad(lines, "a URI scheme before ://");
    }
    if (!all_uri(first) || first.find_first_of("/?#") != std::string_view::npos)
        return bad(lines, "a domain (RFC 3986 authority)");
    message.domain = first;

    const std::string_view address = lines.take();
    const auto parsed = chain::Address::parse(address);
    if (!parsed || parsed->checksummed() != address) return bad(lines, "an address with its EIP-55 checksum");
    message.address = *parsed;
    if (lines.done() || !lines.take().empty()) return bad(lines, "an empty line after the address");
    if (!lines.done() && !lines.peek().empty()) {
        const std::string_view statement = lines.take();
        if (!std::all_of(statement.begin(), statement.end(),
                         [](char c) { return c == ' ' || uri_character(c); }))
            return bad(lines, "a statement of the characters of a URI and spaces");
        message.statement = statement;
    }
    if (lines.done() || !lines.take().empty()) return bad(lines, "an empty line before URI");
    return {};
}

Result<chain::Timestamp> read_time(Lines& lines, std::string_view text) {
    const auto time = parse_rfc3339(text);
    if (!time) return bad(lines, "an RFC 3339 date-time");
    return *time;
}

Result<void> read_fields(Lines& lines, SiweMessage& message) {
    const auto uri = lines.labelled("URI: ");
    if (!uri || !all_uri(*uri)) return bad(lines, "\"URI: \" and a URI");
    message.uri = *uri;
    const auto version = lines.labelled("Version: ");
    if (!version || *version != "1") return bad(lines, "\"Version: 1\"");
    const auto chain_id = lines.labelled("Chain ID: ");
    if (!chain_id) return bad(lines, "\"Chain ID: \" and a number");
    const auto [end, problem] =
        std::from_chars(chain_id->data(), chain_id->data() + chain_id->size(), message.chain_id);
    if (problem != std::errc{} || end != chain_id->data() + chain_id->size())
        return bad(lines, "a chain id in decimal");
    const auto nonce = lines.labelled("Nonce: ");
    if (!nonce || nonce->size() < 8 || nonce->size() > 64 ||
        !std::all_of(nonce->begin(), nonce->end(), letter_or_digit))
        return bad(lines, "\"Nonce: \" and 8 to 64 letters and digits");
    message.nonce = *nonce;
    const auto issued = lines.labelled("Issued At: ");
    if (!issued) return bad(lines, "\"Issued At: \" and a date-time");
    const auto issued_at = read_time(lines, *issued);
    if (!issued_at) return tl::unexpected(issued_at.error());
    message.issued_at = *issued_at;
    const auto expires = lines.labelled("Expiration Time: ");
    if (!expires) return bad(lines, "\"Expiration Time: \" and a date-time (mandatory here)");
    const auto expires_at = read_time(lines, *expires);
    if (!expires_at) return tl::unexpected(expires_at.error());
    message.expires_at = *expires_at;
    return {};
}

Result<void> read_optional_fields(Lines& lines, SiweMessage& message) {
    if (const auto not_before = lines.labelled("Not Before: ")) {
        const auto time = read_time(lines, *not_before);
        if (!time) return tl::unexpected(time.error());
        message.not_before = *time;
    }
    if (const auto request_id = lines.labelled("Request ID: ")) {
        if (!std::all_of(request_id->begin(), request_id->end(), uri_character))
            return bad(lines, "a request id of the characters of a URI");
        message.request_id = *request_id;
    }
    if (lines.done()) return {};
    if (lines.take() != "Resources:") return bad(lines, "the end of the message or \"Resources:\"");
    while (!lines.done()) {
        const auto resource = lines.labelled("- ");
        if (!resource || !all_uri(*resource)) return bad(lines, "\"- \" and a URI");
        if (message.resources.size() == kMaxResources) return bad(lines, "at most 16 resources");
        message.resources.emplace_back(*resource);
    }
    return {};
}

}  // namespace

std::string format_siwe(const SiweMessage& message) {
    std::string text;
    if (!message.scheme.empty()) text += message.scheme + "://";
    text += message.domain + std::string(kWants) + "\n" + message.address.checksummed() + "\n\n";
    if (!message.statement.empty()) text += message.statement + "\n";
    text += "\nURI: " + message.uri + "\nVersion: 1\nChain ID: " + std::to_string(message.chain_id) +
            "\nNonce: " + message.nonce + "\nIssued At: " + format_rfc3339(message.issued_at) +
            "\nExpiration Time: " + format_rfc3339(message.expires_at);
    if (message.not_before.seconds != 0) text += "\nNot Before: " + format_rfc3339(message.not_before);
    if (!message.request_id.empty()) text += "\nRequest ID: " + message.request_id;
    if (!message.resources.empty()) {
        text += "\nResources:";
        for (const std::string& resource : message.resources) text += "\n- " + resource;
    }
    return text;
}

Result<SiweMessage> parse_siwe(std::string_view text) {
    if (text.size() > kMaxMessage)
        return fail("bad_login", "expected an EIP-4361 message of at most 4096 bytes, came " +
                                     std::to_string(text.size()));
    Lines lines(text);
    SiweMessage message;
    for (const auto read : {read_head, read_fields, read_optional_fields})
        if (auto ok = read(lines, message); !ok) return tl::unexpected(ok.error());
    return message;
}

}  // namespace grid::lease

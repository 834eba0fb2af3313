#include "web/proxy/framing.hpp"

#include <algorithm>

namespace grid::web::proxy {

namespace {

constexpr std::uint32_t kMaxSizeDigits = 15;         // stays below 2^60
constexpr std::uint32_t kMaxExtension = 1024;        // of one chunk line
constexpr std::uint32_t kMaxExtensions = 16 * 1024;  // of a message: nobody hides a flood in extensions
constexpr std::uint32_t kMaxTrailers = 8 * 1024;

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Fields that a trailer may not carry because an application could take them for headers (RFC 9110, 6.5.1).
bool forbidden_trailer(FieldId id) noexcept {
    switch (id) {
        case FieldId::other:
        case FieldId::trailer:
        case FieldId::alt_svc:
            return false;
        default:
            return true;
    }
}

}  // namespace

Framing::Framing(Kind kind, std::uint64_t left) : kind_(kind), state_(State::more), left_(left) {
    if (kind == Kind::none || (kind == Kind::length && left == 0)) state_ = State::complete;
}

Framing Framing::of_request(const RequestHead& head) {
    if (head.chunked) {
        Framing framing(Kind::chunked);
        framing.request_ = true;
        return framing;
    }
    if (head.content_length) return Framing(Kind::length, *head.content_length);
    return {};
}

Framing Framing::of_response(const ResponseHead& head, bool to_head) {
    if (head.status == 101) return Framing(Kind::tunnel);
    if (to_head || head.status < 200 || head.status == 204 || head.status == 304) return {};
    if (head.chunked) return Framing(Kind::chunked);
    if (head.content_length) return Framing(Kind::length, *head.content_length);
    return Framing(Kind::until_close);
}

bool Framing::finish_at_close() noexcept {
    if (state_ == State::more && (kind_ == Kind::until_close || kind_ == Kind::tunnel))
        state_ = State::complete;
    return state_ == State::complete;
}

Framing::Step Framing::feed(std::string_view bytes, std::string* payload) {
    if (state_ != State::more) return {0, state_};
    switch (kind_) {
        case Kind::none:
            return {0, State::complete};
        case Kind::length: {
            const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
            if (payload != nullptr) payload->append(bytes.substr(0, used));
            left_ -= used;
            if (left_ == 0) state_ = State::complete;
            return {used, state_};
        }
        case Kind::chunked:
            return feed_chunked(bytes, payload);
        case Kind::until_close:
        case Kind::tunnel:
            if (payload != nullptr) payload->append(bytes);
            return {bytes.size(), State::more};
    }
    return {0, State::bad};
}

Framing::Step Framing::feed_chunked(std::string_view bytes, std::string* payload) {
    std::size_t at = 0;
    while (at < bytes.size() && state_ == State::more) {
        if (chunk_ == Chunk::data) {
            const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
            if (payload != nullptr) payload->append(bytes.substr(at, part));
            at += part;
            left_ -= part;
            if (left_ == 0) chunk_ = Chunk::data_cr;
            continue;
        }
        if (!accept(bytes[at])) return {at, State::bad};
        ++at;
    }
    return {at, state_};
}

/// One byte outside chunk data.
bool Framing::accept(char c) {
    switch (chunk_) {
        case Chunk::size_first:
            left_ = 0;
            size_digits_ = 0;
            line_bytes_ = 0;
            chunk_ = Chunk::size;
            [[fallthrough]];
        case Chunk::size: {
            const int digit = hex_value(c);
            if (digit >= 0) {
                if (++size_digits_ > kMaxSizeDigits) return fail("a chunk size is too long");
                left_ = left_ * 16 + static_cast<unsigned>(digit);
                return true;
            }
            if (size_digits_ == 0) return fail("a chunk size is missing");
            if (c == '\r') {
                chunk_ = Chunk::size_lf;
                return true;
            }
            if (c != ';') return fail("a chunk size is not hexadecimal");
            chunk_ = Chunk::extension;
            return true;
        }
        case Chunk::extension:
            if (c == '\r') {
                chunk_ = Chunk::size_lf;
                return true;
            }
            if (!is_field_value(std::string_view(&c, 1)))
                return fail("a chunk extension has control characters");
            if (++line_bytes_ > kMaxExtension || ++extension_bytes_ > kMaxExtensions) {
                return fail("chunk extensions are too long");
            }
            return true;
        case Chunk::size_lf:
            if (c != '\n') return fail("a chunk line does not end in CRLF");
            chunk_ = left_ == 0 ? Chunk::trailer_start : Chunk::data;
            return true;
        case Chunk::data:
            return fail("chunk data");  // never: feed_chunked takes the data in runs
        case Chunk::data_cr:
            if (c != '\r') return fail("a chunk is longer than its size");
            chunk_ = Chunk::data_lf;
            return true;
        case Chunk::data_lf:
            if (c != '\n') return fail("a chunk does not end in CRLF");
            chunk_ = Chunk::size_first;
            return true;
        case Chunk::trailer_start:
            if (c == '\r') {
                chunk_ = Chunk::last_lf;
                return true;
            }
            name_.clear();
            chunk_ = Chunk::trailer_name;
            [[fallthrough]];
        case Chunk::trailer_name:
            if (++trailer_bytes_ > kMaxTrailers) return fail("the trailers are too long");
            if (c == ':') return end_of_trailer_name();
            if (!is_token(std::string_view(&c, 1))) return fail("a trailer name is not a token");
            name_.push_back(c);
            return true;
        case Chunk::trailer_value:
            if (c == '\r') {
                chunk_ = Chunk::trailer_lf;
                return true;
            }
            if (++trailer_bytes_ > kMaxTrailers) return fail("the trailers are too long");
            if (!is_field_value(std::string_view(&c, 1)))
                return fail("a trailer value has control characters");
            return true;
        case Chunk::trailer_lf:
            if (c != '\n') return fail("a trailer does not end in CRLF");
            chunk_ = Chunk::trailer_start;
            return true;
        case Chunk::last_lf:
            if (c != '\n') return fail("the last chunk does not end in CRLF");
            state_ = State::complete;
            return true;
    }
    return fail("unknown state");
}

bool Framing::end_of_trailer_name() {
    if (name_.empty()) return fail("a trailer has no name");
    if (request_ && forbidden_trailer(field_id(name_)))
        return fail("a trailer has a name that only headers may have");
    chunk_ = Chunk::trailer_value;
    return true;
}

bool Framing::fail(const char* reason) noexcept {
    state_ = State::bad;
    reason_ = reason;
    return false;
}

}  // namespace grid::web::proxy

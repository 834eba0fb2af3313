#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "web/proxy/head.hpp"

namespace grid::web::proxy {

/// Tells where the body of one HTTP/1.x message ends (RFC 9112, section 6), without I/O: bytes pass through
/// unchanged, the tracker says how many of them belong to the message. Chunked bodies are checked strictly.
class Framing {
public:
    enum class Kind : std::uint8_t {
        none,         ///< complete with its head
        length,       ///< Content-Length
        chunked,      ///< Transfer-Encoding: chunked, with trailers
        until_close,  ///< a response that ends with its connection
        tunnel,       ///< after 101: whatever comes, until either side closes
    };
    enum class State : std::uint8_t { more, complete, bad };
    struct Step {
        std::size_t used = 0;  ///< bytes of the input that belong to the message; the rest is another one's
        State state = State::more;
    };

    /// None: a message without a body.
    Framing() = default;
    static Framing of_request(const RequestHead& head);
    /// `to_head`: the request was HEAD. A 1xx other than 101, 204 and 304 have no body whatever their head
    /// says.
    static Framing of_response(const ResponseHead& head, bool to_head);

    Kind kind() const noexcept { return kind_; }
    bool complete() const noexcept { return state_ == State::complete; }
    /// Takes the next bytes. After `complete` or `bad` it takes no more. `payload`, when given, gets the
    /// content (for chunked: without the chunk lines and trailers).
    Step feed(std::string_view bytes, std::string* payload = nullptr);
    /// The sender closed its side: true when the message is complete by that (or was already).
    bool finish_at_close() noexcept;
    /// Bytes still to come, for Kind::length; 0 otherwise.
    std::uint64_t remaining() const noexcept { return kind_ == Kind::length ? left_ : 0; }
    /// In words, after `bad`.
    const char* reason() const noexcept { return reason_; }

private:
    enum class Chunk : std::uint8_t {
        size_first,
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_lf,
        last_lf,
    };

    explicit Framing(Kind kind, std::uint64_t left = 0);
    Step feed_chunked(std::string_view bytes, std::string* payload);
    bool accept(char c);
    bool fail(const char* reason) noexcept;
    bool end_of_trailer_name();

    Kind kind_ = Kind::none;
    State state_ = State::complete;
    Chunk chunk_ = Chunk::size_first;
    bool request_ = false;
    std::uint64_t left_ = 0;             ///< of the body (length) or of the chunk (chunked)
    std::uint32_t size_digits_ = 0;      ///< of the current chunk line
    std::uint32_t line_bytes_ = 0;       ///< of the current extension
    std::uint32_t extension_bytes_ = 0;  ///< of the whole message
    std::uint32_t trailer_bytes_ = 0;
    std::string name_;  ///< of the trailer being read
    const char* reason_ = "";
};

}  // namespace grid::web::proxy

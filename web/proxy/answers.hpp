#pragma once

#include <string>
#include <string_view>

#include "web/http_server.hpp"

/// What the server says itself: heads of local answers and small pages that tell who is at fault.
namespace grid::web::proxy {

/// The reason phrase of a status; "Status" for an unknown one.
std::string_view reason_phrase(unsigned status) noexcept;

/// Appends "HTTP/1.1 <status> <reason>", Date and the headers (those that are not valid header lines, and
/// framing headers, are left out), without the empty line at the end.
void append_answer_head(unsigned status, const Headers& headers, std::string_view date, std::string& out);

/// An answer of our own.
struct OwnAnswer {
    unsigned status = 500;
    std::string title;   ///< a few words
    std::string detail;  ///< who is at fault and what to do
    Headers headers;     ///< more headers, e.g. Retry-After
    std::string link;    ///< shown on the page; may be empty
};

/// A whole answer: a small page when the visitor takes HTML, else a problem document (RFC 9457).
std::string render_answer(const OwnAnswer& answer, bool html, bool close, bool to_head,
                          std::string_view date);

/// True when an Accept header names text/html.
bool accepts_html(std::string_view accept) noexcept;

/// The time as HTTP wants it (RFC 9110, 5.6.7).
std::string http_date(std::int64_t unix_seconds);

}  // namespace grid::web::proxy

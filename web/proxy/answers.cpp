#include "web/proxy/answers.hpp"

#include <array>
#include <ctime>

#include "web/html.hpp"
#include "web/proxy/head.hpp"

namespace grid::web::proxy {

namespace {

std::string json_escaped(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += "\\u00";
            out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
            out.push_back(kDigits[c & 15]);
        } else {
            out.push_back(c);
        }
    }
    return out;
}

std::string page(const OwnAnswer& answer) {
    std::string out =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\"><title>";
    out += escaped_html(answer.title);
    out +=
        "</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 "
        "1em;"
        "color:#222}h1{font-size:1.4em}small{color:#777}</style></head><body><h1>";
    out += escaped_html(answer.title);
    out += "</h1><p>";
    out += escaped_html(answer.detail);
    out += "</p>";
    if (!answer.link.empty()) {
        const auto link = escaped_html(answer.link);
        out += "<p><a href=\"" + link + "\">" + link + "</a></p>";
    }
    out += "<small>" + std::to_string(answer.status) + " " + std::string(reason_phrase(answer.status)) +
           "</small></body></html>\n";
    return out;
}

std::string problem(const OwnAnswer& answer) {
    std::string out = "{\"type\":\"about:blank\",\"title\":\"" + json_escaped(answer.title) +
                      "\",\"status\":" + std::to_string(answer.status) + ",\"detail\":\"" +
                      json_escaped(answer.detail) + "\"";
    if (!answer.link.empty()) out += ",\"link\":\"" + json_escaped(answer.link) + "\"";
    out += "}\n";
    return out;
}

}  // namespace

std::string_view reason_phrase(unsigned status) noexcept {
    struct Row {
        unsigned status;
        std::string_view reason;
    };
    static constexpr std::array kRows = {
        Row{100, "Continue"},
        Row{101, "Switching Protocols"},
        Row{200, "OK"},
        Row{201, "Created"},
        Row{202, "Accepted"},
        Row{204, "No Content"},
        Row{206, "Partial Content"},
        Row{301, "Moved Permanently"},
        Row{302, "Found"},
        Row{303, "See Other"},
        Row{304, "Not Modified"},
        Row{307, "Temporary Redirect"},
        Row{308, "Permanent Redirect"},
        Row{400, "Bad Request"},
        Row{401, "Unauthorized"},
        Row{402, "Payment Required"},
        Row{403, "Forbidden"},
        Row{404, "Not Found"},
        Row{405, "Method Not Allowed"},
        Row{406, "Not Acceptable"},
        Row{408, "Request Timeout"},
        Row{409, "Conflict"},
        Row{410, "Gone"},
        Row{411, "Length Required"},
        Row{412, "Precondition Failed"},
        Row{413, "Content Too Large"},
        Row{414, "URI Too Long"},
        Row{415, "Unsupported Media Type"},
        Row{417, "Expectation Failed"},
        Row{421, "Misdirected Request"},
        Row{422, "Unprocessable Content"},
        Row{426, "Upgrade Required"},
        Row{428, "Precondition Required"},
        Row{429, "Too Many Requests"},
        Row{431, "Request Header Fields Too Large"},
        Row{500, "Internal Server Error"},
        Row{501, "Not Implemented"},
        Row{502, "Bad Gateway"},
        Row{503, "Service Unavailable"},
        Row{504, "Gateway Timeout"},
        Row{505, "HTTP Version Not Supported"},
        Row{507, "Insufficient Storage"},
    };
    for (const auto& row : kRows) {
        if (row.status == status) return row.reason;
    }
    return "Status";
}

void append_answer_head(unsigned status, const Headers& headers, std::string_view date, std::string& out) {
    out.append("HTTP/1.1 ")
        .append(std::to_string(status))
        .append(" ")
        .append(reason_phrase(status))
        .append("\r\n");
    out.append("Date: ").append(date).append("\r\n");
    for (const auto& [name, value] : headers) {
        if (!is_token(name) || !is_field_value(value)) continue;
        switch (field_id(name)) {
            case FieldId::content_length:
            case FieldId::transfer_encoding:
            case FieldId::connection:
            case FieldId::keep_alive:
                continue;
            default:
                out.append(name).append(": ").append(value).append("\r\n");
        }
    }
}

std::string render_answer(const OwnAnswer& answer, bool html, bool close, bool to_head,
                          std::string_view date) {
    const std::string body = html ? page(answer) : problem(answer);
    std::string out;
    out.reserve(512 + body.size());
    append_answer_head(answer.status, answer.headers, date, out);
    out += html ? "Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'; "
                  "style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
                : "Content-Type: application/problem+json\r\n";
    out += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (close) out += "Connection: close\r\n";
    out += "\r\n";
    if (!to_head) out += body;
    return out;
}

bool accepts_html(std::string_view accept) noexcept {
    return accept.find("text/html") != std::string_view::npos;
}

std::string http_date(std::int64_t unix_seconds) {
    static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t time = unix_seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[64];
    // Not strftime: its names of days and months follow the locale.
    std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                  kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                  parts.tm_min, parts.tm_sec);
    return text;
}

}  // namespace grid::web::proxy

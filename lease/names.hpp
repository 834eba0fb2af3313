#pragma once

#include <string_view>

/// The forms of names that Kubernetes knows (apimachinery/pkg/util/validation).
namespace grid::lease {

/// RFC 1123 label: 1..63 lower-case letters, digits, hyphens; a letter or digit at both ends.
bool dns_label(std::string_view text);
/// RFC 1035 label: the same that begins with a letter. For services.
bool dns_1035_label(std::string_view text);
/// RFC 1123 subdomain: labels joined by dots, 1..253 characters.
bool dns_subdomain(std::string_view text);
/// A port's name: 1..15 lower-case letters, digits, hyphens, at least one letter, no hyphen at an end or
/// beside another.
bool port_name(std::string_view text);
/// The name of an environment variable: letters, digits, '_', '-', '.', no digit first.
bool variable_name(std::string_view text);
/// A key of a ConfigMap or Secret: 1..253 letters, digits, '_', '-', '.'; not "." or "..", and so always a
/// file's name.
bool config_key(std::string_view text);
/// [prefix/]name of a label; names of the platform's own (grid...) are not for users.
bool label_key(std::string_view text);
/// At most 63 letters, digits, '_', '-', '.', a letter or digit at both ends; or empty.
bool label_value(std::string_view text);
/// The name of a cron job: a label of at most 52 characters, for its jobs have longer names.
bool cron_job_name(std::string_view text);
/// A relative path without empty, "." or ".." parts, colons and control characters, at most 1024 characters.
bool relative_path(std::string_view text);
/// The name of an HTTP header (RFC 9110, token), at most 128 characters.
bool http_token(std::string_view text);
/// The value of an HTTP header: printable ASCII and spaces, at most 1024 characters.
bool header_value(std::string_view text);
/// A DNS name with at least two labels.
bool ingress_host(std::string_view text);
/// An absolute path without "." or ".." parts, colons and control characters, at most 1024 characters.
bool absolute_path(std::string_view text);

}  // namespace grid::lease

#pragma once

#include <map>
#include <string>
#include <string_view>

namespace grid::lease {

/// Replaces $(NAME) by the value of a variable as Kubernetes does (third_party/forked/golang/expansion): a
/// name that is not known stays as it is written, "$$" stands for "$", so "$$(NAME)" for a plain "$(NAME)".
/// At most `limit` bytes come out: what would be more is cut, and the size says so (the result has limit + 1
/// bytes).
std::string expand_variables(std::string_view text, const std::map<std::string, std::string>& variables,
                             std::size_t limit);

/// Literal text in the notation of expand_variables: every "$" as "$$".
std::string escape_variables(std::string_view text);

/// Replaces $(NAME) by the value of a variable, but stays in the notation: `variables` hold texts in the
/// notation, so does the result, and only those $(NAME) are left in it that a variable's text brought along.
/// At most about `limit` bytes come out, as of expand_variables.
std::string substitute_variables(std::string_view text, const std::map<std::string, std::string>& variables,
                                 std::size_t limit);

}  // namespace grid::lease

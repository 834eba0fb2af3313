#include "lease/variables.hpp"

#include <algorithm>

namespace grid::lease {

namespace {

/// Walks over a text: `literal` gets what stands for itself, `reference` the names in $(NAME). Both answer
/// whether to go on.
template <class Literal, class Reference>
void walk(std::string_view text, Literal literal, Reference reference) {
    while (!text.empty()) {
        const std::size_t dollar = text.find('$');
        if (!literal(text.substr(0, dollar)) || dollar == std::string_view::npos) return;
        text.remove_prefix(dollar);
        const std::size_t close = text.starts_with("$(") ? text.find(')') : std::string_view::npos;
        bool more = true;
        if (close != std::string_view::npos) {
            more = reference(text.substr(2, close - 2));
            text.remove_prefix(close + 1);
        } else {
            const std::string_view piece = text.substr(0, 2);
            more = literal(piece == "$$" ? std::string_view("$") : piece);
            text.remove_prefix(piece.size());
        }
        if (!more) return;
    }
}

}  // namespace

std::string expand_variables(std::string_view text, const std::map<std::string, std::string>& variables,
                             std::size_t limit) {
    std::string result;
    const auto append = [&](std::string_view piece) {
        result += piece.substr(0, limit + 1 - result.size());
        return result.size() <= limit;
    };
    walk(text, append, [&](std::string_view name) {
        const auto variable = variables.find(std::string(name));
        if (variable != variables.end()) return append(variable->second);
        return append("$(" + std::string(name) + ")");
    });
    return result;
}

std::string escape_variables(std::string_view text) {
    std::string result;
    for (const char c : text) result += c == '$' ? std::string("$$") : std::string(1, c);
    return result;
}

std::string substitute_variables(std::string_view text, const std::map<std::string, std::string>& variables,
                                 std::size_t limit) {
    std::string result;
    const auto append = [&](std::string_view piece) {
        result += piece;
        return result.size() <= limit;
    };
    const auto literal = [&](std::string_view piece) { return append(escape_variables(piece)); };
    walk(text, literal, [&](std::string_view name) {
        const auto variable = variables.find(std::string(name));
        return variable != variables.end() ? append(variable->second)
                                           : literal("$(" + std::string(name) + ")");
    });
    return result;
}

}  // namespace grid::lease

#include "lease/variables.hpp"

#include <algorithm>

namespace grid::lease {

std::string expand_variables(std::string_view text, const std::map<std::string, std::string>& variables,
                             std::size_t limit) {
    std::string result;
    const auto append = [&](std::string_view piece) {
        result += piece.substr(0, limit + 1 - result.size());
        return result.size() <= limit;
    };
    while (!text.empty()) {
        const std::size_t dollar = text.find('$');
        if (!append(text.substr(0, dollar)) || dollar == std::string_view::npos) return result;
        text.remove_prefix(dollar);
        std::size_t read = 2;
        std::string_view replacement = text.substr(0, 2);
        if (text.starts_with("$$")) {
            replacement = "$";
        } else if (text.starts_with("$(")) {
            if (const std::size_t close = text.find(')'); close != std::string_view::npos) {
                read = close + 1;
                const auto variable = variables.find(std::string(text.substr(2, close - 2)));
                replacement =
                    variable == variables.end() ? text.substr(0, read) : std::string_view(variable->second);
            }
        }
        if (!append(replacement)) return result;
        text.remove_prefix(std::min(read, text.size()));
    }
    return result;
}

}  // namespace grid::lease

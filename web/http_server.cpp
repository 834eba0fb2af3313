#include "web/http_server.hpp"

namespace grid::web {

const std::string* LocalRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return &value;
    }
    return nullptr;
}

}  // namespace grid::web

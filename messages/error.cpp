#include "messages/error.hpp"

namespace grid::messages {

std::string to_string(grid_errc) {
    return "failed";
}

caf::error to_caf(const Error& error) {
    return caf::make_error(grid_errc::failed, error.code, error.message);
}

Error from_caf(const caf::error& error) {
    if (error.category() == caf::atom("grid")) {
        const auto& context = error.context();
        if (context.match_elements<std::string, std::string>())
            return {context.get_as<std::string>(0), context.get_as<std::string>(1)};
    }
    if (error == caf::sec::request_timeout) return {"timeout", "no answer within the time allowed"};
    if (error == caf::sec::request_receiver_down)
        return {"unavailable", "the part that should answer is restarting; try again"};
    return {"internal", caf::to_string(error)};
}

void add_message_types(caf::actor_system_config& config) {
    config.add_message_types<caf::id_block::grid>();
    config.add_error_category(caf::atom("grid"),
                              [](std::uint8_t, caf::atom_value, const caf::message& context) {
                                  return "grid" + caf::to_string(context);
                              });
}

}  // namespace grid::messages

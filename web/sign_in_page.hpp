#pragma once

#include <string_view>

#include "web/problem.hpp"

namespace grid::web {

/// Where visitors of a private application are sent (/?app=<label of its host>): signs in with the browser's
/// wallet and opens the application by a handoff. The page itself reflects nothing of the request.
ApiReply sign_in_page();

/// The script of that page, served at /open.js.
ApiReply sign_in_script();

}  // namespace grid::web

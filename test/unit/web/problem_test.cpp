// Errors as answers.
#include <catch2/catch.hpp>

#include "web/problem.hpp"

using namespace grid;
using namespace grid::web;

TEST_CASE("every code of an error has its status in one table") {
    struct Row {
        const char* code;
        unsigned status;
    };
    const Row rows[] = {
        {"not_found", 404},
        {"not_yours", 403},
        {"wrong_state", 409},
        {"ended", 410},
        {"bad_manifest", 422},
        {"policy", 422},
        {"too_large", 422},
        {"bad_signature", 401},
        {"used_nonce", 401},
        {"expired_token", 401},
        {"bad_cursor", 400},
        {"bad_anything", 400},
        {"timeout", 504},
        {"unavailable", 503},
        {"overloaded", 503},
        {"too_many_quotes", 429},
        {"reverted", 409},
        {"cluster_unavailable", 503},
        {"internal", 500},
        {"never heard of", 500},
        {"not_acceptable", 422},
        {"foreign_login", 401},
        {"bad_signatures", 400},
        {"not_registered", 503},
        {"unresolved", 422},
        {"tls_failed", 502},
        {"bad_response", 502},
        {"bad_reply", 502},
        {"idempotency_key_reused", 422},
    };
    for (const auto& row : rows) {
        CAPTURE(row.code);
        CHECK(status_of(row.code) == row.status);
    }
    CHECK(to_reply(problem_of({"no_token", "log in"})).headers.front().first == "WWW-Authenticate");
}

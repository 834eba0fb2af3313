/// Images: who may be asked for them, and that they are there.
#include <netdb.h>

#include <algorithm>
#include <set>

#include "adapters/podman/deployment.hpp"
#include "adapters/podman/in_parallel.hpp"
#include "adapters/podman/registry_login.hpp"

namespace grid::adapters::podman {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

std::vector<runtime::IpAddress> addresses_of(const std::string& host) {
    std::vector<runtime::IpAddress> out;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return out;
    for (const auto* i = list; i; i = i->ai_next) {
        char text[NI_MAXHOST] = {};
        if (::getnameinfo(i->ai_addr, i->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
            continue;
        if (auto address = runtime::IpAddress::parse(text)) out.push_back(*address);
    }
    ::freeaddrinfo(list);
    return out;
}

bool is_local(const std::string& image) {
    return image.rfind("localhost/", 0) == 0;
}

/// A refusal by a registry says whose login it was about.
tl::unexpected<Error> explained(const Error& error, const std::string& image,
                                const lease::RegistryLogin* login) {
    const auto says = [&](const char* words) { return error.message.find(words) != std::string::npos; };
    if (error.code != "image_unavailable" || !(says("unauthorized") || says("authentication required") ||
                                               says("denied") || says("invalid username")))
        return tl::unexpected(error);
    return fail(
        "image_unavailable",
        "the registry " + registry_of(image) +
            (login != nullptr ? " refuses the login of " + login->user +
                                    " that the manifest's imagePullSecrets have for it: "
                              : " wants a login, and the manifest's imagePullSecrets have none for it: ") +
            error.message);
}

}  // namespace

/// Who may not pull an image may not run it, whoever else's is here already: what is not the provider's own
/// is asked for at its registry every time, with the login of this very application. Layers that are here are
/// not fetched again.
Result<void> Driver::prepare_images(Deployment& d, const lease::Workload* only) {
    std::set<std::string> images, no_root;
    for (const auto& w : d.application->workloads) {
        if (only != nullptr && only != &w) continue;
        for (const auto* list : {&w.init_containers, &w.containers})
            for (const auto& c : *list) {
                images.insert(c.image);
                if (c.run_as_non_root && !c.run_as_user) no_root.insert(c.image);
                if (c.run_as_non_root && c.run_as_user && c.run_as_user->value < 1)
                    return fail("failed_to_start",
                                "container " + c.name + " must not run as root, but asks for user 0");
            }
    }
    std::vector<lease::RegistryLogin> logins;
    for (const auto& w : d.application->workloads)
        logins.insert(logins.end(), w.registry_logins.begin(), w.registry_logins.end());
    const std::vector<std::string> list(images.begin(), images.end());
    return in_parallel(list, [&](const std::string& image) -> Result<void> {
        if (is_local(image)) {
            const auto exists = api_.image_exists(image);
            if (!exists) return tl::unexpected(exists.error());
            if (!*exists)
                return fail("image_unavailable", image + ": this provider has no such image of its own");
        } else {
            if (auto ok = check_registry(image); !ok) return ok;
            const auto began = steady_clock::now();
            const auto* login = login_for(image, logins);
            note(d, EventBook::Kind::normal, "Pulling", image);
            if (auto ok = api_.pull(whole_image_name(image), login_header(login), config_.pull_timeout); !ok)
                return explained(ok.error(), image, login);
            const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
            note(d, EventBook::Kind::normal, "Pulled", image + " in " + std::to_string(took.count()) + " ms");
        }
        if (no_root.count(image)) {
            const auto user = api_.image_user(whole_image_name(image));
            if (!user) return tl::unexpected(user.error());
            const auto name = user->substr(0, user->find(':'));
            const bool number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
            if (!number || name.find_first_not_of('0') == std::string::npos)
                return fail("failed_to_start", image + " must not run as root, but its user is \"" + *user +
                                                   "\"; give runAsUser as a number");
        }
        return {};
    });
}

/// Podman resolves the registry's name again by itself, so this stops mistakes and plain attacks, not a name
/// server that answers differently within the second.
Result<void> Driver::check_registry(const std::string& image) const {
    const auto slash = image.find('/');
    auto host = slash == std::string::npos ? std::string() : image.substr(0, slash);
    if (host.find('.') == std::string::npos && host.find(':') == std::string::npos && host != "localhost")
        return {};
    if (host.front() == '[') {
        host = host.substr(0, host.find(']') + 1);
    } else {
        host = host.substr(0, host.find(':'));
    }
    const auto literal = runtime::literal_address(host);
    if (!literal) return fail("image_unavailable", image + ": " + literal.error().message);
    const auto addresses = *literal ? std::vector{**literal} : addresses_of(host);
    if (addresses.empty()) return {};  // podman will say what is wrong with the name
    if (auto ok = registries_.check(addresses); !ok)
        return fail("image_unavailable",
                    image + ": the registry " + host + " may not be called: " + ok.error().message);
    return {};
}

}  // namespace grid::adapters::podman

/// Images: who may be asked for them, and that they are there.
#include <netdb.h>

#include <algorithm>
#include <map>
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

}  // namespace

Result<void> Driver::prepare_images(Deployment& d) {
    std::map<std::string, bool> images;  // name -> pull
    std::set<std::string> no_root;
    for (const auto& w : d.application->workloads)
        for (const auto* list : {&w.init_containers, &w.containers})
            for (const auto& c : *list) {
                const bool local = c.image.rfind("localhost/", 0) == 0;
                images[c.image] = images[c.image] || (c.pull_always && !local);
                if (c.run_as_non_root && !c.run_as_user) no_root.insert(c.image);
                if (c.run_as_non_root && c.run_as_user && c.run_as_user->value < 1)
                    return fail("failed_to_start",
                                "container " + c.name + " must not run as root, but asks for user 0");
            }
    std::vector<lease::RegistryLogin> logins;
    for (const auto& w : d.application->workloads)
        logins.insert(logins.end(), w.registry_logins.begin(), w.registry_logins.end());
    std::vector<std::pair<std::string, bool>> list(images.begin(), images.end());
    return in_parallel(list, [&](const std::pair<std::string, bool>& image) -> Result<void> {
        bool present = false;
        if (!image.second) {
            auto exists = api_.image_exists(image.first);
            if (!exists) return tl::unexpected(exists.error());
            present = *exists;
        }
        if (!present && image.first.rfind("localhost/", 0) == 0)
            return fail("image_unavailable", image.first + ": this provider has no such image of its own");
        if (!present) {
            if (auto ok = check_registry(image.first); !ok) return ok;
            const auto began = steady_clock::now();
            note(d, EventBook::Kind::normal, "Pulling", image.first);
            if (auto ok = api_.pull(image.first, login_for(image.first, logins), config_.pull_timeout); !ok)
                return ok;
            const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
            note(d, EventBook::Kind::normal, "Pulled",
                 image.first + " in " + std::to_string(took.count()) + " ms");
        }
        if (no_root.count(image.first)) {
            const auto user = api_.image_user(image.first);
            if (!user) return tl::unexpected(user.error());
            const auto name = user->substr(0, user->find(':'));
            const bool number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
            if (!number || name.find_first_not_of('0') == std::string::npos)
                return fail("failed_to_start", image.first + " must not run as root, but its user is \"" +
                                                   *user + "\"; give runAsUser as a number");
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

#include "adapters/podman/registry_login.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "lease/base64url.hpp"

namespace grid::adapters::podman {

std::string registry_of(const std::string& image) {
    const auto first = image.substr(0, image.find('/'));
    const bool host = first.size() < image.size() &&
                      (first.find('.') != std::string::npos || first.find(':') != std::string::npos);
    return host ? first : "docker.io";
}

std::string whole_image_name(const std::string& image) {
    if (image.rfind("localhost/", 0) == 0) return image;
    if (registry_of(image) != "docker.io" || image.rfind("docker.io/", 0) == 0) return image;
    return (image.find('/') == std::string::npos ? "docker.io/library/" : "docker.io/") + image;
}

const lease::RegistryLogin* login_for(const std::string& image,
                                      const std::vector<lease::RegistryLogin>& logins) {
    const auto registry = registry_of(image);
    for (const auto& login : logins)
        if (login.registry == registry) return &login;
    return nullptr;
}

std::string login_header(const lease::RegistryLogin* login) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    const auto text = [&](const std::string& value) {
        json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
    };
    // A map from registries to logins, also when it is empty: podman then leaves alone what `podman login`
    // left. It would still read a ~/.docker/config.json, so our service's home is not root's.
    json.StartObject();
    if (login != nullptr) {
        json.Key(login->registry.c_str());
        json.StartObject();
        json.Key("username");
        text(login->user);
        json.Key("password");
        text(login->password);
        json.EndObject();
    }
    json.EndObject();
    // The alphabet for URLs, with padding (containers/podman pkg/auth).
    auto encoded = lease::base64url(chain::as_bytes({buffer.GetString(), buffer.GetSize()}));
    while (encoded.size() % 4 != 0) encoded += '=';
    return encoded;
}

}  // namespace grid::adapters::podman

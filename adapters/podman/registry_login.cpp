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

std::string login_for(const std::string& image, const std::vector<lease::RegistryLogin>& logins) {
    const auto registry = registry_of(image);
    for (const auto& login : logins) {
        if (login.registry != registry) continue;
        rapidjson::StringBuffer buffer;
        rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
        const auto text = [&](const char* name, const std::string& value) {
            json.Key(name);
            json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
        };
        json.StartObject();
        text("username", login.user);
        text("password", login.password);
        json.EndObject();
        // The alphabet for URLs, with padding (containers/podman pkg/auth).
        auto encoded = lease::base64url(chain::as_bytes({buffer.GetString(), buffer.GetSize()}));
        while (encoded.size() % 4 != 0) encoded += '=';
        return encoded;
    }
    return "";
}

}  // namespace grid::adapters::podman

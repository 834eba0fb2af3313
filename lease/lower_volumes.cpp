#include "lease/lower_volumes.hpp"

#include <algorithm>
#include <set>

#include "lease/quantity.hpp"

namespace grid::lease {
namespace {

// ---- files ----

/// Adds the files of a ConfigMap or Secret that a volume or a projection shows.
void add_chosen(FileMount& mount, const YamlNode& source, const Place& place,
                const ConfigObjects::Content& content) {
    const auto add = [&](const std::string& path, const std::string& text) {
        // Of two sources with the same path the later one counts.
        mount.files[path] = text;
        mount.modes.erase(path);
    };
    const YamlNode* const items = source.find("items");
    if (items == nullptr) {
        for (const auto& [key, text] : content) add(key, text);
        return;
    }
    const Place all(place, "items");
    std::size_t index = 0;
    for (const YamlNode& item : items->items) {
        const Place here(all, index++);
        const std::string key = text_of(item.find("key"));
        const std::string path = text_of(item.find("path"));
        const auto found = content.find(key);
        if (found != content.end()) {
            add(path, found->second);
            if (const YamlNode* const mode = item.find("mode"))
                mount.modes[path] = static_cast<std::uint32_t>(number_of(mode, 0));
        } else if (!flag_of(source.find("optional"), false)) {
            refuse("bad_manifest", here, "there is no key \"" + key + "\" in it", &item);
        }
    }
}

void add_files(FileMount& mount, const YamlNode& source, const Place& place, std::string_view kind,
               const std::string& name, const std::map<std::string, ConfigObjects::Content>& among) {
    if (const auto found = among.find(name); found != among.end())
        add_chosen(mount, source, place, found->second);
    else if (!flag_of(source.find("optional"), false))
        refuse("bad_manifest", place,
               "there is no " + std::string(kind) + " \"" + name + "\" in the manifest", &source);
}

void add_config_map(FileMount& mount, const YamlNode& source, const Place& place, const PodContext& pod) {
    add_files(mount, source, place, "ConfigMap", text_of(source.find("name")),
              pod.manifest.objects.config_maps);
}

void add_secret(FileMount& mount, const YamlNode& source, const Place& place, std::string_view name_field,
                const PodContext& pod) {
    mount.secret = true;
    add_files(mount, source, place, "Secret", text_of(source.find(name_field)), pod.manifest.objects.secrets);
}

void add_projected(FileMount& mount, const YamlNode& projected, const Place& place, const PodContext& pod) {
    const Place all(place, "sources");
    std::size_t index = 0;
    for (const YamlNode& source : elements_of(projected.find("sources"))) {
        const Place here(all, index++);
        const YamlNode* const config_map = source.find("configMap");
        const YamlNode* const secret = source.find("secret");
        if ((config_map == nullptr) == (secret == nullptr))
            refuse("bad_manifest", here, "expected either configMap or secret", &source);
        if (config_map != nullptr)
            add_config_map(mount, *config_map, Place(here, "configMap"), pod);
        else
            add_secret(mount, *secret, Place(here, "secret"), "name", pod);
    }
}

/// A file cannot be a directory of another.
void check_paths(const FileMount& mount, const Place& place, const YamlNode& node) {
    for (const auto& [path, content] : mount.files)
        for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
            if (mount.files.contains(path.substr(0, slash)))
                refuse("bad_manifest", place, path + " lies in a file", &node);
}

// ---- scratch, claims ----

ScratchVolume lower_scratch(std::string name, const YamlNode* node, const Place& place,
                            const chain::Resources& bought) {
    ScratchVolume volume{std::move(name)};
    if (node == nullptr) return volume;  // without any source: Kubernetes' default
    volume.in_memory = text_of(node->find("medium")) == "Memory";
    const YamlNode* const limit = node->find("sizeLimit");
    if (limit == nullptr) return volume;
    const Place here(place, "sizeLimit");
    const auto size = parse_mebibytes(limit->text);
    if (!size) refuse("bad_manifest", here, size.error().message, limit);
    const std::uint64_t most = volume.in_memory ? bought.memory_mib : bought.storage_mib;
    if (*size > most)
        refuse("too_large", here,
               "asked for " + format_mebibytes(*size) + ", the order bought " + format_mebibytes(most) +
                   (volume.in_memory ? " of memory" : " of storage"),
               limit);
    volume.size_mib = *size;
    return volume;
}

Volume lower_claim_volume(const YamlNode& node, const Place& place, const PodContext& pod) {
    Volume volume{Volume::Kind::claim};
    volume.claim = text_of(node.find("claimName"));
    volume.read_only = flag_of(node.find("readOnly"), false);
    if (!pod.manifest.objects.claims.contains(volume.claim))
        refuse("bad_manifest", Place(place, "claimName"),
               "there is no PersistentVolumeClaim \"" + volume.claim + "\" in the manifest", &node);
    return volume;
}

Volume lower_volume(const YamlNode& node, const Place& place, const PodContext& pod, Workload& workload) {
    const YamlNode* const config_map = node.find("configMap");
    const YamlNode* const secret = node.find("secret");
    const YamlNode* const projected = node.find("projected");
    const YamlNode* const claim = node.find("persistentVolumeClaim");
    const YamlNode* const scratch = node.find("emptyDir");
    if ((config_map != nullptr) + (secret != nullptr) + (projected != nullptr) + (claim != nullptr) +
            (scratch != nullptr) >
        1)
        refuse("bad_manifest", place, "expected one source of the volume", &node);
    if (claim != nullptr) return lower_claim_volume(*claim, Place(place, "persistentVolumeClaim"), pod);
    if (config_map == nullptr && secret == nullptr && projected == nullptr) {
        workload.scratch.push_back(lower_scratch(text_of(node.find("name")), scratch,
                                                 Place(place, "emptyDir"), pod.manifest.limits.bought));
        return {};
    }
    Volume volume{Volume::Kind::files};
    const YamlNode& source = *(config_map != nullptr ? config_map : secret != nullptr ? secret : projected);
    volume.content.mode =
        static_cast<std::uint32_t>(number_of(source.find("defaultMode"), volume.content.mode));
    const Place here(place, config_map != nullptr ? "configMap" : secret != nullptr ? "secret" : "projected");
    if (config_map != nullptr)
        add_config_map(volume.content, source, here, pod);
    else if (secret != nullptr)
        add_secret(volume.content, source, here, "secretName", pod);
    else
        add_projected(volume.content, source, here, pod);
    check_paths(volume.content, here, node);
    return volume;
}

// ---- mounts ----

/// Without double and final slashes.
std::string plain_path(std::string_view path) {
    std::string plain;
    for (const char c : path)
        if (c != '/' || plain.empty() || plain.back() != '/') plain += c;
    if (plain.size() > 1 && plain.back() == '/') plain.pop_back();
    return plain;
}

/// Directories in which the runtime itself keeps order.
bool reserved_directory(std::string_view path) {
    if (path == "/" || path == "/dev") return true;
    if (path.starts_with("/dev/")) return path != "/dev/shm";
    return path == "/proc" || path.starts_with("/proc/") || path == "/sys" || path.starts_with("/sys/");
}

/// The part of a file volume that `sub_path` names: one file, or the files below a directory.
FileMount part_of(const FileMount& content, const std::string& sub_path, const Place& place,
                  const YamlNode& node) {
    FileMount part = content;
    part.files.clear();
    part.modes.clear();
    const auto add = [&](const std::string& from, const std::string& to) {
        part.files[to] = content.files.at(from);
        if (const auto mode = content.modes.find(from); mode != content.modes.end())
            part.modes[to] = mode->second;
    };
    if (content.files.contains(sub_path)) {
        const auto slash = sub_path.rfind('/');
        add(sub_path, slash == std::string::npos ? sub_path : sub_path.substr(slash + 1));
        part.single = true;
        return part;
    }
    for (const auto& [path, text] : content.files)
        if (path.starts_with(sub_path + "/")) add(path, path.substr(sub_path.size() + 1));
    if (part.files.empty())
        refuse("bad_manifest", place, "there is no file \"" + sub_path + "\" in the volume", &node);
    return part;
}

}  // namespace

void lower_volumes(PodContext& pod, const Place& place, Workload& workload) {
    for (const Claim& claim : workload.claim_templates)
        pod.volumes.emplace(claim.name, Volume{Volume::Kind::claim, {}, claim.name});
    const Place all(place, "volumes");
    std::size_t index = 0;
    for (const YamlNode& node : elements_of(pod.spec.find("volumes"))) {
        const Place here(all, index++);
        const std::string name = text_of(node.find("name"));
        if (!pod.volumes.emplace(name, lower_volume(node, here, pod, workload)).second)
            refuse("bad_manifest", here, "the volume \"" + name + "\" stands here twice", &node);
    }
}

void lower_mounts(const YamlNode& node, const Place& place, const PodContext& pod, Container& container) {
    const Place all(place, "volumeMounts");
    std::set<std::string> directories;
    std::size_t index = 0;
    for (const YamlNode& mount : elements_of(node.find("volumeMounts"))) {
        const Place here(all, index++);
        const std::string name = text_of(mount.find("name"));
        const std::string directory = plain_path(text_of(mount.find("mountPath")));
        const std::string sub_path = text_of(mount.find("subPath"));
        const auto found = pod.volumes.find(name);
        if (found == pod.volumes.end())
            refuse("bad_manifest", Place(here, "name"), "there is no volume \"" + name + "\" in this pod",
                   &mount);
        if (reserved_directory(directory))
            refuse("policy", Place(here, "mountPath"), directory + " is not allowed", &mount);
        if (!directories.insert(directory).second)
            refuse("bad_manifest", Place(here, "mountPath"), directory + " is mounted twice", &mount);
        const Volume& volume = found->second;
        const bool read_only = flag_of(mount.find("readOnly"), false);
        if (volume.kind == Volume::Kind::scratch) {
            container.scratch.push_back({name, directory, read_only, sub_path});
        } else if (volume.kind == Volume::Kind::claim) {
            container.claims.push_back({volume.claim, directory, read_only || volume.read_only, sub_path});
        } else {
            FileMount shown = sub_path.empty()
                                  ? volume.content
                                  : part_of(volume.content, sub_path, Place(here, "subPath"), mount);
            std::size_t bytes = 0;
            for (const auto& [file, content] : shown.files) bytes += file.size() + content.size();
            pod.manifest.budget.take(bytes, here);
            pod.manifest.budget.take_files(shown.files.size(), here);
            shown.directory = directory;
            container.files.push_back(std::move(shown));
        }
    }
}

}  // namespace grid::lease

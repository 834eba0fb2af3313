#pragma once

#include <map>
#include <string>
#include <vector>

#include "lease/config_objects.hpp"
#include "lease/resource_share.hpp"

namespace grid::lease {

/// How much text and how many files the lowered model may hold beyond what was written: a small ConfigMap in
/// many mounts, variables that repeat variables.
class TextBudget {
public:
    TextBudget(std::size_t bytes, std::size_t files) : left_(bytes), files_left_(files) {}
    std::size_t left() const { return left_; }
    /// Both throw Refusal (`too_large`).
    void take(std::size_t bytes, const Place& place);
    void take_files(std::size_t count, const Place& place);

private:
    std::size_t left_;
    std::size_t files_left_;
};

/// What a whole manifest is lowered with.
struct ManifestContext {
    const ConfigObjects& objects;
    const ManifestLimits& limits;
    TextBudget& budget;
};

/// A volume of a pod.
struct Volume {
    enum class Kind : std::uint8_t { files, scratch, claim };
    Kind kind = Kind::scratch;
    FileMount content{};     ///< files, without a directory
    std::string claim{};     ///< name of the claim or claim template
    bool read_only = false;  ///< claim
};

/// What every container of one pod is lowered with.
struct PodContext {
    const ManifestContext& manifest;
    const YamlNode& spec;
    const Labels& labels;
    std::map<std::string, Volume> volumes{};
};

/// TCP unless it says UDP.
Protocol protocol_of(const YamlNode& port);

/// The number of a port that a probe or a service names, among these containers; throws Refusal when there is
/// none.
std::uint16_t resolve_port(const YamlNode& port_or_name, const std::vector<Container>& containers,
                           const Place& place);

}  // namespace grid::lease

#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/exec_session.hpp"
#include "adapters/podman/api.hpp"
#include "messages/data.hpp"

namespace grid::adapters::podman {

/// Over the connection that podman hands over for a command: its output comes framed (without a terminal) or
/// raw (with one), its input goes as it is.
class PodmanExec final : public ExecSession {
public:
    /// Codes: not_running, not_found (the program), podman_error, cluster_unavailable.
    static Result<std::shared_ptr<ExecSession>> start(const PodmanApi& api, const std::string& socket,
                                                      const std::string& container,
                                                      const messages::ExecRequest& request);
    ~PodmanExec() override;
    PodmanExec(const PodmanExec&) = delete;
    PodmanExec& operator=(const PodmanExec&) = delete;

    Piece read(milliseconds limit) override;
    bool write(std::string_view bytes) override;
    void finish() override;
    void resize(std::uint16_t columns, std::uint16_t rows) override;
    void abandon() override;
    bool abandoned() const override { return abandoned_; }
    Result<int> exit_code() override;
    /// Asks it to end (hang-up or termination), then kills it.
    void end_command() override;

private:
    PodmanExec(const PodmanApi& api, std::string container, std::string id, bool tty);
    Result<void> open(const std::string& socket, const messages::ExecRequest& request);

    const PodmanApi& api_;
    const std::string container_;
    const std::string id_;
    const bool tty_;
    std::atomic<bool> abandoned_{false};
    int socket_ = -1;
    std::string pending_;  ///< read and not yet taken apart
    bool ended_ = false;
};

}  // namespace grid::adapters::podman

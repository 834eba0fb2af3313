#include "adapters/kubernetes/stop.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

namespace grid::adapters::kubernetes {

Stop::Stop(Stop& parent) : parent_(&parent) {
    const std::lock_guard lock(parent.mutex_);
    parent.children_.insert(this);
    stopped_ = parent.stopped_;
}

Stop::~Stop() {
    if (parent_ == nullptr) return;
    const std::lock_guard lock(parent_->mutex_);
    parent_->children_.erase(this);
}

void Stop::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    for (auto* child : children_) child->stop();
    wakes_.notify_all();
}

bool Stop::stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
}

bool Stop::sleep(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wakes_.wait_for(lock, time, [this] { return stopped_; });
}

bool Stop::sleep_about(std::chrono::milliseconds time) {
    thread_local std::minstd_rand random(std::random_device{}());
    std::uniform_real_distribution<double> share(0.75, 1.25);
    return sleep(std::chrono::ceil<std::chrono::milliseconds>(time * share(random)));
}

Stop::Socket::Socket(Stop* stop, int socket)
    : stop_(stop), socket_(stop == nullptr ? -1 : ::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
    if (socket_ < 0) return;
    const std::lock_guard lock(stop_->mutex_);
    stop_->sockets_.insert(socket_);
    if (stop_->stopped_) ::shutdown(socket_, SHUT_RDWR);
}

Stop::Socket::~Socket() {
    if (socket_ < 0) return;
    {
        const std::lock_guard lock(stop_->mutex_);
        stop_->sockets_.erase(socket_);
    }
    ::close(socket_);
}

}  // namespace grid::adapters::kubernetes

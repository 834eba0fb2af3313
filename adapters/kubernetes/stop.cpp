#include "adapters/kubernetes/stop.hpp"

#include <sys/socket.h>

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

Stop::Socket::Socket(Stop* stop, int socket) : stop_(stop), socket_(socket) {
    if (stop_ == nullptr) return;
    const std::lock_guard lock(stop_->mutex_);
    stop_->sockets_.insert(socket_);
    if (stop_->stopped_) ::shutdown(socket_, SHUT_RDWR);
}

Stop::Socket::~Socket() {
    if (stop_ == nullptr) return;
    const std::lock_guard lock(stop_->mutex_);
    stop_->sockets_.erase(stop_->sockets_.find(socket_));
}

}  // namespace grid::adapters::kubernetes

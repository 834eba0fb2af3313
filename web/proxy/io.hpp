#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

// g++ 12 takes the frame allocator of Asio's coroutines for a mismatch once it is inlined (false alarm).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

/// The Asio types of the engine, all bound to the plain executor of an io_context, which spares a type
/// erasure.
namespace grid::web::proxy {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Executor = asio::io_context::executor_type;
template <class T>
using Task = asio::awaitable<T, Executor>;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using ErrorCode = boost::system::error_code;

/// Completion token: co_await gives a tuple that starts with the error code.
inline constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable_t<Executor>{});

/// Buffers of one size for bytes in flight; kept by the thread, so that idle connections have none.
class BlockPool {
public:
    static constexpr std::size_t kBlockSize = 64 * 1024;
    using Block = std::unique_ptr<char[]>;

    Block take() {
        if (free_.empty()) return Block(new char[kBlockSize]);
        Block block = std::move(free_.back());
        free_.pop_back();
        return block;
    }
    void give(Block block) {
        if (free_.size() < kKept) free_.push_back(std::move(block));
    }

private:
    static constexpr std::size_t kKept = 256;
    std::vector<Block> free_;
};

/// A block that goes back to its pool.
class HeldBlock {
public:
    explicit HeldBlock(BlockPool& pool) : pool_(pool), block_(pool.take()) {}
    ~HeldBlock() { pool_.give(std::move(block_)); }
    HeldBlock(const HeldBlock&) = delete;
    HeldBlock& operator=(const HeldBlock&) = delete;
    char* data() noexcept { return block_.get(); }
    static constexpr std::size_t size() noexcept { return BlockPool::kBlockSize; }

private:
    BlockPool& pool_;
    BlockPool::Block block_;
};

/// Bytes that came and are not used yet; grows on demand.
class InBuffer {
public:
    std::string_view view() const noexcept { return {data_.data() + begin_, end_ - begin_}; }
    std::size_t size() const noexcept { return end_ - begin_; }
    void consume(std::size_t n) noexcept {
        begin_ += n;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    /// Room for the next read, at least a quarter of the buffer. Invalidates views.
    asio::mutable_buffer prepare() {
        if (begin_ > 0) {
            std::copy(data_.begin() + static_cast<std::ptrdiff_t>(begin_),
                      data_.begin() + static_cast<std::ptrdiff_t>(end_), data_.begin());
            end_ -= begin_;
            begin_ = 0;
        }
        if (data_.size() < kStart) data_.resize(kStart);
        if (data_.size() - end_ < data_.size() / 4) data_.resize(data_.size() * 2);
        return asio::buffer(data_.data() + end_, data_.size() - end_);
    }
    void commit(std::size_t n) noexcept { end_ += n; }
    void append(std::string_view bytes) {
        data_.resize(end_);
        data_.insert(data_.end(), bytes.begin(), bytes.end());
        end_ = data_.size();
    }
    /// Gives memory back that a large head or body needed.
    void shrink() {
        if (size() == 0 && data_.size() > kStart) {
            data_ = std::vector<char>(kStart);
            begin_ = end_ = 0;
        }
    }

private:
    static constexpr std::size_t kStart = 4096;
    std::vector<char> data_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// Sends two pieces one after the other, whole. The count of bytes that went out is in `written` also after
/// an error.
Task<ErrorCode> write_all(Socket& socket, std::string_view first, std::string_view second,
                          std::size_t& written);

}  // namespace grid::web::proxy

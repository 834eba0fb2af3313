#pragma once

#include <memory>
#include <optional>
#include <string>

#include "web/proxy/access.hpp"
#include "web/proxy/answers.hpp"
#include "web/proxy/framing.hpp"
#include "web/proxy/head.hpp"
#include "web/proxy/io.hpp"
#include "web/proxy/local_reply.hpp"
#include "web/proxy/rewrite.hpp"
#include "web/proxy/worker.hpp"

namespace grid::web::proxy {

/// One client's connection: request after request, answered locally or forwarded. Everything runs on the
/// worker's thread; the coroutines share the object by shared_ptr.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    /// `counted`: the address was entered into Shared::clients.
    Connection(Worker& worker, Socket client, std::string peer, bool counted);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    static Task<void> serve(std::shared_ptr<Connection> self);

    /// Called by the worker's coarse timer: cuts what took too long and what has lost its route.
    void sweep(Clock::time_point now, bool routes_changed);
    /// The client's descriptor while nobody reads from it but its leaving matters; else -1.
    int watched_descriptor();
    /// The client has shut down its side (it may still read).
    void client_half_closed(Clock::time_point now);
    /// Closes both sides at once; whatever waits ends with an error.
    void abort();
    /// The server stops: a WebSocket's client is told.
    void say_goodbye();
    /// A local reply has something new.
    void wake() { event_.cancel(); }

private:
    /// What is cut when the deadline passes.
    enum class Expire : std::uint8_t { client_read, upstream, wake, all };

    /// Where a request goes.
    struct Destination {
        enum class Kind : std::uint8_t { local, application, answered };
        Kind kind = Kind::local;
        std::shared_ptr<const lease::Route> route;
        std::string label;   ///< to look the route up again
        std::string target;  ///< path form: what to ask the application for
        std::string prefix;  ///< path form: /a/<lease>/<app>
        std::string host;    ///< lower case, no port
        std::uint16_t port = 0;
        OwnAnswer answer;  ///< when answered
    };

    /// A connection to an application.
    struct Upstream {
        Socket socket;
        Tcp::endpoint endpoint;
        bool reused = false;
    };

    /// What became of an attempt to get a response head.
    enum class Outcome : std::uint8_t { head, nothing, broken, slow, gone, bad };

    // connection.cpp: one head after the other, our own answers
    Task<bool> one_request();
    Task<bool> read_head();
    void begin_record();
    void end_record();
    void note_client();
    Task<bool> answer(OwnAnswer own);
    Task<void> refuse(unsigned status, const char* reason);
    Task<void> linger();
    Task<bool> send_to_client(std::string_view first, std::string_view second);
    void touch(std::chrono::milliseconds limit, Expire expire);
    Task<void> wait_event();

    // destination.cpp
    Destination destination();
    Destination path_destination(Destination to);

    // local_request.cpp: our own handler
    Task<bool> serve_local(Destination to);
    Task<bool> read_local_body(std::string& body);
    LocalRequest local_request(Destination& to);
    Task<bool> send_local(ReplyState& state);

    // web_socket.cpp: a local request that became a WebSocket
    struct Frames;
    Task<bool> serve_web_socket(WebSocketUpgrade upgrade);
    static Task<void> send_frames(std::shared_ptr<Connection> self, std::shared_ptr<Frames> frames);
    void give_up_frames();

    // forward.cpp: who gets to an application
    Task<bool> forward(Destination to);
    std::optional<OwnAnswer> refusal(const lease::Route& route, const Access& access,
                                     const std::string& label) const;

    // exchange.cpp: one request to an application
    Task<bool> exchange(const Destination& to);
    Task<Outcome> connect_upstream(const lease::Route& route, bool fresh);
    Task<Outcome> connect_fresh(const Tcp::endpoint& endpoint);
    Task<Outcome> send_request(bool& untouched);
    Task<bool> finish_exchange(bool complete, bool leftover);
    Task<bool> failed(Outcome outcome);
    OwnAnswer failure(Outcome outcome) const;
    void close_upstream();

    // response.cpp
    Task<Outcome> read_response_head(char* block, std::size_t size, std::size_t& filled,
                                     std::size_t& head_size);
    Task<Outcome> read_final_head(char* block, std::size_t size, std::size_t& filled, std::size_t& head_size);
    Task<bool> relay_response(char* block, std::size_t filled, std::size_t head_size);
    void touch_response();
    std::chrono::milliseconds stream_idle() const;

    // upload.cpp: a request's body, beside the response
    bool take_body(const Framing::Step& step);
    static Task<void> upload(std::shared_ptr<Connection> self);
    Task<void> upload_body();
    Task<void> join_upload();

    // tunnel.cpp: after 101
    Task<bool> tunnel(std::string_view early);
    static Task<void> tunnel_up(std::shared_ptr<Connection> self);

    Worker& worker_;
    Shared& shared_;
    Socket client_;
    Timer event_;
    const std::string peer_;
    const bool counted_;

    InBuffer in_;
    HeadScanner scanner_;
    RequestHead head_;
    Framing request_framing_;
    std::string out_;

    // Of the request being served; views of head_ are not used after its first suspension.
    bool first_ = true;
    bool html_ = false;
    bool to_head_ = false;
    bool client_keeps_ = false;
    bool wants_upgrade_ = false;
    bool retriable_ = false;  ///< idempotent and without a body
    bool sandbox_ = false;
    bool no_referrer_ = false;
    bool answered_ = false;  ///< bytes of a final answer went to the client
    std::string own_host_;
    Clock::time_point started_;
    AccessRecord record_;

    std::shared_ptr<const lease::Route> route_;
    std::string route_label_;
    std::unique_ptr<Upstream> upstream_;
    ResponseHead response_;
    HeadScanner response_scanner_;
    Framing response_framing_;
    bool uploading_ = false;              ///< a second coroutine is at work
    std::uint64_t uploaded_ = 0;          ///< bytes of the body taken for the application
    const char* upload_error_ = nullptr;  ///< the client's body was bad
    unsigned upload_status_ = 400;

    Clock::time_point deadline_ = Clock::time_point::max();
    Expire expire_ = Expire::all;
    std::optional<Clock::time_point> half_closed_since_;
    bool expired_ = false;
    bool aborted_ = false;
    bool watching_ = false;
    std::weak_ptr<Frames> web_socket_;  ///< while one is open
    bool sending_ = false;              ///< a message is on its way to it
};

}  // namespace grid::web::proxy

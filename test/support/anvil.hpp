#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/chain_evm/address_book.hpp"
#include "runtime/http_client.hpp"

namespace grid::test {

/// A real anvil (from npm, where test/differential has it), on a port of the system's choice.
class Anvil {
public:
    static constexpr std::uint64_t kChainId = 31337;

    explicit Anvil(std::vector<std::string> arguments = {}, std::uint16_t port = 0) {
        start(std::move(arguments), port);
    }
    ~Anvil() { stop(SIGKILL); }
    Anvil(const Anvil&) = delete;

    /// With SIGTERM it writes its state file first.
    void stop(int signal) {
        if (process_ <= 0) return;
        ::kill(process_, signal);
        int status = 0;
        ::waitpid(process_, &status, 0);
        process_ = -1;
    }
    void start(std::vector<std::string> arguments, std::uint16_t port) {
        const std::string program = std::string(GRID_SOURCE_DIR) +
                                    "/test/differential/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";
        arguments.insert(arguments.begin(),
                         {program, "--port", std::to_string(port), "--chain-id", std::to_string(kChainId),
                          "--hardfork", "cancun", "--order", "fifo"});
        int out[2];
        if (::pipe(out) != 0) throw std::runtime_error("no pipe");
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(out[1], STDOUT_FILENO);
            ::close(out[0]);
            ::close(out[1]);
            std::vector<char*> argv;
            for (auto& argument : arguments) argv.push_back(argument.data());
            argv.push_back(nullptr);
            ::execv(program.c_str(), argv.data());
            ::_exit(127);
        }
        ::close(out[1]);
        std::string said;
        char c;
        const std::string mark = "Listening on 127.0.0.1:";
        while (port_ == 0 && ::read(out[0], &c, 1) == 1) {
            said += c;
            const auto at = said.find(mark);
            if (c == '\n' && at != std::string::npos)
                port_ = static_cast<std::uint16_t>(std::stoul(said.substr(at + mark.size())));
        }
        output_ = out[0];  // stays open, or anvil ends when it prints
        if (port_ == 0)
            throw std::runtime_error("anvil does not start (npm ci in test/differential?): " + said);
        request("anvil_setLoggingEnabled", "[false]");
    }
    void restart(std::vector<std::string> arguments) {
        const auto port = port_;
        stop(SIGTERM);
        ::close(output_);
        port_ = 0;
        start(std::move(arguments), port);
    }

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    /// The whole reply, of any request.
    Result<runtime::HttpResponse> post(const std::string& body) const {
        return runtime::HttpClient(runtime::TcpSocket{"127.0.0.1", port_})
            .request({"POST", "/", {{"Content-Type", "application/json"}}, body},
                     std::chrono::steady_clock::now() + std::chrono::seconds(30));
    }
    /// The result as JSON; an error of anvil's is an exception.
    std::string request(const std::string& method, const std::string& params = "[]") const {
        const auto answer =
            post(R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}");
        if (!answer) throw std::runtime_error(method + ": " + answer.error().message);
        rapidjson::Document reply;
        reply.Parse(answer->body.c_str());
        if (!reply.IsObject() || !reply.HasMember("result"))
            throw std::runtime_error(method + ": " + answer->body);
        rapidjson::StringBuffer buffer;
        rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
        reply["result"].Accept(writer);
        return buffer.GetString();
    }
    std::uint64_t height() const { return std::stoull(request("eth_blockNumber").substr(3), nullptr, 16); }
    void mine(std::uint64_t blocks = 1) const { request("anvil_mine", "[\"0x" + hex(blocks) + "\"]"); }

    /// The contracts of chain/solidity, with the genesis of the differential test: accounts 0 to 9 of the
    /// development mnemonic have a million tokens each.
    adapters::evm::AddressBook deploy() const {
        const std::string command =
            "node " GRID_SOURCE_DIR "/test/differential/deploy.mjs " + url() + " 2>&1";
        std::FILE* pipe = ::popen(command.c_str(), "r");
        std::string text;
        std::array<char, 4096> piece;
        while (const auto n = std::fread(piece.data(), 1, piece.size(), pipe)) text.append(piece.data(), n);
        const int status = ::pclose(pipe);
        const auto book = adapters::evm::parse_address_book(text, "the deployment");
        if (status != 0 || !book) throw std::runtime_error("the contracts could not be deployed: " + text);
        return *book;
    }

private:
    static std::string hex(std::uint64_t number) {
        std::array<char, 32> text;
        std::snprintf(text.data(), text.size(), "%llx", static_cast<unsigned long long>(number));
        return text.data();
    }
    pid_t process_ = -1;
    int output_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace grid::test

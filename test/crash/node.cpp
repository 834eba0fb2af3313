#include "crash/node.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace grid::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto kAnswer = 60s;
constexpr auto kReady = 120s;

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::vector<NodeClient::Answer> NodeClient::batch(const std::vector<Request>& requests) const {
    std::string body;
    for (std::size_t i = 0; i < requests.size(); ++i)
        body += (i == 0 ? "[" : ",") + std::string(R"({"jsonrpc":"2.0","id":)") + std::to_string(i) +
                R"(,"method":")" + requests[i].method + R"(","params":)" + requests[i].parameters + "}";
    const auto reply = http_.request({"POST", "/rpc", {{"Content-Type", "application/json"}}, body + "]"},
                                     std::chrono::steady_clock::now() + kAnswer, 64u << 20);
    if (!reply || reply->status != 200) return {};
    rapidjson::Document all;
    all.Parse(reply->body.data(), reply->body.size());
    if (all.HasParseError() || !all.IsArray() || all.Size() != requests.size()) return {};
    std::vector<Answer> answers(requests.size());
    for (const auto& one : all.GetArray()) {
        Answer& answer = answers.at(one["id"].GetUint64());
        answer.good = one.HasMember("result");
        if (answer.good)
            answer.result.CopyFrom(one["result"], answer.result.GetAllocator());
        else
            answer.error = one["error"]["message"].GetString();
    }
    return answers;
}

std::optional<rapidjson::Document> NodeClient::get(const std::string& path) const {
    const auto reply = http_.request({"GET", path, {}, {}}, std::chrono::steady_clock::now() + kAnswer);
    if (!reply || reply->status != 200) return std::nullopt;
    rapidjson::Document document;
    document.Parse(reply->body.data(), reply->body.size());
    if (document.HasParseError()) return std::nullopt;
    return document;
}

NodeUnderTest::NodeUnderTest(std::string directory, Shim shim)
    : directory_(std::move(directory)), shim_(shim) {
    std::ofstream(directory_ + "/gridd.yaml")
        << "data: " << data()
        << "\nroles: [ledger, platform]\n"
           "chain:\n  flush_bytes: 131072\n  fee_bp: 1000\n  profit_bp: 500\n"
           "  pledge:\n    epoch: 1s\n"
           "platform:\n  listen: 127.0.0.1:0\n";
}

NodeUnderTest::~NodeUnderTest() {
    if (pid_ > 0) kill();
}

void NodeUnderTest::spawn() {
    const std::string config = directory_ + "/gridd.yaml";
    const std::string log_file = directory_ + "/gridd.log";
    std::vector<std::string> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
    if (shim_ != Shim::none) {
        environment.push_back("LD_PRELOAD=" GRID_UNSYNCED_SHIM);
        environment.push_back("GRID_SHIM_WATCH=" + data() + "/");
        environment.push_back("GRID_SHIM_JOURNAL=" + journal());
        environment.push_back("GRID_SHIM_FULL=" + directory_ + "/full");
        if (shim_ == Shim::lies) environment.push_back("GRID_SHIM_LIE=1");
        // The sanitizers' runtime wants to be the first library; it may be the second.
        const char* options = std::getenv("ASAN_OPTIONS");
        environment.push_back("ASAN_OPTIONS=" + std::string(options == nullptr ? "" : options) +
                              ":verify_asan_link_order=0");
    }
    std::vector<char*> pointers;
    for (std::string& entry : environment) pointers.push_back(entry.data());
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ == 0) {
        const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(log, 1);
        ::dup2(log, 2);
        ::execle(GRID_GRIDD, "gridd", "--config", config.c_str(), static_cast<char*>(nullptr),
                 pointers.data());
        ::_exit(127);
    }
}

/// A node.json of this process: one of an earlier run may still lie there.
bool NodeUnderTest::announced() {
    rapidjson::Document node;
    const std::string text = content(data() + "/node.json");
    node.Parse(text.data(), text.size());
    if (node.HasParseError() || !node.IsObject() || node["pid"].GetInt() != pid_) return false;
    const std::string url = node["platform"].GetString();
    port_ = static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
    return true;
}

void NodeUnderTest::wait_ready() {
    const auto end = std::chrono::steady_clock::now() + kReady;
    while (!announced()) {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            throw std::runtime_error("the node did not start:\n" + log());
        }
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the node hangs:\n" + log());
        std::this_thread::sleep_for(2ms);
    }
}

void NodeUnderTest::kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

int NodeUnderTest::stop() {
    int status = 0;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void NodeUnderTest::fill_disk(bool full) const {
    if (full)
        std::ofstream(directory_ + "/full") << "full\n";
    else
        fs::remove(directory_ + "/full");
}

std::string NodeUnderTest::log() const {
    const std::string all = content(directory_ + "/gridd.log");
    return all.substr(all.size() > 4000 ? all.size() - 4000 : 0);
}

}  // namespace grid::test
